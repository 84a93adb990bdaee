//! A quota is reached and calls are refused.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "throttling";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "Find who uses the quota up, slow them down or retry with back-off, and ask for a higher limit if the load is real.",
    )
    .logs(facts);
    if let Some(refused) = facts.rose(Family::Throttles) {
        case = case.supports(0.65, told(refused));
    }
    case.finish()
}
