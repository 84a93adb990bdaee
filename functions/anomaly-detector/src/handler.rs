//! One run over every watched series.

use std::collections::BTreeMap;

use anyhow::Context as _;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use nightjar_domain::accounts::Scope;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::metric::{Metric, SeriesId};
use nightjar_domain::resource::{Direction, Resource};
use nightjar_metrics::{Batch, Wanted, fetch, plan};
use nightjar_model::Datapoint;
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::judge::{Judgement, judge};
use crate::models::Choice;
use crate::watch::{self, Watch};

const ACTOR: &str = "anomaly-detector";
/// Series in memory at a time, with 16 KB of state and up to 4,032 datapoints each.
const SERIES_AT_ONCE: usize = 1000;
/// States written at a time.
const WRITES_AT_ONCE: usize = 32;

/// What a run came to; also its answer, for whoever invokes it by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub series: usize,
    pub datapoints: usize,
    pub learning: usize,
    pub anomalies: usize,
    pub historic: usize,
    /// Datapoints in a maintenance window: passed over.
    pub maintained: usize,
    /// Series of accounts and regions that could not be read.
    pub unread: usize,
    /// Series that brought no datapoint.
    pub silent: usize,
    /// Trained models in use; without any, the bundled one judges.
    pub models: usize,
}

/// Judges everything that is new. What fails is left for the retry; what succeeded before it is saved.
pub async fn handle(context: &Context, now: Timestamp) -> anyhow::Result<Summary> {
    let resources = context.inventory.all().await?;
    let series = watch::all(&resources);
    if series.is_empty() {
        tracing::warn!("the inventory names no series: nothing is watched until onboarding finds a tagged resource");
    }
    let models = context
        .models
        .choose(series.iter().map(|(resource, metric, _)| (resource.reference.id.as_str(), *metric)))
        .await;
    let mut summary = Summary { series: series.len(), models: models.len(), ..Summary::default() };
    let mut failures = Vec::new();
    for (scope, series) in by_scope(series) {
        let cloudwatch = match context.metrics_of(scope).await {
            Ok(cloudwatch) => cloudwatch,
            Err(error) => {
                tracing::error!(?scope, %error, series = series.len(), "an account or region cannot be read: its series wait");
                summary.unread += series.len();
                // Another attempt may do better; a refusal stands until somebody changes a permission.
                if error.may_pass() {
                    failures.push(error.into());
                }
                continue;
            }
        };
        for chunk in series.chunks(SERIES_AT_ONCE) {
            run_chunk(context, &cloudwatch, &models, chunk, now, &mut summary, &mut failures).await?;
        }
    }
    tracing::info!(?summary, "run finished");
    match failures.len() {
        0 => Ok(summary),
        count => {
            Err(failures.swap_remove(0)).with_context(|| format!("{count} batches could not be judged, the first:"))
        }
    }
}

type Series<'a> = (&'a Resource, &'a Metric, Direction);

/// Those of the suite's own account and region first.
fn by_scope(series: Vec<Series<'_>>) -> BTreeMap<Option<&Scope>, Vec<Series<'_>>> {
    let mut by_scope: BTreeMap<Option<&Scope>, Vec<Series<'_>>> = BTreeMap::new();
    for one in series {
        by_scope.entry(one.1.scope.as_ref()).or_default().push(one);
    }
    by_scope
}

async fn run_chunk(
    context: &Context,
    cloudwatch: &aws_sdk_cloudwatch::Client,
    models: &Choice,
    series: &[Series<'_>],
    now: Timestamp,
    summary: &mut Summary,
    failures: &mut Vec<anyhow::Error>,
) -> anyhow::Result<()> {
    let ids: Vec<SeriesId> = series.iter().map(|(_, metric, _)| metric.series()).collect();
    let stored = context.series.load(&ids).await?;
    let mut watches: Vec<Watch> = series
        .iter()
        .zip(&ids)
        .map(|((resource, metric, direction), id)| {
            let maintenance = context.maintenance.of(resource).cloned().collect();
            Watch::new(&resource.reference, metric, *direction, maintenance, stored.get(id.as_str()))
        })
        .collect();
    for batch in plan(&wanted(&watches), now) {
        if let Err(error) = run_batch(context, cloudwatch, models, &mut watches, &batch, now, summary).await {
            tracing::error!(error = format!("{error:#}"), series = batch.series.len(), "a batch failed");
            failures.push(error);
        }
    }
    Ok(())
}

/// Load → decide → publish → save, for the series of one call.
async fn run_batch(
    context: &Context,
    cloudwatch: &aws_sdk_cloudwatch::Client,
    models: &Choice,
    watches: &mut [Watch],
    batch: &Batch,
    now: Timestamp,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let fetched = fetch(cloudwatch, &wanted(watches), batch).await?;
    let mut anomalies = Vec::new();
    let mut changed = Vec::new();
    for index in &batch.series {
        let points: &[Datapoint] = fetched.get(index).map_or(&[], Vec::as_slice);
        let Some(watch) = watches.get_mut(*index) else { continue };
        if points.is_empty() {
            summary.silent += 1;
            continue;
        }
        let judgement = judge(models.of(&watch.resource.id, &watch.metric), watch, points, now);
        report(watch, &judgement, summary);
        anomalies.extend(judgement.anomalies);
        changed.push(*index);
    }
    publish(context, anomalies, now).await?;
    save(context, watches, &changed, now).await
}

fn wanted(watches: &[Watch]) -> Vec<Wanted<'_>> {
    watches.iter().map(|watch| Wanted { metric: &watch.metric, last_at: watch.last_at() }).collect()
}

fn report(watch: &Watch, judgement: &Judgement, summary: &mut Summary) {
    summary.datapoints += judgement.observed;
    summary.anomalies += judgement.anomalies.len();
    summary.historic += judgement.historic;
    summary.maintained += judgement.maintained;
    if let Some((have, need)) = judgement.learning {
        summary.learning += 1;
        tracing::info!(series = %watch.metric.series(), "learning, have {have} of {need}");
    }
}

async fn publish(context: &Context, anomalies: Vec<Anomaly>, now: Timestamp) -> anyhow::Result<()> {
    for anomaly in anomalies {
        let fact = fact(&anomaly, now);
        tracing::info!(id = %anomaly.id, resource = %anomaly.resource.id, metric = %anomaly.metric, score = anomaly.score, "anomaly");
        context.anomalies.publish(&Envelope::first(anomaly, now), None).await?;
        context.audit.record(&[fact]).await?;
    }
    Ok(())
}

fn fact(anomaly: &Anomaly, now: Timestamp) -> Fact {
    let details = json!({
        "resource": anomaly.resource.arn,
        "metric": anomaly.metric.series(),
        "window_end": anomaly.window_end,
        "observed": anomaly.observed,
        "score": anomaly.score,
        "detector": anomaly.detector,
    });
    Fact::new(FactKind::AnomalyDetected, ACTOR, anomaly.id.as_str(), None, now, details)
}

async fn save(context: &Context, watches: &[Watch], changed: &[usize], now: Timestamp) -> anyhow::Result<()> {
    stream::iter(changed.iter().filter_map(|index| watches.get(*index)))
        .map(|watch| async move {
            let id = watch.metric.series();
            if !context.series.save(&id, watch.to_item()?, now).await? {
                tracing::info!(series = %id, "somebody else saved this series first: what is stored stands");
            }
            Ok(())
        })
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect()
        .await
}
