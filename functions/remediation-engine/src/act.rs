//! Carrying out a step that was won.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nightjar_domain::remediation::{Action, Claim, ClaimState, DeclineReason, Remembered};

use crate::context::Context;
use crate::handler::Case;
use crate::report;

/// Carries out the step of a claim that this delivery has just won, and settles it.
pub async fn carry_out(
    context: &Context,
    case: &Case,
    claim: &Claim,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let ClaimState::Started { action } = claim.state else { return Ok(claim.clone()) };
    // Whatever was decided: with these credentials nothing elsewhere is touched.
    if let Some(reason) = context.settings.bounds.elsewhere(&case.subject) {
        return Ok(context.remediations.settle(claim, ClaimState::Declined(reason), clock()).await?);
    }
    context.audit.record(&[report::started(case, action, claim)]).await?;
    // Thrown since the claim was won: the switch counts up to the last moment.
    if let Some(stop) = context.remediations.control().await?.stopped {
        let reason = DeclineReason::Stopped { by: stop.by, at: stop.at, why: stop.why };
        return Ok(context.remediations.settle(claim, ClaimState::Declined(reason), clock()).await?);
    }
    let (state, remembered) = match call(context, case, claim, action).await {
        Ok((state, command)) => (state, command.or_else(|| claim.remembered().cloned())),
        Err(error) => {
            tracing::error!(incident = %case.incident.id, error = %format!("{error:#}"), "the {action} failed");
            (ClaimState::Failed { action, error: format!("{error:#}") }, claim.remembered().cloned())
        }
    };
    let settled = claim.settled(state, clock()).remembering(remembered);
    Ok(context.remediations.replace(claim, settled).await?.whoever())
}

async fn call(
    context: &Context,
    case: &Case,
    claim: &Claim,
    action: Action,
) -> anyhow::Result<(ClaimState, Option<Remembered>)> {
    let (fleet, instance) = (&context.fleet, &case.subject.id);
    let step = claim.current_step().context("the claim has no step to carry out")?;
    match action {
        Action::Reboot => fleet.reboot(instance).await?,
        Action::StopStart => {
            fleet.stop(instance).await?;
            return Ok((ClaimState::Underway { action }, None));
        }
        Action::SnapshotFirst => snapshot(context, case).await?,
        Action::Isolate => {
            let quarantine = step.security_group.clone().context("the step names no security group")?;
            fleet.set_security_groups(instance, &[quarantine]).await?;
        }
        Action::SsmDocument => {
            let document = step.document.as_deref().context("the step names no document")?;
            let id = fleet.send_command(instance, document, &step.parameters, &comment_of(claim)).await?;
            return Ok((ClaimState::Underway { action }, Some(Remembered::Command { id })));
        }
        Action::AsgReplace => fleet.replace(instance).await?,
        Action::ScaleOut => match claim.remembered() {
            // Absolute, and from what was there when it was decided: to ask twice is to ask once.
            Some(Remembered::Capacity { group, desired }) => fleet.set_capacity(group, desired + 1).await?,
            _ => bail!("the group's capacity was not remembered"),
        },
        Action::DisableAccessKey => match claim.remembered() {
            Some(Remembered::AccessKeys { user, keys }) => {
                for key in keys {
                    fleet.set_access_key(user, key, false).await?;
                }
            }
            _ => bail!("the user's keys were not remembered"),
        },
        Action::NotifyOnly => {
            return Ok((ClaimState::Escalated { why: "the runbook leaves it to people".to_owned() }, None));
        }
    }
    Ok((ClaimState::Finished { action }, None))
}

/// How a command of Systems Manager is found again: one for each step.
pub fn comment_of(claim: &Claim) -> String {
    format!("nightjar {}#{}", claim.incident, claim.step() + 1)
}

/// A snapshot of every volume that has none of this incident yet: repeating it takes none twice.
async fn snapshot(context: &Context, case: &Case) -> anyhow::Result<()> {
    for volume in missing_snapshots(context, case).await? {
        context.fleet.snapshot(&volume, &context.settings.incident_tag, case.incident.id.as_str()).await?;
    }
    Ok(())
}

/// The volumes of the instance without a snapshot of this incident.
pub async fn missing_snapshots(context: &Context, case: &Case) -> anyhow::Result<Vec<String>> {
    let id = &case.subject.id;
    let instance = context.fleet.instance(id).await?.with_context(|| format!("{id} no longer exists"))?;
    let taken = context.fleet.snapshots(&context.settings.incident_tag, case.incident.id.as_str()).await?;
    Ok(instance.volumes.into_iter().filter(|volume| !taken.contains(volume)).collect())
}
