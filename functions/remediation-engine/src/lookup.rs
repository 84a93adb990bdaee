//! Looks whether a step was carried out, when the function that claimed it left no word.

use anyhow::Context as _;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use nightjar_domain::remediation::Action;

use crate::act;
use crate::context::Context;
use crate::handler::Case;

/// Whether AWS knows of `action` since `since`. `false` proves nothing: CloudTrail may be up to 15 minutes late.
pub async fn was_carried_out(context: &Context, case: &Case, action: Action, since: Timestamp) -> anyhow::Result<bool> {
    let instance = &case.incident.anomaly.resource.id;
    match action {
        Action::Reboot => in_the_trail(&context.cloudtrail, instance, "RebootInstances", since).await,
        Action::StopStart => {
            let state = context.fleet.instance(instance).await?.map(|instance| instance.state);
            if matches!(state.as_deref(), Some("stopping" | "stopped")) {
                return Ok(true);
            }
            in_the_trail(&context.cloudtrail, instance, "StopInstances", since).await
        }
        Action::SnapshotFirst => Ok(act::missing_snapshots(context, case).await?.is_empty()),
        Action::NotifyOnly | Action::Isolate | Action::SsmDocument | Action::AsgReplace | Action::ScaleOut => Ok(false),
    }
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
