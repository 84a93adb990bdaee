//! One incident in, at most one action out.

use anyhow::bail;
use aws_lambda_events::event::sns::SnsEvent;
use jiff::Timestamp;
use nightjar_aws::envelope::{Readable, envelopes};
use nightjar_aws::stores::{Claimed, Replaced};
use nightjar_domain::alert::{Notice, email};
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{
    Action, Announcement, Claim, ClaimState, DeclineReason, FleetState, Plan, RemediationOutcome, Resume, plan, resume,
};
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::lookup;

const ACTOR: &str = "remediation-engine";

/// What an invocation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub carried_out: usize,
    pub declined: usize,
    pub rehearsed: usize,
    /// Failed, or of unknown outcome: a person has to look.
    pub escalated: usize,
}

/// Handles every incident of an SNS event. `clock` is read anew for each step: a lease must not be judged by the time at
/// which the invocation began.
pub async fn handle(context: &Context, event: SnsEvent, clock: impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    for incident in envelopes::<Incident>(&event)? {
        let claim = match context.remediations.get(&incident.body.id).await? {
            Some(claim) => take_up(context, &incident.body, claim, &clock).await?,
            None => decide(context, &incident.body, &clock).await?,
        };
        match &claim.state {
            ClaimState::Started { .. } => {}
            ClaimState::Finished { .. } => summary.carried_out += 1,
            ClaimState::Declined(_) => summary.declined += 1,
            ClaimState::Rehearsed { .. } => summary.rehearsed += 1,
            ClaimState::Failed { .. } | ClaimState::Unknown { .. } => summary.escalated += 1,
        }
        record(context, &incident.body, &claim).await?;
        announce(context, &incident, &claim, clock()).await?;
    }
    Ok(summary)
}

/// The first delivery: load → decide → claim → act.
async fn decide(context: &Context, incident: &Incident, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Claim> {
    let resource = &incident.anomaly.resource;
    let fleet = FleetState {
        instance: context.fleet.instance(&resource.id).await?,
        cooldown_until: context.remediations.cooldown_until(&resource.arn).await?,
    };
    let now = clock();
    let policy = &context.settings.policy;
    let (state, cooldown) = match plan(incident, policy, &fleet, now) {
        Plan::Act(action) => (ClaimState::Started { action }, Some(now + policy.cooldown)),
        Plan::Rehearse(action) => (ClaimState::Rehearsed { action }, None),
        Plan::Declined(reason) => (ClaimState::Declined(reason), None),
    };
    let claim = new_claim(context, incident, state, now);
    match context.remediations.claim(&claim, cooldown).await? {
        Claimed::Won => act(context, incident, claim, clock).await,
        Claimed::Taken(taken) => take_up(context, incident, *taken, clock).await,
        // Another incident of the same resource won between our look and our claim.
        Claimed::CoolingDown { until } => {
            let state = ClaimState::Declined(DeclineReason::CoolingDown { until });
            let claim = new_claim(context, incident, state, now);
            match context.remediations.claim(&claim, None).await? {
                Claimed::Taken(taken) => take_up(context, incident, *taken, clock).await,
                Claimed::Won | Claimed::CoolingDown { .. } => Ok(claim),
            }
        }
    }
}

fn new_claim(context: &Context, incident: &Incident, state: ClaimState, now: Timestamp) -> Claim {
    let settled = !matches!(state, ClaimState::Started { .. });
    Claim {
        incident: incident.id.clone(),
        resource_arn: incident.anomaly.resource.arn.clone(),
        state,
        claimed_at: now,
        lease_until: now + context.settings.lease,
        settled_at: settled.then_some(now),
        announcement: Announcement::Due,
    }
}

/// Carries out what the won claim says; anything but `started` is settled already.
async fn act(
    context: &Context,
    incident: &Incident,
    claim: Claim,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let ClaimState::Started { action } = claim.state else { return Ok(claim) };
    context.audit.record(&[started(incident, action, &claim)]).await?;
    let done = match action {
        Action::Reboot => context.fleet.reboot(&incident.anomaly.resource.id).await,
    };
    let state = match done {
        Ok(()) => ClaimState::Finished { action },
        Err(error) => {
            tracing::error!(incident = %incident.id, %error, "the {action} failed");
            ClaimState::Failed { action, error: error.to_string() }
        }
    };
    Ok(context.remediations.settle(&claim, state, clock()).await?)
}

/// A later delivery: never acts, only finds out how the first one ended.
async fn take_up(
    context: &Context,
    incident: &Incident,
    claim: Claim,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    match resume(&claim, clock()) {
        Resume::Settled => Ok(claim),
        Resume::InFlight { until } => {
            bail!("the remediation of {} is claimed until {until}: this delivery is retried later", incident.id)
        }
        Resume::OutcomeUnknown { action, since } => {
            let resource = &incident.anomaly.resource.id;
            let state = if lookup::was_carried_out(&context.cloudtrail, resource, action, since).await? {
                ClaimState::Finished { action }
            } else {
                ClaimState::Unknown { action }
            };
            Ok(context.remediations.settle(&claim, state, clock()).await?)
        }
    }
}

/// Tells the audit trail how the claim ended. Repeated by every delivery: the trail records a fact once.
async fn record(context: &Context, incident: &Incident, claim: &Claim) -> anyhow::Result<()> {
    let (kind, details) = match &claim.state {
        ClaimState::Started { .. } => return Ok(()),
        ClaimState::Finished { action } => {
            (FactKind::RemediationFinished, json!({ "action": action, "outcome": "accepted by EC2" }))
        }
        ClaimState::Failed { action, error } => {
            (FactKind::RemediationFinished, json!({ "action": action, "outcome": "failed", "error": error }))
        }
        ClaimState::Unknown { action } => (FactKind::RemediationUnknown, json!({ "action": action })),
        ClaimState::Rehearsed { action } => (FactKind::RemediationRehearsed, json!({ "action": action })),
        ClaimState::Declined(reason) => {
            (FactKind::RemediationDeclined, json!({ "reason": reason, "text": reason.to_string() }))
        }
    };
    let at = claim.settled_at.unwrap_or(claim.claimed_at);
    let fact = Fact::new(kind, ACTOR, &claim.resource_arn, Some(incident.id.as_str()), at, details);
    tracing::info!(incident = %incident.id, kind = fact.kind.as_str(), details = %fact.details, "remediation");
    Ok(context.audit.record(&[fact]).await?)
}

fn started(incident: &Incident, action: Action, claim: &Claim) -> Fact {
    let details = json!({ "action": action, "lease_until": claim.lease_until });
    let because_of = Some(incident.id.as_str());
    Fact::new(FactKind::RemediationStarted, ACTOR, &claim.resource_arn, because_of, claim.claimed_at, details)
}

/// Tells people, once: the right to do so is claimed, and a claim that led to nothing is taken over.
async fn announce(context: &Context, cause: &Envelope<Incident>, claim: &Claim, now: Timestamp) -> anyhow::Result<()> {
    let Some(outcome) = RemediationOutcome::of(&cause.body, claim).filter(RemediationOutcome::is_worth_telling) else {
        return Ok(());
    };
    match claim.announcement {
        Announcement::Done => return Ok(()),
        Announcement::Underway { until } if now <= until => bail!("another delivery announces {}", claim.incident),
        Announcement::Underway { .. } | Announcement::Due => {}
    }
    let underway = Announcement::Underway { until: now + context.settings.publish_lease };
    let claim = match context.remediations.announce(claim, underway).await? {
        Replaced::Ours(claim) => claim,
        Replaced::Theirs(claim) => bail!("another delivery announces {}", claim.incident),
    };
    let envelope = Envelope::caused_by(cause, outcome, now);
    let email = email(&Notice::from(&envelope));
    let readable = Readable { subject: email.subject, text: email.body };
    context.critical_alerts.publish(&envelope, Some(readable)).await?;
    context.remediations.announce(&claim, Announcement::Done).await?;
    Ok(())
}
