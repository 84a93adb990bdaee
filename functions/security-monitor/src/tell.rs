//! A story to people: its incident is stored, recorded and published, each once for what is new of it.

use anyhow::bail;
use jiff::Timestamp;
use nightjar_aws::envelope::Readable;
use nightjar_aws::stores::{Publication, StoreError, StoredIncident};
use nightjar_domain::alert::{Notice, email};
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::incident::Incident;
use nightjar_domain::security::AttackStory;
use serde_json::json;

use crate::context::Context;
use crate::handler::ACTOR;

/// Attempts to change an incident that people change at the same moment.
const ATTEMPTS: u32 = 5;

/// Brings the incident of `story` up to date and publishes what people were not told yet. `true` if something was published.
pub async fn tell(context: &Context, story: &AttackStory, clock: &impl Fn() -> Timestamp) -> anyhow::Result<bool> {
    let stored = up_to_date(context, story, clock()).await?;
    if stored.published_at.is_some() {
        return Ok(false);
    }
    context.audit.record(&news(&stored.incident)).await?;
    if !stored.incident.escalation.is_escalated() {
        return Ok(false);
    }
    let now = clock();
    match context.incidents.claim_publication(&stored.incident.id, context.settings.publish_lease, now).await? {
        Publication::Claimed => publish(context, stored.incident, now).await?,
        Publication::Done => return Ok(false),
        Publication::InFlight => bail!("another delivery publishes {}", stored.incident.id),
    }
    Ok(true)
}

/// What is stored once it knows at least as much as `story`: that is what is published.
async fn up_to_date(context: &Context, story: &AttackStory, now: Timestamp) -> anyhow::Result<StoredIncident> {
    let told_from = context.settings.told_from;
    let fresh = Incident::of_attack(story.clone(), told_from, ACTOR, now);
    for _ in 0..ATTEMPTS {
        let stored = match context.incidents.get(&story.id).await? {
            Some(stored) => stored,
            None => context.incidents.put_if_absent(&fresh, context.settings.retention).await?,
        };
        let Some(grown) = stored.incident.with_story(story, told_from, ACTOR, now) else { return Ok(stored) };
        let told_again = stored.incident.security.as_ref().is_none_or(|known| known.told < story.told);
        if context.incidents.grow(&grown, told_again).await? {
            let published_at = stored.published_at.filter(|_| !told_again);
            return Ok(StoredIncident { incident: grown, published_at });
        }
    }
    Err(StoreError::Contended { table: context.settings.incidents_table.clone(), attempts: ATTEMPTS }.into())
}

/// Publishes first and notes it second: a crash in between sends twice rather than never.
async fn publish(context: &Context, incident: Incident, now: Timestamp) -> anyhow::Result<()> {
    let told = incident.security.as_ref().map_or(1, |story| story.told);
    let mut envelope = Envelope::first(incident, now);
    if told > 1 {
        // Another message about the same incident: whoever sends each message once must not take it for the first.
        envelope.id = format!("{}.{told}", envelope.id);
    }
    let email = email(&Notice::from(&envelope));
    let readable = Readable { subject: email.subject, text: email.body };
    context.critical_alerts.publish(&envelope, Some(readable)).await?;
    let incident = &envelope.body;
    tracing::info!(id = %incident.id, severity = %incident.severity, title = %incident.title, "security incident");
    let details = json!({ "severity": incident.severity, "kind": incident.kind });
    let fact = Fact::new(FactKind::AlertPublished, ACTOR, incident.id.as_str(), Some(&envelope.id), now, details);
    context.audit.record(&[fact]).await?;
    context.incidents.mark_published(&incident.id, now).await?;
    Ok(())
}

/// That an incident was opened, and that its story got longer or worse since.
fn news(incident: &Incident) -> Vec<Fact> {
    let story = incident.security.as_ref();
    let details = json!({
        "kind": incident.kind,
        "principal": incident.anomaly.resource.arn,
        "severity": incident.severity,
        "summary": incident.finding.summary,
        "tactics": story.map(|story| &story.tactics),
        "rules": story.map(|story| story.steps.iter().map(|step| step.title.as_str()).collect::<Vec<_>>()),
        "escalated": incident.escalation.is_escalated(),
        "because": incident.escalation.because(),
    });
    let id = incident.id.as_str();
    let first = story.and_then(|story| story.steps.first()).map(|step| step.event_id.as_str());
    let opened = Fact::new(FactKind::IncidentOpened, ACTOR, id, first, incident.opened_at, details.clone());
    let grew = story.filter(|story| story.told > 1).map(|story| {
        let because_of = format!("{id}.{}", story.told);
        Fact::new(FactKind::IncidentGrew, ACTOR, id, Some(&because_of), story.last_at, details)
    });
    std::iter::once(opened).chain(grew).collect()
}
