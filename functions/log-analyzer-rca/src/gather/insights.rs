//! Logs Insights: filters on the server, reads several groups at once.

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nightjar_domain::evidence::{LogLine, LogSearch};

use super::{Found, Search};

/// Log groups of one query.
pub(super) const MAX_GROUPS: usize = 50;
/// Events of one query, newest first.
const LIMIT: u32 = 1000;
/// Between two looks at a running query.
const POLL: Duration = Duration::from_millis(250);

/// Runs the query and waits for its end; the caller's deadline ends the waiting.
pub(super) async fn run(client: &Client, search: &Search<'_>) -> anyhow::Result<Found> {
    let query = search.signals.insights_query(search.stream_prefix.as_deref(), LIMIT);
    let started = client
        .start_query()
        .set_log_group_names(Some(search.groups.clone()))
        .start_time(search.from.as_second())
        .end_time(search.until.as_second())
        .query_string(&query)
        .send()
        .await
        .context("StartQuery")?;
    let id = started.query_id().context("StartQuery answered without a query id")?;
    let results = wait(client, id).await?;
    let lines: Vec<LogLine> = results.results().iter().filter_map(|row| line(row, search)).collect();
    let gap = (lines.len() >= LIMIT as usize)
        .then(|| search.gap(format!("only the newest {LIMIT} matching events were read")));
    let statistics = results.statistics();
    Ok(Found {
        search: Some(LogSearch {
            log_groups: search.groups.clone(),
            from: search.from,
            until: search.until,
            query,
            bytes_scanned: statistics.map_or(0, |statistics| statistics.bytes_scanned() as u64),
            matched: lines.len() as u64,
        }),
        lines,
        gap,
    })
}

async fn wait(client: &Client, id: &str) -> anyhow::Result<GetQueryResultsOutput> {
    loop {
        let results = client.get_query_results().query_id(id).send().await.context("GetQueryResults")?;
        match results.status() {
            Some(QueryStatus::Complete) => return Ok(results),
            Some(QueryStatus::Scheduled | QueryStatus::Running) | None => tokio::time::sleep(POLL).await,
            Some(other) => bail!("the Logs Insights query ended as {other}"),
        }
    }
}

fn line(row: &[ResultField], search: &Search<'_>) -> Option<LogLine> {
    let field = |name: &str| row.iter().find(|field| field.field() == Some(name)).and_then(ResultField::value);
    // `@log` is `account:group`; without it the group is certain only where there is one.
    let group = field("@log")
        .map(|log| log.split_once(':').map_or(log, |(_, group)| group))
        .or_else(|| search.groups.first().map(String::as_str))?;
    Some(LogLine {
        at: timestamp(field("@timestamp")?)?,
        group: group.to_owned(),
        stream: field("@logStream").unwrap_or_default().to_owned(),
        message: field("@message")?.to_owned(),
    })
}

/// Logs Insights writes `2026-11-21 10:00:00.000`, in UTC.
fn timestamp(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_row_is_utc() {
        assert_eq!(timestamp("2026-11-21 10:00:00.500"), "2026-11-21T10:00:00.5Z".parse().ok());
        assert_eq!(timestamp("soon"), None);
    }
}
