//! Something that the resource calls does not answer, or answers too late.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "dependency_failure";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "See which address is named in the errors and whether it answers (curl, its own dashboard, its status page).",
    )
    .logs(facts);
    let said = !case.is_empty();
    let idle = facts.fell(Family::Cpu).or_else(|| facts.fell(Family::Arrivals)).or_else(|| facts.fell(Family::Sent));
    if let Some(idle) = idle.filter(|_| said) {
        case = case.supports(0.2, format!("the resource waits rather than works: {}", told(idle)));
    }
    if let Some(slow) = facts.rose(Family::Latency).filter(|_| said) {
        case = case.supports(0.2, told(slow));
    }
    case.supports_if(
        said && facts.blast.is_wide(),
        0.15,
        format!("others that call it suffer too: {}", facts.blast.text()),
    )
    .finish()
}
