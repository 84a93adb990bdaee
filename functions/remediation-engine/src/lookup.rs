//! Looks in CloudTrail whether an action was carried out, when the function that claimed it left no word.

use anyhow::Context as _;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use jiff::Timestamp;
use nightjar_domain::remediation::Action;

/// Whether CloudTrail knows of `action` on the instance since `since`. `false` proves nothing: CloudTrail may be up to
/// 15 minutes late.
pub async fn was_carried_out(
    client: &Client,
    instance: &str,
    action: Action,
    since: Timestamp,
) -> anyhow::Result<bool> {
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
    Ok(answer.events().iter().any(|event| event.event_name() == Some(event_name(action))))
}

fn event_name(action: Action) -> &'static str {
    match action {
        Action::Reboot => "RebootInstances",
    }
}
