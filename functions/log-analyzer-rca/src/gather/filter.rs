//! FilterLogEvents: slower and unfiltered, but it serves where Logs Insights does not (its 30 concurrent queries are
//! used up, or the account has no access to it).

use anyhow::Context as _;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;
use nightjar_domain::evidence::{LogLine, LogSearch};

use super::{Found, Search};

/// Pages read of one group; a page holds up to 10,000 events or 1 MB. The API allows 5 to 10 calls a second.
const PAGES: usize = 5;

/// Reads the events of every group and keeps those that a signal matches.
pub(super) async fn run(client: &Client, search: &Search<'_>) -> anyhow::Result<Found> {
    let mut lines = Vec::new();
    let mut cut = Vec::new();
    for group in &search.groups {
        let mut pages = client
            .filter_log_events()
            .log_group_name(group)
            .set_log_stream_name_prefix(search.stream_prefix.clone())
            .start_time(search.from.as_millisecond())
            .end_time(search.until.as_millisecond())
            .into_paginator()
            .send();
        let mut read = 0;
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| format!("FilterLogEvents of {group}"))?;
            let matching = page.events().iter().filter_map(|event| line(event, group));
            lines.extend(matching.filter(|line| search.signals.classify(&line.message).is_some()));
            read += 1;
            if read == PAGES && page.next_token().is_some() {
                cut.push(group.as_str());
                break;
            }
        }
    }
    let gap =
        (!cut.is_empty()).then(|| search.gap(format!("only the first {PAGES} pages of {} were read", cut.join(", "))));
    Ok(Found {
        search: Some(LogSearch {
            log_groups: search.groups.clone(),
            from: search.from,
            until: search.until,
            query: search.signals.insights_query(search.stream_prefix.as_deref(), 1000),
            bytes_scanned: 0,
            matched: lines.len() as u64,
        }),
        lines,
        gap,
    })
}

fn line(event: &FilteredLogEvent, group: &str) -> Option<LogLine> {
    Some(LogLine {
        at: Timestamp::from_millisecond(event.timestamp()?).ok()?,
        group: group.to_owned(),
        stream: event.log_stream_name().unwrap_or_default().to_owned(),
        message: event.message()?.to_owned(),
    })
}
