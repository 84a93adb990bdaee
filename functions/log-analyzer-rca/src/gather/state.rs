//! What EC2 says of an instance: how it stands, whether AWS has plans for it, and why it stopped. Two calls by hand: the EC2 SDK
//! would be most of this function.

use jiff::Timestamp;
use nightjar_calls::xml::Element;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::evidence::{InstanceCondition, ScheduledEvent};
use nightjar_domain::resource::EC2_INSTANCE;

use super::Gathered;
use crate::context::Context;

pub(super) const SOURCE: &str = "state of the instance";

const VERSION: &str = "2016-11-15";
/// The elements of which what is inside is wanted.
const CONTAINERS: [&str; 11] = [
    "DescribeInstancesResponse",
    "reservationSet",
    "instancesSet",
    "instanceState",
    "stateReason",
    "item",
    "DescribeInstanceStatusResponse",
    "instanceStatusSet",
    "systemStatus",
    "instanceStatus",
    "eventsSet",
];

/// The instance as it is now; nothing for other kinds of resources.
pub(super) async fn read(context: &Context, anomaly: &Anomaly) -> anyhow::Result<Gathered<Option<InstanceCondition>>> {
    if anomaly.resource.kind != EC2_INSTANCE {
        return Ok(Gathered::default());
    }
    // A filter, where an id that is gone would be an error.
    let by_id = [("Filter.1.Name", "instance-id"), ("Filter.1.Value.1", anomaly.resource.id.as_str())];
    let also_stopped = [("IncludeAllInstances", "true")];
    let status_of: Vec<(&str, &str)> = by_id.iter().chain(&also_stopped).copied().collect();
    let (instances, statuses) = tokio::try_join!(
        context.calls.query("ec2", "DescribeInstances", VERSION, &by_id, &CONTAINERS),
        context.calls.query("ec2", "DescribeInstanceStatus", VERSION, &status_of, &CONTAINERS),
    )?;
    let reservations = instances.members("reservationSet").iter();
    let is_it = |found: &&Element| found.text("instanceId") == anomaly.resource.id;
    let Some(instance) = reservations.flat_map(|item| item.members("instancesSet")).find(is_it) else {
        return Ok(Gathered::gap(SOURCE, format!("EC2 knows no instance {}: it is gone", anomaly.resource.id)));
    };
    let status = statuses.members("instanceStatusSet").iter().find(is_it);
    Ok(Gathered { found: Some(condition(instance, status)), gaps: Vec::new() })
}

fn condition(instance: &Element, status: Option<&Element>) -> InstanceCondition {
    let of = |element: Option<&Element>, name: &str| element.map_or("", |element| element.text(name)).to_owned();
    let check = |name: &str| of(status.and_then(|status| status.child(name)), "status");
    let reason = instance.child("stateReason");
    let events = status.map_or(&[][..], |status| status.members("eventsSet"));
    InstanceCondition {
        state: of(instance.child("instanceState"), "name"),
        reason: match (of(reason, "code"), of(reason, "message")) {
            (code, message) if message.is_empty() || message.starts_with(&code) => message,
            (code, message) => format!("{code}: {message}"),
        },
        launched_at: time(instance.text("launchTime")),
        is_spot: instance.text("instanceLifecycle") == "spot",
        system_check: check("systemStatus"),
        instance_check: check("instanceStatus"),
        events: events.iter().map(event).collect(),
    }
}

fn event(event: &Element) -> ScheduledEvent {
    ScheduledEvent {
        code: event.text("code").to_owned(),
        description: event.text("description").to_owned(),
        not_before: time(event.text("notBefore")),
        not_after: time(event.text("notAfter")),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
