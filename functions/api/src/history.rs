//! A resource's series from CloudWatch, judged again by the model that judges them now.

use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::ModelStore;
use nightjar_domain::models::ModelScope;
use nightjar_domain::resource::{Resource, WatchedMetric};
use nightjar_metrics::{Batch, Wanted, fetch};
use nightjar_model::Model;

use crate::analysis::{Replay, replay};
use crate::context::Context;
use crate::problem::Problem;

/// What the detector learns from before the first instant that is shown.
const LEAD: SignedDuration = SignedDuration::from_hours(24 * 14);

/// One series over a span.
#[derive(Debug)]
pub struct Judged {
    pub watched: WatchedMetric,
    pub replay: Replay,
}

/// The series of a resource from two weeks before `from` until `until`, judged; what could not be had is named.
pub async fn judged(
    context: &Context,
    resource: &Resource,
    metrics: &[WatchedMetric],
    from: Timestamp,
    until: Timestamp,
) -> Result<(Vec<Judged>, Vec<String>), Problem> {
    let mut gaps = Vec::new();
    let wanted: Vec<Wanted<'_>> =
        metrics.iter().map(|watched| Wanted { metric: &watched.metric, last_at: None }).collect();
    if wanted.is_empty() {
        return Ok((Vec::new(), vec!["no metric of this resource is watched".to_owned()]));
    }
    if let Some(scope) = metrics.iter().find_map(|watched| watched.metric.scope.as_ref()) {
        return Ok((Vec::new(), vec![format!("its datapoints are kept in {scope}, which the API does not read")]));
    }
    // Whole minutes: CloudWatch answers nothing where a period starts before the span.
    let lead = from.checked_sub(LEAD).unwrap_or(from).as_second().div_euclid(3600) * 3600;
    let start = Timestamp::from_second(lead).unwrap_or(from);
    let batch = Batch { series: (0..wanted.len()).collect(), from: start, until };
    let mut fetched = fetch(&context.cloudwatch, &wanted, &batch)
        .await
        .map_err(|error| Problem::unanswerable(true, format!("{error:#}")))?;
    let mut judged = Vec::new();
    for (index, watched) in metrics.iter().enumerate() {
        let points = fetched.remove(&index).unwrap_or_default();
        if points.is_empty() {
            gaps.push(format!("CloudWatch has no datapoints of {}", watched.metric));
        }
        let model = model(&context.models, &resource.reference.id, watched).await;
        let model = model.as_ref().unwrap_or(Model::bundled());
        let replay = replay(model, watched.direction, watched.metric.period_seconds, &points);
        judged.push(Judged { watched: watched.clone(), replay });
    }
    Ok((judged, gaps))
}

/// The narrowest trained model that can be read; without one the bundled model judges, as in the detector.
async fn model(models: &ModelStore, resource_id: &str, watched: &WatchedMetric) -> Option<Model> {
    for scope in ModelScope::chain(resource_id, &watched.metric) {
        let Ok(pointer) = models.pointer(&scope).await else { continue };
        let Some(name) = pointer.current else { continue };
        if let Ok(Some(bytes)) = models.artifact(&scope, &name.sha256).await
            && let Ok(model) = Model::from_bytes(&bytes)
        {
            return Some(model);
        }
        tracing::warn!(%scope, version = name.version, "a trained model cannot be read: the next scope's judges");
    }
    None
}
