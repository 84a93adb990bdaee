//! What the instance stands on fails: status checks, hardware, volumes, or AWS taking the instance away.

use super::super::case::Case;
use super::super::change::ChangeKind;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::deploy::deployed;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "infrastructure_failure";

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
    // Somebody stopped or rebooted it: no failure of the hardware, yet it explains what looks like one.
    let touching = facts.changes_of(&[ChangeKind::Lifecycle]).into_iter().find(|(change, _)| change.touches.is_some());
    if let Some((change, nearness)) = touching {
        case = case.supports(0.7 * nearness, deployed(change));
    }
    case.finish()
}
