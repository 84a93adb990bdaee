//! An incident as lists and live frames tell it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::IncidentId;
use crate::incident::{Incident, IncidentKind, Status};
use crate::resource::ResourceRef;
use crate::severity::Severity;

/// An event without its evidence, which `GET /events/{id}` adds: a hundred events with all their log patterns would
/// exceed the 6 MB that Lambda may answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EventSummary {
    pub id: IncidentId,
    pub kind: IncidentKind,
    pub title: String,
    pub status: Status,
    pub severity: Severity,
    pub opened_at: Timestamp,
    /// When the status changed last.
    pub changed_at: Timestamp,
    /// Who changed it.
    pub by: String,
    pub resource: ResourceRef,
    /// Name of the metric that was abnormal.
    pub metric: String,
    /// In the metric's own unit.
    pub observed: f64,
    /// 0 (ordinary) to 1 (never seen).
    pub score: f64,
    /// The likeliest cause, in a sentence.
    pub summary: String,
    /// Whether people were alerted.
    pub escalated: bool,
    pub version: u64,
}

impl From<Incident> for EventSummary {
    fn from(incident: Incident) -> Self {
        let (changed_at, by) = match incident.timeline.into_iter().rfind(|entry| entry.evidence.is_none()) {
            Some(change) => (change.at, change.by),
            None => (incident.opened_at, String::new()),
        };
        Self {
            escalated: incident.escalation.is_escalated(),
            id: incident.id,
            kind: incident.kind,
            title: incident.title,
            status: incident.status,
            severity: incident.severity,
            opened_at: incident.opened_at,
            changed_at,
            by,
            resource: incident.anomaly.resource,
            metric: incident.anomaly.metric.name,
            observed: incident.anomaly.observed,
            score: incident.anomaly.score,
            summary: incident.finding.summary,
            version: incident.version,
        }
    }
}

/// Worst first: severity, then score, then the newest.
pub fn worst_first(events: &mut [EventSummary]) {
    events.sort_by(|a, b| {
        b.severity
            .cmp(&a.severity)
            .then_with(|| b.score.total_cmp(&a.score))
            .then_with(|| b.opened_at.cmp(&a.opened_at))
            .then_with(|| a.id.as_str().cmp(b.id.as_str()))
    });
}
