//! Carrying out a step that was won.

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_domain::remediation::{Action, Claim, ClaimState, DeclineReason};

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
    context.audit.record(&[report::started(case, action, claim)]).await?;
    // Thrown since the claim was won: the switch counts up to the last moment.
    if let Some(stop) = context.remediations.control().await?.stopped {
        let reason = DeclineReason::Stopped { by: stop.by, at: stop.at, why: stop.why };
        return Ok(context.remediations.settle(claim, ClaimState::Declined(reason), clock()).await?);
    }
    let state = match call(context, case, action).await {
        Ok(state) => state,
        Err(error) => {
            tracing::error!(incident = %case.incident.id, error = %format!("{error:#}"), "the {action} failed");
            ClaimState::Failed { action, error: format!("{error:#}") }
        }
    };
    Ok(context.remediations.settle(claim, state, clock()).await?)
}

async fn call(context: &Context, case: &Case, action: Action) -> anyhow::Result<ClaimState> {
    let instance = &case.incident.anomaly.resource.id;
    match action {
        Action::Reboot => context.fleet.reboot(instance).await?,
        Action::StopStart => {
            context.fleet.stop(instance).await?;
            return Ok(ClaimState::Underway { action });
        }
        Action::SnapshotFirst => snapshot(context, case).await?,
        Action::NotifyOnly => return Ok(ClaimState::Escalated { why: "the runbook leaves it to people".to_owned() }),
        Action::Isolate | Action::SsmDocument | Action::AsgReplace | Action::ScaleOut => {
            anyhow::bail!("{} is not carried out by this build", action.as_str())
        }
    }
    Ok(ClaimState::Finished { action })
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
    let id = &case.incident.anomaly.resource.id;
    let instance = context.fleet.instance(id).await?.with_context(|| format!("{id} no longer exists"))?;
    let taken = context.fleet.snapshots(&context.settings.incident_tag, case.incident.id.as_str()).await?;
    Ok(instance.volumes.into_iter().filter(|volume| !taken.contains(volume)).collect())
}
