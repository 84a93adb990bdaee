//! Telling people and the audit trail.

use anyhow::bail;
use jiff::Timestamp;
use nightjar_aws::envelope::Readable;
use nightjar_aws::stores::{Publication, StoredIncident};
use nightjar_domain::alert::{Notice, email};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::incident::Incident;
use serde_json::json;

use crate::context::Context;

pub(crate) const ACTOR: &str = "log-analyzer-rca";

/// Publishes an escalated incident that has not gone out. Whether this delivery did.
pub(crate) async fn publish_once(
    context: &Context,
    cause: &Envelope<Anomaly>,
    stored: StoredIncident,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<bool> {
    if !stored.incident.escalation.is_escalated() || stored.published_at.is_some() {
        return Ok(false);
    }
    let now = clock();
    match context.incidents.claim_publication(&stored.incident.id, context.settings.publish_lease, now).await? {
        Publication::Claimed => publish(context, cause, stored.incident, now).await?,
        Publication::Done => return Ok(false),
        Publication::InFlight => bail!("another delivery publishes {}", stored.incident.id),
    }
    Ok(true)
}

/// Publishes first and notes it second: a crash in between sends twice rather than never.
async fn publish(
    context: &Context,
    cause: &Envelope<Anomaly>,
    incident: Incident,
    now: Timestamp,
) -> anyhow::Result<()> {
    let envelope = Envelope::caused_by(cause, incident, now);
    let email = email(&Notice::from(&envelope));
    let readable = Readable { subject: email.subject, text: email.body };
    context.critical_alerts.publish(&envelope, Some(readable)).await?;
    context.audit.record(&[published(&envelope.body, now)]).await?;
    context.incidents.mark_published(&envelope.body.id, now).await?;
    Ok(())
}

/// Records that the anomaly opened the incident, or joined it. The same fact told again is recorded once.
pub(crate) async fn record(
    context: &Context,
    incident: &Incident,
    anomaly: &Anomaly,
    now: Timestamp,
) -> anyhow::Result<()> {
    if incident.anomaly.id == anomaly.id {
        context.audit.record(&[opened(incident)]).await?;
        return Ok(());
    }
    record_joined(context, incident, anomaly.id.as_str(), now).await
}

pub(crate) async fn record_joined(
    context: &Context,
    incident: &Incident,
    evidence: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let why = incident.timeline.iter().rev().find(|entry| entry.evidence.as_deref() == Some(evidence));
    let details = json!({
        "resource": incident.anomaly.resource.arn,
        "severity": incident.severity,
        "why": why.map(|entry| entry.why.as_str()),
    });
    let fact = Fact::new(FactKind::IncidentJoined, ACTOR, incident.id.as_str(), Some(evidence), now, details);
    context.audit.record(&[fact]).await?;
    Ok(())
}

fn opened(incident: &Incident) -> Fact {
    let details = json!({
        "resource": incident.anomaly.resource.arn,
        "severity": incident.severity,
        "summary": incident.finding.summary,
        "escalated": incident.escalation.is_escalated(),
        "because": incident.escalation.because(),
    });
    let because_of = incident.anomaly.id.as_str();
    Fact::new(FactKind::IncidentOpened, ACTOR, incident.id.as_str(), Some(because_of), incident.opened_at, details)
}

fn published(incident: &Incident, now: Timestamp) -> Fact {
    let details = json!({ "severity": incident.severity });
    Fact::new(FactKind::AlertPublished, ACTOR, incident.id.as_str(), Some(incident.id.as_str()), now, details)
}
