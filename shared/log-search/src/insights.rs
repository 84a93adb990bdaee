//! Logs Insights: filters on the server, reads several groups at once.

use std::time::Duration;

use anyhow::{Context as _, bail};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nightjar_domain::evidence::LogLine;

use crate::search::{Found, Search};

/// Log groups of one query (Logs Insights' quota).
pub(crate) const MAX_GROUPS: usize = 50;
/// Between two looks at a running query.
const POLL: Duration = Duration::from_millis(200);

/// Runs the query until its end, or until it has scanned more than `max_bytes`; the caller's deadline ends the waiting.
pub(crate) async fn run(client: &Client, search: &Search, max_bytes: u64) -> anyhow::Result<Found> {
    let started = client
        .start_query()
        .set_log_group_names(Some(search.groups.clone()))
        .start_time(search.from.as_second())
        .end_time(search.until.as_second())
        .query_string(search.query())
        .send()
        .await
        .context("StartQuery")?;
    let id = started.query_id().context("StartQuery answered without a query id")?;
    let (results, stopped) = wait(client, id, max_bytes).await?;
    let lines: Vec<LogLine> = results.results().iter().filter_map(|row| line(row, search)).collect();
    let scanned = scanned(&results);
    let gaps = if stopped {
        vec![search.gap(format!(
            "the search was stopped after {} MB: LOG_SCAN_LIMIT_MB keeps its cost down",
            scanned / 1_000_000
        ))]
    } else {
        Vec::new()
    };
    Ok(Found {
        search: Some(search.told(scanned, lines.len())),
        cut: lines.len() >= search.limit as usize,
        lines,
        gaps,
    })
}

/// The results, and whether the query was stopped for its cost.
async fn wait(client: &Client, id: &str, max_bytes: u64) -> anyhow::Result<(GetQueryResultsOutput, bool)> {
    loop {
        let results = client.get_query_results().query_id(id).send().await.context("GetQueryResults")?;
        match results.status() {
            Some(QueryStatus::Complete) => return Ok((results, false)),
            Some(QueryStatus::Scheduled | QueryStatus::Running) | None if scanned(&results) > max_bytes => {
                client.stop_query().query_id(id).send().await.context("StopQuery")?;
                return Ok((results, true));
            }
            Some(QueryStatus::Scheduled | QueryStatus::Running) | None => tokio::time::sleep(POLL).await,
            Some(other) => bail!("the Logs Insights query ended as {other}"),
        }
    }
}

fn scanned(results: &GetQueryResultsOutput) -> u64 {
    results.statistics().map_or(0, |statistics| statistics.bytes_scanned() as u64)
}

fn line(row: &[ResultField], search: &Search) -> Option<LogLine> {
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
