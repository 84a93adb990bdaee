//! One anomaly in, one incident out.

use anyhow::bail;
use aws_lambda_events::event::sns::SnsEvent;
use jiff::Timestamp;
use nightjar_aws::envelope::{Readable, envelopes};
use nightjar_aws::stores::{Publication, StoredIncident};
use nightjar_domain::alert::{Notice, email};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::diagnosis::diagnose;
use nightjar_domain::envelope::Envelope;
use nightjar_domain::escalation::escalate;
use nightjar_domain::incident::Incident;
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::gather;

const ACTOR: &str = "log-analyzer-rca";

/// What an invocation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub incidents: usize,
    pub published: usize,
}

/// Handles every anomaly of an SNS event. `clock` is read anew before publishing: gathering takes seconds, which must not
/// count against the lease.
pub async fn handle(context: &Context, event: SnsEvent, clock: impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    for anomaly in envelopes::<Anomaly>(&event)? {
        let stored = match context.incidents.get(&Incident::identify(&anomaly.body)).await? {
            Some(stored) => stored,
            None => open(context, &anomaly, clock()).await?,
        };
        context.audit.record(&[opened(&stored.incident)]).await?;
        summary.incidents += 1;
        if stored.incident.escalation.is_escalated() && stored.published_at.is_none() {
            let now = clock();
            match context.incidents.claim_publication(&stored.incident.id, context.settings.publish_lease, now).await? {
                Publication::Claimed => publish(context, &anomaly, stored.incident, now).await?,
                Publication::Done => continue,
                Publication::InFlight => bail!("another delivery publishes {}", stored.incident.id),
            }
            summary.published += 1;
        }
    }
    Ok(summary)
}

/// Gathers, judges and stores. What is returned is what is stored, also when another delivery was faster.
async fn open(context: &Context, anomaly: &Envelope<Anomaly>, now: Timestamp) -> anyhow::Result<StoredIncident> {
    let anomaly = &anomaly.body;
    let settings = &context.settings;
    let finding = diagnose(&gather::evidence(context, anomaly, now).await, &context.signals);
    let escalation = escalate(anomaly, &finding, &settings.escalation);
    let incident = Incident::open(anomaly.clone(), finding, escalation, ACTOR, now);
    tracing::info!(id = %incident.id, severity = %incident.severity, summary = %incident.finding.summary, "incident");
    Ok(context.incidents.put_if_absent(&incident, settings.retention).await?)
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
