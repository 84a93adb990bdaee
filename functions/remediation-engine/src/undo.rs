//! Takes a step back: to what it was before, and only where nobody changed it since.

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_domain::remediation::{Action, Claim, ClaimState, FleetState, Mode, Remembered, Way, way_back};

use crate::context::Context;
use crate::handler::Case;
use crate::report;

/// Takes the last step of an ended run back. Setting what was there before is harmless to repeat, so nothing is claimed.
pub async fn undo(
    context: &Context,
    case: &Case,
    claim: &Claim,
    action: Action,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Claim> {
    let ClaimState::UndoRequested { by, .. } = &claim.state else { return Ok(claim.clone()) };
    if context.remediations.control().await?.stopped.is_some() {
        return Ok(claim.clone());
    }
    let state = match attempt(context, case, claim, by, action).await? {
        Ok(()) => ClaimState::Undone { action, by: by.clone() },
        Err(error) => ClaimState::UndoFailed { action, error },
    };
    Ok(context.remediations.settle(claim, state, clock()).await?)
}

async fn attempt(
    context: &Context,
    case: &Case,
    claim: &Claim,
    by: &str,
    action: Action,
) -> anyhow::Result<Result<(), String>> {
    let way = match look_back(context, case, claim).await? {
        Ok(way) => way,
        Err(objection) => return Ok(Err(objection)),
    };
    context.audit.record(&[report::undoing(case, action, claim, by)]).await?;
    let fleet = &context.fleet;
    let done = match way {
        Way::Nothing => Ok(()),
        Way::SecurityGroups(groups) => fleet.set_security_groups(&case.subject.id, &groups).await,
        Way::Capacity { group, desired } => fleet.set_capacity(&group, desired).await,
        Way::AccessKeys { user, keys } => {
            let mut done = Ok(());
            for key in keys {
                done = done.and(fleet.set_access_key(&user, &key, true).await);
            }
            done
        }
    };
    Ok(done.map_err(|error| error.to_string()))
}

/// Looks at what the step changed, and decides.
async fn look_back(context: &Context, case: &Case, claim: &Claim) -> anyhow::Result<Result<Way, String>> {
    let bounds = &context.settings.bounds;
    if bounds.mode < Mode::Approve {
        return Ok(Err(format!("remediation is in mode {}", bounds.mode)));
    }
    if let Some(reason) = bounds.elsewhere(&case.subject) {
        return Ok(Err(reason.to_string()));
    }
    let remembered = claim.remembered().context("the claim remembers nothing")?;
    let fleet = &context.fleet;
    let mut now = FleetState::default();
    match remembered {
        Remembered::SecurityGroups { .. } => now.instance = fleet.instance(&case.subject.id).await?,
        Remembered::Capacity { group, .. } => now.group = fleet.group(group).await?,
        Remembered::AccessKeys { user, .. } => now.user = fleet.iam_user(user).await?,
        Remembered::Command { .. } => {}
    }
    Ok(way_back(remembered, claim.current_step(), &now, &bounds.protected_tag))
}
