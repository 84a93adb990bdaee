//! The log watch: the newest five minutes of every known log group, counted and judged by the rules of `log_watch.json`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::WatchedItem;
use nightjar_domain::accounts::Scope;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::evidence::LogSearch;
use nightjar_domain::log_watch::{SLICE_SECONDS, Watched};
use nightjar_domain::resource::{LogSource, Resource, ResourceRef};
use nightjar_log_search::{Search, served};
use serde_json::json;

use crate::context::Context;
use crate::publish::ACTOR;

/// Log events arrive a little after what they tell of.
const LAG: SignedDuration = SignedDuration::from_secs(60);
/// Lines that are read of a slice; more of them are trouble enough.
const LINES: u32 = 3000;
/// Groups at a time: Logs Insights serves 30 queries of an account at once, and incidents need some.
const AT_ONCE: usize = 6;
/// Slices that a run makes up for after a pause; older ones stay unread.
const CATCH_UP: usize = 2;

/// Looks at every group that a resource of the inventory writes to. The number of anomalies that were raised.
pub(crate) async fn run(context: &Context, now: Timestamp) -> anyhow::Result<usize> {
    if context.settings.log_watch_limit_bytes == 0 {
        return Ok(0);
    }
    let inventory = context.inventory.all().await?;
    let scanned = AtomicU64::new(0);
    let sources = sources(context, &inventory);
    let results: Vec<anyhow::Result<usize>> = stream::iter(sources)
        .map(|(source, resource)| look(context, source, resource, &scanned, now))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let (mut raised, mut failures) = (0, Vec::new());
    for result in results {
        match result {
            Ok(found) => raised += found,
            Err(error) => failures.push(error),
        }
    }
    match failures.len() {
        0 => Ok(raised),
        count => Err(failures.swap_remove(0)).with_context(|| format!("{count} log groups, the first:")),
    }
}

/// Each group (and stream prefix) once, with the resource that it belongs to; of several the first by its ARN.
fn sources<'a>(context: &Context, inventory: &'a [Resource]) -> BTreeMap<&'a LogSource, &'a ResourceRef> {
    let mut sources: BTreeMap<&LogSource, &ResourceRef> = BTreeMap::new();
    // What a group of one name counts in two accounts would be kept as one: those of other accounts and regions are not watched.
    let home = context.scopes.home();
    for resource in inventory.iter().filter(|resource| Scope::of(&resource.reference) == *home) {
        for source in resource.log_sources.iter().filter(|source| context.log_watch.looks_at(&source.group)) {
            let owner = sources.entry(source).or_insert(&resource.reference);
            if resource.reference.arn < owner.arn {
                *owner = &resource.reference;
            }
        }
    }
    sources
}

/// Load → read → decide → publish → save, for each slice of one group that nobody has counted.
async fn look(
    context: &Context,
    source: &LogSource,
    resource: &ResourceRef,
    scanned: &AtomicU64,
    now: Timestamp,
) -> anyhow::Result<usize> {
    let newest = Watched::newest_end(now, LAG);
    let first = newest - SignedDuration::from_secs(SLICE_SECONDS);
    let stored = context.watched.get(source).await?;
    let mut item = stored.unwrap_or_else(|| WatchedItem { watched: Watched::from(first), version: 0 });
    let missing = item.watched.missing(newest);
    item.watched.skip(missing.saturating_sub(CATCH_UP));
    let mut raised = 0;
    for _ in 0..missing.min(CATCH_UP) {
        let anomalies = slice(context, source, resource, &mut item.watched, scanned).await;
        raised += anomalies.len();
        for anomaly in anomalies {
            publish(context, anomaly, now).await?;
        }
    }
    if missing > 0 && !context.watched.save(source, &item, now).await? {
        tracing::info!(group = source.group, "another run counted this group first: what is stored stands");
    }
    Ok(raised)
}

/// Reads and judges the slice after those that are known. What cannot be read is left out, and the rules know it.
async fn slice(
    context: &Context,
    source: &LogSource,
    resource: &ResourceRef,
    watched: &mut Watched,
    scanned: &AtomicU64,
) -> Vec<Anomaly> {
    let limit = context.settings.log_watch_limit_bytes;
    if scanned.load(Ordering::Relaxed) >= limit {
        tracing::warn!(group = source.group, "LOG_WATCH_LIMIT_MB is used up: the group's newest lines are not watched");
        watched.skip(1);
        return Vec::new();
    }
    let until = watched.until + SignedDuration::from_secs(SLICE_SECONDS);
    let search = Search {
        groups: vec![source.group.clone()],
        stream_prefix: source.stream_prefix.clone(),
        from: watched.until,
        // Both ends of a search belong to it; the next slice begins at this one's end.
        until: until - SignedDuration::from_secs(1),
        filter: Some(context.log_watch.filter(&source.group, &context.signals)),
        limit: LINES,
    };
    let reading = served(&context.logs, &search, context.settings.scan_limit_bytes);
    let found = match tokio::time::timeout(context.settings.gather_deadline, reading).await {
        Ok(found) if found.search.is_some() => found,
        Ok(found) => {
            let reasons: Vec<&str> = found.gaps.iter().map(|gap| gap.reason.as_str()).collect();
            tracing::warn!(group = source.group, ?reasons, "the log group cannot be watched");
            watched.skip(1);
            return Vec::new();
        }
        Err(_) => {
            tracing::warn!(group = source.group, "no answer in time: the log group's newest lines are not watched");
            watched.skip(1);
            return Vec::new();
        }
    };
    scanned.fetch_add(found.search.as_ref().map_or(0, |search| search.bytes_scanned), Ordering::Relaxed);
    let cost = found.search.as_ref().map_or(0.0, LogSearch::cost_usd);
    let within = found.lines.iter().filter(|line| line.at >= search.from && line.at < until);
    let counted = context.log_watch.count(&source.group, within.map(|line| line.message.as_str()), &context.signals);
    context.log_watch.judge(watched, &counted, source, resource, cost)
}

/// Published before the counts are saved: a run that dies in between raises the same anomaly again, under the same id.
async fn publish(context: &Context, anomaly: Anomaly, now: Timestamp) -> anyhow::Result<()> {
    tracing::info!(id = %anomaly.id, resource = %anomaly.resource.id, metric = %anomaly.metric, "log lines raised an anomaly");
    let details = json!({
        "resource": anomaly.resource.arn,
        "metric": anomaly.metric.series(),
        "window_end": anomaly.window_end,
        "observed": anomaly.observed,
        "score": anomaly.score,
        "detector": anomaly.detector,
    });
    let fact = Fact::new(FactKind::AnomalyDetected, ACTOR, anomaly.id.as_str(), None, now, details);
    context.anomalies.publish(&Envelope::first(anomaly, now), None).await?;
    context.audit.record(&[fact]).await?;
    Ok(())
}
