//! Takes a claim as far as it can go now.

use anyhow::bail;
use jiff::Timestamp;
use nightjar_aws::stores::Begun;
use nightjar_domain::remediation::{
    Action, Claim, ClaimState, DeclineReason, Judgement, Mode, Remembered, Resume, Step, judge, may_go_on, resume,
};
use nightjar_ec2::CommandState;

use crate::context::Context;
use crate::handler::Case;
use crate::{act, decide, lookup, observe, report, symptoms, undo};

/// Why a claim is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A message about the incident: one that finds another delivery at work fails, and is retried.
    Message,
    /// The sweep: it comes again in a minute.
    Sweep,
}

/// Goes on until the claim rests. Every state is recorded and told before the next one is entered.
pub async fn advance(
    context: &Context,
    case: &Case,
    claim: Claim,
    delivery: Delivery,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let mut claim = claim;
    loop {
        // Somebody else tells people of it at this moment, and will go on.
        let Some(before) = report::report(context, case, &claim, delivery, clock).await? else { return Ok(claim) };
        claim = before.clone();
        claim = match resume(&claim, clock()) {
            Resume::InFlight { until } if delivery == Delivery::Message => {
                bail!("the remediation of {} is claimed until {until}: this delivery is retried later", claim.incident)
            }
            Resume::InFlight { .. } | Resume::Settled => return Ok(claim),
            Resume::OutcomeUnknown { action, since } => look_into(context, case, &claim, action, since, clock).await?,
            Resume::AskPeople => Box::pin(take_word(context, case, &claim, clock)).await?,
            Resume::Complete { .. } => complete(context, case, &claim, clock).await?,
            Resume::Undo { action } => Box::pin(undo::undo(context, case, &claim, action, clock)).await?,
            Resume::Verify { action, since } => Box::pin(verify(context, case, &claim, action, since, clock)).await?,
        };
        if claim == before {
            return Ok(claim);
        }
    }
}

/// The owner is gone and left no outcome.
async fn look_into(
    context: &Context,
    case: &Case,
    claim: &Claim,
    action: Action,
    since: Timestamp,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let (state, remembered) = lookup::what_became(context, case, claim, action, since).await?;
    let settled = claim.settled(state, clock()).remembering(remembered);
    Ok(context.remediations.replace(claim, settled).await?.whoever())
}

/// Goes by what a person said, if somebody said something.
async fn take_word(
    context: &Context,
    case: &Case,
    claim: &Claim,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let ClaimState::AwaitingApproval { until, fingerprint, decision, .. } = &claim.state else {
        return Ok(claim.clone());
    };
    let now = clock();
    let Some(word) = decision else {
        if now < *until {
            return Ok(claim.clone());
        }
        return decline(context, claim, DeclineReason::ApprovalExpired { until: *until }, now).await;
    };
    if !word.approved {
        let reason = DeclineReason::Denied { by: word.by.clone(), why: word.why.clone() };
        return decline(context, claim, reason, now).await;
    }
    let policies = context.policies();
    let fleet = decide::look(context, case, &policies).await?;
    if fleet.fingerprint().as_ref() != Some(fingerprint) {
        return decline(context, claim, DeclineReason::Void, now).await;
    }
    let mut approved = claim.clone();
    if let Some(run) = &mut approved.run {
        run.approved_by = Some(word.by.clone());
    }
    match start(context, case, claim, &approved, 0, None, clock).await? {
        Ok(claim) => Ok(claim),
        Err(reason) => decline(context, claim, reason, clock()).await,
    }
}

async fn decline(context: &Context, claim: &Claim, reason: DeclineReason, now: Timestamp) -> anyhow::Result<Claim> {
    Ok(context.remediations.settle(claim, ClaimState::Declined(reason), now).await?)
}

/// Starts a step of a run that has begun, and carries it out; the reason, when a belt stops it.
async fn start(
    context: &Context,
    case: &Case,
    stored: &Claim,
    from: &Claim,
    step: usize,
    outcome: Option<&str>,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Result<Claim, DeclineReason>> {
    for _ in 0..10 {
        let policies = context.policies();
        let fleet = decide::look(context, case, &policies).await?;
        let now = clock();
        let Some(claim) = from.start(step, outcome, context.settings.lease, now) else {
            bail!("the claim of {} has no step {step}", from.incident);
        };
        let (Some(run), Some(_)) = (claim.run.clone(), fleet.fingerprint()) else {
            return Ok(Err(DeclineReason::Gone));
        };
        let Some(next) = run.steps.get(step).cloned() else { bail!("{} has no step {step}", from.incident) };
        if policies.bounds.mode < Mode::Approve {
            return Ok(Err(DeclineReason::SwitchedOff));
        }
        if let Err(reason) = may_go_on(&case.incident, &policies, &run.policy, &next, &fleet, now) {
            return Ok(Err(reason));
        }
        let mut ledger = fleet.ledger.clone();
        ledger.act(decide::note_of(case, &policies, &fleet, &next, now), &run.policy, now);
        let claim = claim.remembering(Remembered::before(next.action, &fleet));
        let cooldown = (step == 0).then_some(now + policies.bounds.cooldown);
        match context.remediations.begin(Some(stored), &claim, cooldown, fleet.ledger.version, &ledger).await? {
            Begun::Won => return Ok(Ok(act::carry_out(context, case, &claim, clock).await?)),
            Begun::Taken(taken) => return Ok(Ok(*taken)),
            Begun::Changed if fleet.cooldown_until.is_some_and(|until| step == 0 && until > now) => {
                let until = fleet.cooldown_until.unwrap_or(now);
                return Ok(Err(DeclineReason::CoolingDown { until }));
            }
            Begun::Changed => {}
        }
    }
    bail!("the next step of {} was overtaken by others: it is tried again later", stored.incident)
}

/// Goes on with what was begun: starts the instance once it has stopped, follows a command to its end.
async fn complete(
    context: &Context,
    case: &Case,
    claim: &Claim,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let ClaimState::Underway { action } = claim.state else { return Ok(claim.clone()) };
    let settled = match (action, claim.remembered()) {
        (Action::SsmDocument, Some(Remembered::Command { id })) => follow(context, case, claim, id, clock()).await?,
        (Action::SsmDocument, _) => Some(ClaimState::Unknown { action }),
        _ => start_again(context, case, claim, action, clock()).await?,
    };
    match settled {
        Some(state) => Ok(context.remediations.settle(claim, state, clock()).await?),
        None => Ok(claim.clone()),
    }
}

async fn follow(
    context: &Context,
    case: &Case,
    claim: &Claim,
    command: &str,
    now: Timestamp,
) -> anyhow::Result<Option<ClaimState>> {
    let action = Action::SsmDocument;
    Ok(match context.fleet.command(&case.subject.id, command).await? {
        CommandState::Succeeded => Some(ClaimState::Finished { action }),
        CommandState::Ended(word) => {
            Some(ClaimState::Failed { action, error: format!("Systems Manager says {word} of the command {command}") })
        }
        CommandState::Running if claim.is_overdue(now) => {
            Some(ClaimState::Failed { action, error: format!("the command {command} has not ended") })
        }
        CommandState::Running => None,
    })
}

async fn start_again(
    context: &Context,
    case: &Case,
    claim: &Claim,
    action: Action,
    now: Timestamp,
) -> anyhow::Result<Option<ClaimState>> {
    let id = &case.subject.id;
    let instance = context.fleet.instance(id).await?;
    // A start gives a new launch time. Without one, EC2 only shows it running because the stop has not begun to show.
    let was_started = instance.as_ref().and_then(|instance| instance.launched_at) > claim.acted_at();
    let state = instance.map(|instance| instance.state);
    Ok(match state.as_deref() {
        Some("running" | "pending") if was_started => Some(ClaimState::Finished { action }),
        Some("stopped") if context.remediations.control().await?.stopped.is_none() => {
            Some(match context.fleet.start(id).await {
                Ok(()) => ClaimState::Finished { action },
                Err(error) => ClaimState::Failed { action, error: format!("it is stopped, and {error}") },
            })
        }
        other if claim.is_overdue(now) => {
            let state = other.unwrap_or("gone");
            Some(ClaimState::Failed { action, error: format!("the instance is {state}, and was not started again") })
        }
        _ => None,
    })
}

/// Judges the effect of a step: healed, the next step, or people.
async fn verify(
    context: &Context,
    case: &Case,
    claim: &Claim,
    action: Action,
    since: Timestamp,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let now = clock();
    let outcome = if action.heals() {
        let settled_by = since + claim.settle();
        if now < settled_by {
            return Ok(claim.clone());
        }
        let (judgement, unread) = if action == Action::AsgReplace {
            // The new instance has other streams, and no incident.
            (observe::replacement(context, case, claim, settled_by, now).await?, Vec::new())
        } else {
            let observed = observe::observe(context, case, since, now).await?;
            match judge(&case.incident.anomaly, &observed, settled_by, now) {
                // Logs cost by the gigabyte: they are asked only where all else speaks for it.
                Judgement::Healed => symptoms::ask_again(context, case, since, settled_by, now).await?,
                other => (other, Vec::new()),
            }
        };
        match judgement {
            Judgement::NotYet { .. } => return Ok(claim.clone()),
            Judgement::Healed => {
                let healed = ClaimState::Healed { action, unread };
                return Ok(context.remediations.settle(claim, healed, now).await?);
            }
            Judgement::NotHealed { why } => why,
        }
    } else if matches!(action, Action::Isolate | Action::DisableAccessKey) {
        match observe::containment(context, case, claim).await? {
            None => return Ok(context.remediations.settle(claim, ClaimState::Contained { action }, now).await?),
            Some(why) => why,
        }
    } else {
        "taken".to_owned()
    };
    match claim.next_step() {
        Some(step) if step.action.changes_something() => next(context, case, claim, step, &outcome, clock).await,
        _ => escalate(context, claim, outcome, now).await,
    }
}

async fn next(
    context: &Context,
    case: &Case,
    claim: &Claim,
    step: Step,
    outcome: &str,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    match start(context, case, claim, claim, claim.step() + 1, Some(outcome), clock).await? {
        Ok(claim) => Ok(claim),
        Err(reason) => {
            let why = format!("{outcome}; the next step, a {}, was declined: {reason}", step.action);
            escalate(context, claim, why, clock()).await
        }
    }
}

async fn escalate(context: &Context, claim: &Claim, why: String, now: Timestamp) -> anyhow::Result<Claim> {
    Ok(context.remediations.settle(claim, ClaimState::Escalated { why }, now).await?)
}
