//! Takes a step back: to what it was before, and only where nobody changed it since.

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_domain::remediation::{Action, Claim, ClaimState, Mode, Remembered};

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

/// What to set where, unless it is as before already.
enum Way {
    Nothing,
    SecurityGroups(Vec<String>),
    Capacity(String, u32),
}

async fn attempt(
    context: &Context,
    case: &Case,
    claim: &Claim,
    by: &str,
    action: Action,
) -> anyhow::Result<Result<(), String>> {
    let way = match way_back(context, case, claim).await? {
        Ok(way) => way,
        Err(objection) => return Ok(Err(objection)),
    };
    context.audit.record(&[report::undoing(case, action, claim, by)]).await?;
    let done = match way {
        Way::Nothing => Ok(()),
        Way::SecurityGroups(groups) => {
            context.fleet.set_security_groups(&case.incident.anomaly.resource.id, &groups).await
        }
        Way::Capacity(group, desired) => context.fleet.set_capacity(&group, desired).await,
    };
    Ok(done.map_err(|error| error.to_string()))
}

async fn way_back(context: &Context, case: &Case, claim: &Claim) -> anyhow::Result<Result<Way, String>> {
    let bounds = &context.settings.bounds;
    if bounds.mode < Mode::Approve {
        return Ok(Err(format!("remediation is in mode {}", bounds.mode)));
    }
    let remembered = claim.remembered().context("the claim remembers nothing")?;
    match remembered {
        Remembered::SecurityGroups { groups } => {
            let quarantine = claim.current_step().and_then(|step| step.security_group.clone());
            let Some(instance) = context.fleet.instance(&case.incident.anomaly.resource.id).await? else {
                return Ok(Err("the instance no longer exists".to_owned()));
            };
            if instance.tags.contains_key(&bounds.protected_tag) {
                return Ok(Err(format!("the instance is protected by the tag {}", bounds.protected_tag)));
            }
            let now = &instance.security_groups;
            Ok(if now == groups {
                Ok(Way::Nothing)
            } else if now.iter().eq(&quarantine) {
                Ok(Way::SecurityGroups(groups.clone()))
            } else {
                Err(format!("somebody changed its security groups since: they are {}", now.join(", ")))
            })
        }
        Remembered::Capacity { group, desired } => {
            let Some(found) = context.fleet.group(group).await? else {
                return Ok(Err(format!("the group {group} no longer exists")));
            };
            if found.tags.contains_key(&bounds.protected_tag) {
                return Ok(Err(format!("the group is protected by the tag {}", bounds.protected_tag)));
            }
            Ok(match found.desired {
                now if now == *desired => Ok(Way::Nothing),
                now if now == desired + 1 => Ok(Way::Capacity(group.clone(), *desired)),
                now => Err(format!("somebody changed the capacity of {group} since: it is {now}")),
            })
        }
        Remembered::Command { .. } => Ok(Err("a document cannot be taken back".to_owned())),
    }
}
