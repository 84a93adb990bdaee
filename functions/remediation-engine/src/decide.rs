//! The first delivery: load → decide → claim → act.

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::Begun;
use nightjar_domain::remediation::{
    Act, Action, Announcement, Claim, ClaimState, FleetState, GROUP_TAG, InstanceState, Mode, OpenRun, Plan, Policies,
    Remembered, Run, Step, plan,
};

use crate::act;
use crate::context::Context;
use crate::handler::Case;

/// Rounds in which the decision is taken again, because what it rests on changed while it was taken.
const ROUNDS: usize = 10;

/// Everything a decision looks at, read now.
pub async fn look(context: &Context, case: &Case, policies: &Policies) -> anyhow::Result<FleetState> {
    let resource = &case.incident.anomaly.resource;
    let mut instance = context.fleet.instance(&resource.id).await?;
    let mut group = None;
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
        instance,
        group,
        product_members,
        cooldown_until: context.remediations.cooldown_until(&resource.arn).await?,
        incident_status: context.incidents.get(&case.incident.id).await?.map(|stored| stored.incident.status),
        control: context.remediations.control().await?,
        ledger: context.remediations.ledger().await?,
    })
}

/// Decides, and stores the decision. Returns what is stored then.
pub async fn decide(context: &Context, case: &Case, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Claim> {
    let policies = context.policies();
    for _ in 0..ROUNDS {
        let fleet = look(context, case, &policies).await?;
        let now = clock();
        let (policy, steps, mode) = match plan(&case.incident, &policies, &fleet, now) {
            Plan::Declined { reason } => {
                let claim = first_claim(context, case, ClaimState::Declined(reason), None, now);
                return Ok(context.remediations.note(&claim).await?);
            }
            Plan::Planned { policy, steps, mode } => (policy, steps, mode),
        };
        let (Some(first), Some(instance)) = (steps.first().cloned(), fleet.instance.as_ref()) else {
            bail!("the policy {policy} planned nothing for {}", case.incident.id);
        };
        let mut ledger = fleet.ledger.clone();
        let (state, cooldown) = match mode {
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
                    fingerprint: instance.fingerprint(),
                    decision: None,
                };
                (state, None)
            }
            Mode::Auto => {
                ledger.act(note_of(case, &policies, instance, &first, now), &policy, now);
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
        match context.remediations.begin(None, &claim, cooldown, fleet.ledger.version, &ledger).await? {
            Begun::Won => return act::carry_out(context, case, &claim, clock).await,
            Begun::Taken(taken) => return Ok(*taken),
            Begun::Changed => {}
        }
    }
    bail!("the decision on {} was overtaken {ROUNDS} times by others: this delivery is retried later", case.incident.id)
}

/// The ledger's note of a step.
pub fn note_of(case: &Case, policies: &Policies, instance: &InstanceState, step: &Step, now: Timestamp) -> Act {
    let tag = |key: &str| instance.tags.get(key).cloned();
    Act {
        incident: case.incident.id.clone(),
        resource_arn: case.incident.anomaly.resource.arn.clone(),
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
        resource_arn: case.incident.anomaly.resource.arn.clone(),
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
        resource_arn: case.incident.anomaly.resource.arn.clone(),
        state,
        claimed_at: now,
        lease_until: now + context.settings.lease,
        settled_at: settled.then_some(now),
        announcement: Announcement::Due,
        run,
    }
}
