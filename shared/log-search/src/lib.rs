//! Lines of log groups, for whoever asks: the diagnosis of an incident, the log watch, the verification of a repair.
//!
//! Logs Insights serves several groups at once; where it cannot, each group is read for itself, and at last by FilterLogEvents.
//! What could not be read is a named gap, never a failure.

mod filter;
mod insights;
mod search;

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use futures::future::join_all;
pub use search::{Found, Search};

/// Serves `search`, and gives up after `deadline`, which is a gap. A query that has scanned more than `max_bytes` is stopped.
pub async fn within(client: &Client, search: &Search, max_bytes: u64, deadline: Duration) -> Found {
    tokio::time::timeout(deadline, served(client, search, max_bytes)).await.unwrap_or_else(|_| {
        let gap = search.gap(format!("no result within {} s", deadline.as_secs_f64()));
        Found { gaps: vec![gap], ..Found::default() }
    })
}

/// Logs Insights for all groups at once; where that is refused, each group for itself, so that one that is denied costs
/// only its own lines; where Insights cannot serve at all, the events themselves.
pub async fn served(client: &Client, search: &Search, max_bytes: u64) -> Found {
    match insights::run(client, search, max_bytes).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(error = explained(&error), groups = ?search.groups, "Logs Insights cannot serve");
            let singles: Vec<Search> =
                search.groups.iter().map(|group| Search { groups: vec![group.clone()], ..search.clone() }).collect();
            let several = search.groups.len() > 1;
            merged(join_all(singles.iter().map(|single| single_group(client, single, several, max_bytes))).await)
        }
    }
}

async fn single_group(client: &Client, search: &Search, try_insights: bool, max_bytes: u64) -> Found {
    if try_insights && let Ok(found) = insights::run(client, search, max_bytes).await {
        return found;
    }
    match filter::run(client, search).await {
        Ok(found) => found,
        Err(error) => Found { gaps: vec![search.gap(explained(&error))], ..Found::default() },
    }
}

fn merged(parts: Vec<Found>) -> Found {
    let mut all = Found::default();
    for part in parts {
        match (&mut all.search, part.search) {
            (Some(search), Some(next)) => {
                search.log_groups.extend(next.log_groups);
                search.bytes_scanned += next.bytes_scanned;
                search.matched += next.matched;
            }
            (none, search) => *none = none.take().or(search),
        }
        all.lines.extend(part.lines);
        all.cut |= part.cut;
        all.gaps.extend(part.gaps);
    }
    all
}

/// The chain of causes in one line, without what repeats.
pub fn explained(error: &anyhow::Error) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !told.iter().any(|before| before.contains(&text)) {
            told.push(text);
        }
    }
    told.join(": ")
}
