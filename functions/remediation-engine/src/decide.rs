//! The first delivery: load → decide → claim → act.

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::Begun;
use nightjar_domain::remediation::{
    Act, Action, Announcement, Claim, ClaimState, FleetState, GROUP_TAG, IAM_USER, Mode, OpenRun, Plan, Policies,
    Remembered, Run, Step, UserState, plan,
};
use nightjar_domain::resource::EC2_INSTANCE;

use crate::act;
use crate::context::Context;
use crate::handler::Case;

/// Rounds in which the decision is taken again, because what it rests on changed while it was taken.
const ROUNDS: usize = 10;

/// Everything a decision looks at, read now.
pub async fn look(context: &Context, case: &Case, policies: &Policies) -> anyhow::Result<FleetState> {
    let resource = &case.subject;
    let (mut instance, mut user, mut group) = (None, None, None);
    match resource.kind.as_str() {
        // The same id may mean another machine here: nobody looks, and the belt says why nothing is done.
        _ if policies.bounds.elsewhere(resource).is_some() => {}
        EC2_INSTANCE => instance = context.fleet.instance(&resource.id).await?,
        IAM_USER => user = look_at_user(context, case).await?,
        // Nothing is known to be done to anything else: the policies and belts say so.
        _ => {}
    }
    if let Some(instance) = &mut instance {
        if policies.document.may(Action::is_on_group)
            && let Some(name) = instance.group()
        {
            group = context.fleet.group(name).await?;
        }
        if policies.document.may(|action| action == Action::SsmDocument) {
            instance.is_managed = context.fleet.is_managed(&resource.id).await?;
        }
    }
    let tag = &policies.bounds.product_tag;
    let product_members = match instance.as_ref().and_then(|instance| instance.tags.get(tag)) {
        Some(product) => context.fleet.running(tag, product).await?,
        None => 0,
    };
    Ok(FleetState {
        subject: Some(resource.clone()),
        user,
        instance,
        group,
        product_members,
        cooldown_until: context.remediations.cooldown_until(&resource.arn).await?,
        incident_status: context.incidents.get(&case.incident.id).await?.map(|stored| stored.incident.status),
        control: context.remediations.control().await?,
        ledger: context.remediations.ledger().await?,
    })
}

/// The user behind an attack, with the keys that the events name.
pub async fn look_at_user(context: &Context, case: &Case) -> anyhow::Result<Option<UserState>> {
    let name = case.subject.arn.rsplit('/').next().unwrap_or_default();
    let Some(mut user) = context.fleet.iam_user(name).await? else { return Ok(None) };
    user.named = case.incident.security.as_ref().map(|story| story.access_keys.clone()).unwrap_or_default();
    Ok(Some(user))
}

/// Decides, and stores the decision. Returns what is stored then. `before` is an earlier decision to leave an attack alone: it
/// stays unless there is something to do now.
pub async fn decide(
    context: &Context,
    case: &Case,
    before: Option<&Claim>,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let policies = context.policies();
    for _ in 0..ROUNDS {
        let fleet = look(context, case, &policies).await?;
        let now = clock();
        let (policy, steps, mode) = match plan(&case.incident, &policies, &fleet, now) {
            Plan::Declined { .. } if before.is_some() => break,
            Plan::Declined { reason } => {
                let claim = first_claim(context, case, ClaimState::Declined(reason), None, now);
                return Ok(context.remediations.note(&claim).await?);
            }
            Plan::Planned { policy, steps, mode } => (policy, steps, mode),
        };
        let (Some(first), Some(fingerprint)) = (steps.first().cloned(), fleet.fingerprint()) else {
            bail!("the policy {policy} planned nothing for {}", case.incident.id);
        };
        let mut ledger = fleet.ledger.clone();
        let (state, cooldown) = match mode {
            Mode::Off | Mode::DryRun if before.is_some() => break,
            Mode::Off | Mode::DryRun => {
                let state = ClaimState::Rehearsed { action: first.action };
                let claim = first_claim(context, case, state, None, now);
                return Ok(context.remediations.note(&claim).await?);
            }
            Mode::Approve => {
                ledger.wait(open_run(case, &policy, now), now);
                let minutes = i64::from(policies.document.limits.approval_minutes);
                let state = ClaimState::AwaitingApproval {
                    action: first.action,
                    until: now + SignedDuration::from_mins(minutes),
                    fingerprint,
                    decision: None,
                };
                (state, None)
            }
            Mode::Auto => {
                ledger.act(note_of(case, &policies, &fleet, &first, now), &policy, now);
                (ClaimState::Started { action: first.action }, Some(now + policies.bounds.cooldown))
            }
        };
        let run = Run {
            policy,
            steps,
            step: 0,
            trace: case.trace.clone(),
            tried: Vec::new(),
            acted_at: (mode == Mode::Auto).then_some(now),
            approved_by: None,
            remembered: Remembered::before(first.action, &fleet).filter(|_| mode == Mode::Auto),
        };
        let claim = first_claim(context, case, state, Some(run), now);
        match context.remediations.begin(before, &claim, cooldown, fleet.ledger.version, &ledger).await? {
            Begun::Won => return act::carry_out(context, case, &claim, clock).await,
            Begun::Taken(taken) => return Ok(*taken),
            Begun::Changed => {}
        }
    }
    match before {
        Some(before) => Ok(before.clone()),
        None => bail!(
            "the decision on {} was overtaken {ROUNDS} times by others: this delivery is retried later",
            case.incident.id
        ),
    }
}

/// The ledger's note of a step.
pub fn note_of(case: &Case, policies: &Policies, fleet: &FleetState, step: &Step, now: Timestamp) -> Act {
    let tag = |key: &str| fleet.instance.as_ref()?.tags.get(key).cloned();
    Act {
        incident: case.incident.id.clone(),
        resource_arn: case.subject.arn.clone(),
        action: step.action,
        group: tag(GROUP_TAG),
        product: tag(&policies.bounds.product_tag),
        at: now,
        open: true,
    }
}

fn open_run(case: &Case, policy: &str, now: Timestamp) -> OpenRun {
    OpenRun {
        incident: case.incident.id.clone(),
        resource_arn: case.subject.arn.clone(),
        policy: policy.to_owned(),
        since: now,
        waiting: true,
        counted: false,
    }
}

fn first_claim(context: &Context, case: &Case, state: ClaimState, run: Option<Run>, now: Timestamp) -> Claim {
    let settled = !matches!(state, ClaimState::Started { .. });
    Claim {
        incident: case.incident.id.clone(),
        resource_arn: case.subject.arn.clone(),
        state,
        claimed_at: now,
        lease_until: now + context.settings.lease,
        settled_at: settled.then_some(now),
        announcement: Announcement::Due,
        run,
    }
}
