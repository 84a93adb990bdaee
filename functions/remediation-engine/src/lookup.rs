//! Looks whether a step was carried out, when the function that claimed it left no word.

use anyhow::Context as _;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use nightjar_domain::remediation::{Action, Claim, ClaimState, InstanceState, Remembered};

use crate::context::Context;
use crate::handler::Case;
use crate::{act, observe};

/// What became of `action` since `since`, as far as AWS knows. `Unknown` proves nothing: CloudTrail may be up to 15 minutes late.
pub async fn what_became(
    context: &Context,
    case: &Case,
    claim: &Claim,
    action: Action,
    since: Timestamp,
) -> anyhow::Result<(ClaimState, Option<Remembered>)> {
    let (fleet, id) = (&context.fleet, &case.subject.id);
    let instance = async || Ok::<_, anyhow::Error>(fleet.instance(id).await?);
    let in_state = |found: &Option<InstanceState>, states: &[&str]| {
        found.as_ref().is_some_and(|instance| states.contains(&instance.state.as_str()))
    };
    let trail = async |call: &str| in_the_trail(&context.cloudtrail, id, call, since).await;
    let was_carried_out = match action {
        Action::NotifyOnly => false,
        Action::Reboot => trail("RebootInstances").await?,
        Action::StopStart => in_state(&instance().await?, &["stopping", "stopped"]) || trail("StopInstances").await?,
        Action::SnapshotFirst => act::missing_snapshots(context, case).await?.is_empty(),
        Action::Isolate => {
            let quarantine = claim.current_step().and_then(|step| step.security_group.clone());
            instance().await?.is_some_and(|instance| instance.security_groups.iter().eq(&quarantine))
        }
        Action::SsmDocument => {
            let sent = fleet.sent_command(id, &act::comment_of(claim), since).await?;
            return Ok(match sent {
                Some(id) => (ClaimState::Underway { action }, Some(Remembered::Command { id })),
                None => (ClaimState::Unknown { action }, None),
            });
        }
        Action::AsgReplace => {
            let found = instance().await?;
            found.is_none()
                || in_state(&found, &["shutting-down", "terminated"])
                || trail("TerminateInstanceInAutoScalingGroup").await?
        }
        Action::ScaleOut => match claim.remembered() {
            Some(Remembered::Capacity { group, desired }) => {
                fleet.group(group).await?.is_some_and(|group| group.desired > *desired)
            }
            _ => false,
        },
        Action::DisableAccessKey => observe::keys_are_inactive(context, case, claim).await?,
    };
    let state = match (was_carried_out, action) {
        (false, _) => ClaimState::Unknown { action },
        (true, Action::StopStart) => ClaimState::Underway { action },
        (true, _) => ClaimState::Finished { action },
    };
    Ok((state, claim.remembered().cloned()))
}

async fn in_the_trail(client: &Client, instance: &str, call: &str, since: Timestamp) -> anyhow::Result<bool> {
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::ResourceName)
        .attribute_value(instance)
        .build()
        .context("building the CloudTrail look-up")?;
    let answer = client
        .lookup_events()
        .lookup_attributes(attribute)
        .start_time(DateTime::from_secs(since.as_second()))
        .send()
        .await
        .with_context(|| format!("looking up what happened to {instance} in CloudTrail"))?;
    Ok(answer.events().iter().any(|event| event.event_name() == Some(call)))
}
