//! FilterLogEvents: slower, but it serves where Logs Insights does not (its 30 concurrent queries are used up, or the
//! account has no access to it).

use anyhow::Context as _;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::Timestamp;
use nightjar_domain::evidence::LogLine;

use crate::search::{Found, Search};

/// Pages read of one group; a page holds up to 10,000 events or 1 MB. The API allows 5 to 10 calls a second.
const PAGES: usize = 5;

/// Reads the events of every group, oldest first, up to the search's limit. It does not filter: its patterns know no
/// alternatives of this kind, and the comparison wants ordinary lines too.
pub(crate) async fn run(client: &Client, search: &Search) -> anyhow::Result<Found> {
    let mut lines = Vec::new();
    let mut gaps = Vec::new();
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
            lines.extend(page.events().iter().filter_map(|event| line(event, group)));
            read += 1;
            if (read == PAGES || lines.len() >= search.limit as usize) && page.next_token().is_some() {
                gaps.push(search.gap(format!("only the first {} events of {group} were read", lines.len())));
                break;
            }
        }
    }
    Ok(Found { search: Some(search.told(0, lines.len())), lines, cut: false, gaps })
}

fn line(event: &FilteredLogEvent, group: &str) -> Option<LogLine> {
    Some(LogLine {
        at: Timestamp::from_millisecond(event.timestamp()?).ok()?,
        group: group.to_owned(),
        stream: event.log_stream_name().unwrap_or_default().to_owned(),
        message: event.message()?.to_owned(),
    })
}
