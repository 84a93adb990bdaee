//! What the instance stands on fails: status checks, hardware, volumes, or AWS taking the instance away.

use jiff::{SignedDuration, Timestamp};

use super::super::case::Case;
use super::super::change::ChangeKind;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::deploy::deployed;
use super::told;
use crate::evidence::{InstanceCondition, ScheduledEvent};
use crate::severity::Severity;

pub(super) const KIND: &str = "infrastructure_failure";

/// An event that AWS scheduled for later does nothing yet. A retirement does: its host is failing already.
const SOON: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::Critical,
        "Look at aws ec2 describe-instance-status and the AWS Health dashboard; stop and start the instance to move it to another host.",
    )
    .logs(facts);
    if let Some(failed) = facts.of_family(Family::Status) {
        let system = failed.metric.name.ends_with("_System");
        case = case.supports_if(failed.during > 0.0, if system { 0.85 } else { 0.6 }, told(failed)).contradicts_if(
            failed.during == 0.0,
            0.15,
            "the status checks pass",
        );
    }
    if let Some(state) = facts.state {
        case = by_state(case, state, facts.onset);
    }
    // Somebody stopped or rebooted it: no failure of the hardware, yet it explains what looks like one.
    let touching = facts.changes_of(&[ChangeKind::Lifecycle]).into_iter().find(|(change, _)| change.touches.is_some());
    if let Some((change, nearness)) = touching {
        case = case.supports(0.7 * nearness, deployed(change));
    }
    case.finish()
}

/// What EC2 says of the instance.
fn by_state(case: Case, state: &InstanceCondition, onset: Option<Timestamp>) -> Case {
    let impaired = |check: &str| check == "impaired";
    // `Server.…` is AWS's doing, `Client.…` somebody's of the account.
    let by_aws = state.reason.starts_with("Server.");
    let kept = if state.is_spot { ", a spot instance," } else { "" };
    let mut case = case
        .supports_if(impaired(&state.system_check), 0.85, "the check of the underlying host fails")
        .supports_if(impaired(&state.instance_check), 0.5, "the check of the instance fails")
        .supports_if(by_aws, 0.9, format!("AWS took the instance{kept} away: it is {}: {}", state.state, state.reason))
        .supports_if(
            !by_aws && !state.reason.is_empty() && state.state != "running",
            0.5,
            format!("the instance is {}: {}", state.state, state.reason),
        );
    for event in state.events.iter().filter(|event| !event.is_over()) {
        case = case.supports(weight(event, onset), event.text());
    }
    case
}

fn weight(event: &ScheduledEvent, onset: Option<Timestamp>) -> f64 {
    let has_begun = match (event.not_before, onset) {
        (Some(begin), Some(onset)) => begin.duration_since(onset) <= SOON,
        _ => true,
    };
    match (event.code.as_str(), has_begun) {
        (_, true) => 0.75,
        ("instance-retirement" | "instance-stop", false) => 0.45,
        (_, false) => 0.1,
    }
}
