//! What happened to the resource before, and what ended it.

use jiff::SignedDuration;
use nightjar_aws::stores::IncidentFilter;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::evidence::PastIncident;
use nightjar_domain::incident::{Incident, Status};

use super::Gathered;
use crate::context::Context;

pub(super) const SOURCE: &str = "earlier incidents";
/// How far back.
const DAYS: i64 = 90;
/// Incidents of the resource that are looked at, newest first.
const LOOKED_AT: usize = 50;
/// Incidents that are told.
const TOLD: usize = 5;

/// Earlier incidents of the same metric on the same resource.
pub(super) async fn read(context: &Context, anomaly: &Anomaly) -> anyhow::Result<Gathered<Vec<PastIncident>>> {
    let filter = IncidentFilter {
        status: None,
        severity: None,
        resource_id: Some(anomaly.resource.id.clone()),
        kind: None,
        since: anomaly.window_start - SignedDuration::from_hours(24 * DAYS),
        until: anomaly.window_start,
    };
    let page = context.incidents.list(&filter, LOOKED_AT, None).await?;
    let same = page.incidents.iter().filter(|incident| incident.anomaly.metric.name == anomaly.metric.name);
    Ok(Gathered { found: same.take(TOLD).map(past).collect(), gaps: Vec::new() })
}

fn past(incident: &Incident) -> PastIncident {
    let end = incident.timeline.iter().rev().find(|change| change.to == Status::Resolved);
    PastIncident {
        id: incident.id.to_string(),
        opened_at: incident.opened_at,
        cause: incident.finding.likeliest().map_or_else(|| "unknown".to_owned(), |cause| cause.kind.clone()),
        ended: end.map(|change| format!("{} by {}: {}", change.at, change.by, change.why)),
    }
}
