//! The host, the volume or the network gives less than the instance asks for: steal time, burst balance, allowances.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "noisy_neighbour";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "Stop and start the instance to move it to another host, or take a type or volume with more of what ran out.",
    )
    .logs(facts);
    if let Some(steal) = facts.rose(Family::Steal) {
        case = case.supports(0.65, told(steal));
    }
    if let Some(balance) = facts.fell(Family::Burst).filter(|balance| balance.during <= 5.0) {
        case = case.supports(0.65, told(balance));
    }
    case.finish()
}
