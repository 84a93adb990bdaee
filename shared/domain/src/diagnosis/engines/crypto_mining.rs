//! A program mines coins on the machine.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "crypto_mining";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::Critical,
        "Isolate the instance (a security group without rules), keep its disk for the inquiry, and rotate every credential on it.",
    )
    .logs(facts);
    let said = !case.is_empty();
    if let Some(cpu) = facts.of_family(Family::Cpu).filter(|cpu| said && cpu.during >= 85.0) {
        case = case.supports(0.4, told(cpu));
    }
    case.finish()
}
