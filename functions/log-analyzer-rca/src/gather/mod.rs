//! Reads the logs around an anomaly. What cannot be read becomes a named gap, never a failure: an incident with half
//! its evidence is worth more than none.

mod filter;
mod insights;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::LogSignals;
use nightjar_domain::evidence::{Gap, LogEvidence, LogLine, LogSearch};
use nightjar_domain::resource::{LogSource, Resource};

/// All of the gathering ends within this.
const DEADLINE: Duration = Duration::from_secs(20);
/// Logs are written a little after what they tell of.
const AFTERMATH: SignedDuration = SignedDuration::from_mins(2);

/// The span of a search, and whose streams it reads.
#[derive(Debug, Clone)]
struct Search<'a> {
    groups: Vec<String>,
    stream_prefix: Option<String>,
    from: Timestamp,
    until: Timestamp,
    signals: &'a LogSignals,
}

/// What one search brought.
#[derive(Debug, Default)]
struct Found {
    search: Option<LogSearch>,
    lines: Vec<LogLine>,
    gap: Option<Gap>,
}

impl Search<'_> {
    fn gap(&self, reason: impl Into<String>) -> Gap {
        Gap { source: format!("logs of {}", self.groups.join(", ")), reason: reason.into() }
    }
}

/// Searches the log groups of `resource` from `before` the anomaly's window to shortly after it.
pub async fn logs(
    client: &aws_sdk_cloudwatchlogs::Client,
    anomaly: &Anomaly,
    resource: Option<&Resource>,
    signals: &LogSignals,
    before: SignedDuration,
    now: Timestamp,
) -> LogEvidence {
    let mut evidence = LogEvidence::default();
    let sources = match resource {
        None => {
            evidence.gaps.push(Gap {
                source: format!("inventory of {}", anomaly.resource.id),
                reason: "the resource is no longer in the inventory, so its log groups are unknown".to_owned(),
            });
            return evidence;
        }
        Some(resource) => &resource.log_sources,
    };
    if sources.is_empty() {
        evidence.gaps.push(Gap {
            source: format!("logs of {}", anomaly.resource.id),
            reason: "no log group is known: name them in the log-groups tag".to_owned(),
        });
    }
    let from = anomaly.window_start - before;
    let until = (anomaly.window_end + AFTERMATH).min(now);
    let searches = searches(sources, from, until, signals);
    for found in futures::future::join_all(searches.iter().map(|search| within_deadline(client, search))).await {
        evidence.searches.extend(found.search);
        evidence.lines.extend(found.lines);
        evidence.gaps.extend(found.gap);
    }
    evidence
}

/// One search for all groups that are read alike: Logs Insights takes up to 50 groups a query, and bills by bytes.
fn searches<'a>(sources: &[LogSource], from: Timestamp, until: Timestamp, signals: &'a LogSignals) -> Vec<Search<'a>> {
    let mut by_prefix: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
    for source in sources {
        by_prefix.entry(source.stream_prefix.clone()).or_default().push(source.group.clone());
    }
    by_prefix
        .into_iter()
        .flat_map(|(stream_prefix, groups)| {
            let chunks: Vec<Vec<String>> = groups.chunks(insights::MAX_GROUPS).map(<[String]>::to_vec).collect();
            chunks.into_iter().map(move |groups| Search {
                groups,
                stream_prefix: stream_prefix.clone(),
                from,
                until,
                signals,
            })
        })
        .collect()
}

async fn within_deadline(client: &aws_sdk_cloudwatchlogs::Client, search: &Search<'_>) -> Found {
    match tokio::time::timeout(DEADLINE, search_logs(client, search)).await {
        Ok(found) => found,
        Err(_) => {
            Found { gap: Some(search.gap(format!("no result within {} s", DEADLINE.as_secs()))), ..Found::default() }
        }
    }
}

/// Logs Insights first; where it cannot serve, the events themselves.
async fn search_logs(client: &aws_sdk_cloudwatchlogs::Client, search: &Search<'_>) -> Found {
    match insights::run(client, search).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), groups = ?search.groups, "Logs Insights cannot serve");
            match filter::run(client, search).await {
                Ok(found) => found,
                Err(error) => Found { gap: Some(search.gap(format!("{error:#}"))), ..Found::default() },
            }
        }
    }
}
