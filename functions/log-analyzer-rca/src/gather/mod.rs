//! Gathers the evidence around an anomaly, everything at once and inside one deadline. What is late, denied or failing
//! becomes a named gap, never a failure: an incident with half its evidence is worth more than none.

mod changes;
mod history;
mod logs;
mod metrics;
mod state;

use std::time::Duration;

use jiff::Timestamp;
use nightjar_domain::accounts::Scope;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::evidence::{Evidence, Gap};

pub use changes::ChangeCache;
pub(crate) use nightjar_log_search::explained;

use crate::context::Context;

/// What one source brought, and what it could not.
#[derive(Debug, Default)]
struct Gathered<T> {
    found: T,
    gaps: Vec<Gap>,
}

impl<T: Default> Gathered<T> {
    fn gap(source: &str, reason: impl Into<String>) -> Self {
        Self { found: T::default(), gaps: vec![Gap { source: source.to_owned(), reason: reason.into() }] }
    }
}

/// Reads everything about the anomaly's resource that a diagnosis wants.
pub async fn evidence(context: &Context, anomaly: &Anomaly, now: Timestamp) -> Evidence {
    let deadline = context.settings.gather_deadline;
    let (resource, mut gaps) = match context.inventory.get(&anomaly.resource.arn).await {
        Ok(Some(resource)) => (Some(resource), Vec::new()),
        Ok(None) => {
            let reason = "the resource is no longer in the inventory, so its log groups and neighbours are unknown";
            (None, vec![inventory_gap(anomaly, reason)])
        }
        Err(error) => (None, vec![inventory_gap(anomaly, &format!("{error:#}"))]),
    };
    let resource = resource.as_ref();
    let elsewhere = match context.near(&anomaly.resource).await {
        Ok(elsewhere) => elsewhere,
        Err(error) => {
            let history = within(deadline, history::SOURCE, history::read(context, anomaly)).await;
            let source = format!("everything in {}", Scope::of(&anomaly.resource));
            gaps.push(Gap { source, reason: error.to_string() });
            gaps.extend(history.gaps);
            let tags = resource.map(|resource| resource.tags.clone()).unwrap_or_default();
            return Evidence { history: history.found, gaps, tags, ..Evidence::of(anomaly.clone()) };
        }
    };
    let context = elsewhere.as_deref().unwrap_or(context);
    let (logs, changes, metrics, history, state) = tokio::join!(
        // A search ends itself before the deadline, so that the other groups' lines are not lost with one that is slow.
        logs::read(context, anomaly, resource, now),
        within(deadline, changes::SOURCE, changes::read(context, anomaly, resource, now)),
        within(deadline, metrics::SOURCE, metrics::read(context, anomaly, resource)),
        within(deadline, history::SOURCE, history::read(context, anomaly)),
        within(deadline, state::SOURCE, state::read(context, anomaly)),
    );
    gaps.extend(changes.gaps);
    gaps.extend(metrics.gaps);
    gaps.extend(history.gaps);
    gaps.extend(state.gaps);
    let metrics::Moves { own, recent, siblings, asked } = metrics.found;
    Evidence {
        anomaly: anomaly.clone(),
        logs,
        changes: changes.found,
        metrics: own,
        recent,
        siblings,
        state: state.found,
        history: history.found,
        gaps,
        tags: resource.map(|resource| resource.tags.clone()).unwrap_or_default(),
        metrics_read: asked,
    }
}

fn inventory_gap(anomaly: &Anomaly, reason: &str) -> Gap {
    Gap { source: format!("inventory of {}", anomaly.resource.id), reason: reason.to_owned() }
}

async fn within<T: Default>(
    deadline: Duration,
    source: &str,
    reading: impl Future<Output = anyhow::Result<Gathered<T>>>,
) -> Gathered<T> {
    match tokio::time::timeout(deadline, reading).await {
        Ok(Ok(gathered)) => gathered,
        Ok(Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), source, "cannot be read");
            Gathered::gap(source, explained(&error))
        }
        Err(_) => Gathered::gap(source, format!("no answer within {} s", deadline.as_secs_f64())),
    }
}
