//! Tells the audit trail and people where a claim stands, and closes what has ended.

use anyhow::bail;
use jiff::Timestamp;
use nightjar_aws::envelope::Readable;
use nightjar_aws::stores::Replaced;
use nightjar_domain::alert::{Notice, email};
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::{Envelope, Message as _};
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{Action, Announcement, Claim, ClaimState, End, RemediationOutcome};
use serde_json::{Value, json};

use crate::advance::Delivery;
use crate::approvals;
use crate::context::Context;
use crate::handler::Case;

const ACTOR: &str = "remediation-engine";

/// Records the state, tells people, and closes a run that has ended. Repeated by every delivery: a fact is recorded once, a
/// message told once, an end counted once. Returns the claim as it is stored then; `None` while another delivery is at it.
pub async fn report(
    context: &Context,
    case: &Case,
    claim: &Claim,
    delivery: Delivery,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Option<Claim>> {
    record(context, case, claim).await?;
    if let ClaimState::Healed { action, .. } = claim.state {
        let sign = match action {
            Action::AsgReplace => "its group is whole again".to_owned(),
            _ => format!("{} is ordinary again", case.incident.anomaly.metric.name),
        };
        let why = format!("the {action} helped: {sign}");
        context.incidents.resolve(&claim.incident, ACTOR, &why, clock()).await?;
    }
    let warning = match (claim.end(), &claim.run) {
        (Some(end), Some(run)) => close(context, claim, end, &run.policy, clock()).await?,
        _ => None,
    };
    let Some(claim) = announce(context, case, claim, warning, delivery, clock()).await? else { return Ok(None) };
    if claim.end().is_some() && claim.run.is_some() {
        let forget = |ledger: &mut nightjar_domain::remediation::Ledger| {
            if ledger.runs.iter().any(|run| run.incident == claim.incident) {
                ledger.forget(&claim.incident, clock());
            }
        };
        context.remediations.change_ledger(forget).await?;
    }
    Ok(Some(claim))
}

/// Counts the end of a run. Says so when its policy is off because it failed too often.
async fn close(
    context: &Context,
    claim: &Claim,
    end: End,
    policy: &str,
    now: Timestamp,
) -> anyhow::Result<Option<String>> {
    let limits = context.policies().document.limits;
    let (ledger, ()) = context
        .remediations
        .change_ledger(|ledger| {
            if ledger.runs.iter().any(|run| run.incident == claim.incident && !run.counted) {
                ledger.close(&claim.incident, end, &limits, now);
            }
        })
        .await?;
    let until = if end == End::NotHealed { ledger.breaker_until(policy, &limits, now) } else { None };
    Ok(until.map(|until| {
        format!(
            "The policy {policy} failed {} times in a row and is off until {until}, or until somebody runs `nightjar remediate reset {policy}`.",
            limits.breaker_failures
        )
    }))
}

/// Tells the audit trail where the claim stands.
async fn record(context: &Context, case: &Case, claim: &Claim) -> anyhow::Result<()> {
    let facts = facts(case, claim);
    for fact in &facts {
        tracing::info!(incident = %case.incident.id, kind = fact.kind.as_str(), details = %fact.details, "remediation");
    }
    Ok(context.audit.record(&facts).await?)
}

fn facts(case: &Case, claim: &Claim) -> Vec<Fact> {
    let fact = |kind, details| fact(case, claim, kind, details);
    let policy = claim.run.as_ref().map(|run| run.policy.clone());
    match &claim.state {
        ClaimState::Started { .. } | ClaimState::Underway { .. } | ClaimState::UndoRequested { .. } => Vec::new(),
        ClaimState::AwaitingApproval { action, until, decision, .. } => {
            let mut facts = vec![fact(
                FactKind::RemediationApprovalRequested,
                json!({ "action": action, "policy": policy, "until": until }),
            )];
            if let Some(word) = decision.as_ref().filter(|word| word.approved) {
                let details = json!({ "action": action, "by": word.by, "why": word.why });
                let mut approved = fact(FactKind::RemediationApproved, details);
                approved.actor.clone_from(&word.by);
                approved.at = word.at;
                facts.push(approved);
            }
            facts
        }
        ClaimState::Finished { action } => {
            vec![fact(FactKind::RemediationFinished, json!({ "action": action, "outcome": "accepted by AWS" }))]
        }
        ClaimState::Failed { action, error } => {
            let details = json!({ "action": action, "outcome": "failed", "error": error });
            vec![fact(FactKind::RemediationFinished, details)]
        }
        ClaimState::Unknown { action } => vec![fact(FactKind::RemediationUnknown, json!({ "action": action }))],
        ClaimState::Rehearsed { action } => vec![fact(FactKind::RemediationRehearsed, json!({ "action": action }))],
        ClaimState::Declined(reason) => {
            vec![fact(FactKind::RemediationDeclined, json!({ "reason": reason, "text": reason.to_string() }))]
        }
        ClaimState::Healed { action, unread } => {
            let details = json!({ "action": action, "healed": true, "policy": policy, "unread": unread });
            vec![fact(FactKind::RemediationVerified, details)]
        }
        ClaimState::Contained { action } => {
            vec![fact(FactKind::RemediationVerified, json!({ "action": action, "contained": true, "policy": policy }))]
        }
        ClaimState::Undone { action, by } => {
            vec![undo_fact(
                case,
                claim,
                FactKind::RemediationFinished,
                json!({ "action": action, "undone": true, "by": by }),
            )]
        }
        ClaimState::UndoFailed { action, error } => {
            let details = json!({ "action": action, "undone": false, "error": error });
            vec![undo_fact(case, claim, FactKind::RemediationFinished, details)]
        }
        ClaimState::Escalated { why } => {
            let details = json!({ "healed": false, "why": why, "policy": policy, "tried": claim.tried(why) });
            vec![fact(FactKind::RemediationVerified, details)]
        }
    }
}

/// That a step is about to be carried out.
pub fn started(case: &Case, action: Action, claim: &Claim) -> Fact {
    let approved_by = claim.run.as_ref().and_then(|run| run.approved_by.clone());
    let details = json!({ "action": action, "lease_until": claim.lease_until, "approved_by": approved_by });
    let mut fact = fact(case, claim, FactKind::RemediationStarted, details);
    fact.at = claim.acted_at().unwrap_or(claim.claimed_at);
    fact
}

/// That a step is about to be taken back.
pub fn undoing(case: &Case, action: Action, claim: &Claim, by: &str) -> Fact {
    let details = json!({ "action": action, "undo": true, "by": by, "remembered": claim.remembered() });
    undo_fact(case, claim, FactKind::RemediationStarted, details)
}

/// A fact about taking a step back: another one than that about the step.
fn undo_fact(case: &Case, claim: &Claim, kind: FactKind, details: Value) -> Fact {
    let at = claim.settled_at.unwrap_or(claim.claimed_at);
    // Asked for twice, after a first try failed, it is another fact.
    let because_of = format!("{}#undo@{at}", case.incident.id);
    Fact::new(kind, ACTOR, &claim.resource_arn, Some(&because_of), at, details)
}

/// The same fact about another step of the runbook is another fact.
fn fact(case: &Case, claim: &Claim, kind: FactKind, details: Value) -> Fact {
    let because_of = match claim.step() {
        0 => case.incident.id.to_string(),
        step => format!("{}#{}", case.incident.id, step + 1),
    };
    let at = claim.settled_at.unwrap_or(claim.claimed_at);
    Fact::new(kind, ACTOR, &claim.resource_arn, Some(&because_of), at, details)
}

/// Tells people, once: the right to do so is claimed, and a claim that led to nothing is taken over.
async fn announce(
    context: &Context,
    case: &Case,
    claim: &Claim,
    warning: Option<String>,
    delivery: Delivery,
    now: Timestamp,
) -> anyhow::Result<Option<Claim>> {
    let Some(mut outcome) = RemediationOutcome::of(&case.incident, claim).filter(RemediationOutcome::is_worth_telling)
    else {
        return Ok(Some(claim.clone()));
    };
    match claim.announcement {
        Announcement::Done => return Ok(Some(claim.clone())),
        Announcement::Underway { until } if now <= until => return elsewhere(claim, delivery),
        Announcement::Underway { until } => {
            tracing::warn!(incident = %claim.incident, %until, "takes over telling people: they may hear it twice");
        }
        Announcement::Due => {}
    }
    if let ClaimState::AwaitingApproval { until, fingerprint, .. } = &claim.state {
        outcome.ask(&approvals::how_to_answer(context, &claim.incident, *until, fingerprint).await?);
    }
    if let Some(warning) = warning {
        outcome.warn(&warning);
    }
    let underway = Announcement::Underway { until: now + context.settings.publish_lease };
    let claim = match context.remediations.announce(claim, underway).await? {
        Replaced::Ours(claim) => claim,
        Replaced::Theirs(_) => return elsewhere(claim, delivery),
    };
    let envelope = Envelope::caused_by(&cause(case), outcome, now);
    let email = email(&Notice::from(&envelope));
    let readable = Readable { subject: email.subject, text: email.body };
    context.critical_alerts.publish(&envelope, Some(readable)).await?;
    match context.remediations.announce(&claim, Announcement::Done).await? {
        Replaced::Ours(claim) | Replaced::Theirs(claim) => Ok(Some(claim)),
    }
}

fn elsewhere(claim: &Claim, delivery: Delivery) -> anyhow::Result<Option<Claim>> {
    if delivery == Delivery::Message {
        bail!("another delivery announces {}", claim.incident);
    }
    Ok(None)
}

/// The message that told of the incident.
fn cause(case: &Case) -> Envelope<Incident> {
    Envelope {
        schema: Incident::SCHEMA.to_owned(),
        id: case.incident.message_id(),
        caused_by: Some(case.incident.anomaly.id.to_string()),
        trace: case.trace.clone(),
        occurred_at: case.incident.opened_at,
        body: case.incident.clone(),
    }
}
