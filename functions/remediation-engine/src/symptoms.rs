//! The log lines of the incident, asked for again where the instance writes them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::evidence::Gap;
use nightjar_domain::remediation::{GOOD_PERIODS, Judgement, LogsAgain, Symptom, judge_logs, symptoms};
use nightjar_domain::resource::LogSource;
use nightjar_log_search::{Search, within};

use crate::context::Context;
use crate::handler::Case;

/// All of the reading ends within this; the function has a minute for all its runs.
const DEADLINE: Duration = Duration::from_secs(15);
/// Lines read of one search, the newest first. More of them are not fewer than before.
const LINES: u32 = 2000;

/// Judges by the same kinds of log lines as the finding named, over as long a time as the metric is looked at. What could not
/// be read is told, and counts for nothing.
pub async fn ask_again(
    context: &Context,
    case: &Case,
    since: Timestamp,
    settled_by: Timestamp,
    now: Timestamp,
) -> anyhow::Result<(Judgement, Vec<Gap>)> {
    let (wanted, mut gaps) = symptoms(&case.incident);
    if wanted.is_empty() {
        return Ok((Judgement::Healed, gaps));
    }
    let period = i64::from(case.incident.anomaly.metric.period_seconds.max(60));
    let from = since.max(now - SignedDuration::from_secs(period * GOOD_PERIODS as i64));
    let again = read(context, case, &wanted, from, now).await?;
    let judgement = judge_logs(&wanted, &again, settled_by, now);
    gaps.extend(again.gaps);
    Ok((judgement, gaps))
}

async fn read(
    context: &Context,
    case: &Case,
    wanted: &[Symptom],
    from: Timestamp,
    until: Timestamp,
) -> anyhow::Result<LogsAgain> {
    let length = until.duration_since(from);
    let groups: BTreeSet<&str> = wanted.iter().map(|symptom| symptom.group.as_str()).collect();
    // The inventory says which streams of a shared group are this instance's own.
    let known =
        context.inventory.get(&case.subject.arn).await?.map(|resource| resource.log_sources).unwrap_or_default();
    let sources: Vec<LogSource> = known.into_iter().filter(|source| groups.contains(source.group.as_str())).collect();
    let unknown = groups.iter().filter(|group| sources.iter().all(|source| source.group != **group));
    let mut gaps: Vec<Gap> = unknown
        .map(|group| Gap {
            source: format!("logs of {group}"),
            reason: "the inventory no longer names the group with the instance".to_owned(),
        })
        .collect();
    let keywords: BTreeSet<&str> = wanted.iter().map(|symptom| symptom.keyword.as_str()).collect();
    let filter = keywords.into_iter().collect::<Vec<_>>().join("|");
    let searches: Vec<Search> = Search::of_all(&sources, (from, until), LINES)
        .into_iter()
        .map(|search| Search { filter: Some(filter.clone()), ..search })
        .collect();
    let limit = context.settings.scan_limit_bytes;
    let found = join_all(searches.iter().map(|search| within(&context.logs, search, limit, DEADLINE))).await;
    let mut lines = Vec::new();
    for part in found {
        lines.extend(part.lines);
        gaps.extend(part.gaps);
    }
    Ok(LogsAgain { lines, length, gaps })
}
