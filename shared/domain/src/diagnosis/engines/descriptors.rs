//! A process or the system has no file descriptors left.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "file_descriptor_exhaustion";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::Critical,
        "See who holds them (ls /proc/PID/fd | wc -l, ss -s), raise the limit (LimitNOFILE) and look for what never closes.",
    )
    .logs(facts);
    if let Some(open) = facts.rose(Family::Descriptors) {
        case = case.supports(0.5, told(open));
    }
    case.finish()
}
