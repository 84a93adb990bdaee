//! Somebody tries names and passwords: many failed logins that were not there before.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use crate::severity::Severity;

pub(super) const KIND: &str = "brute_force";

/// Fewer failed logins are people who forgot their password.
const A_BURST: u64 = 10;

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let attempts: u64 = facts
        .readings
        .iter()
        .filter(|reading| reading.supports(KIND) >= 0.1)
        .map(|reading| reading.pattern.count)
        .sum();
    Case::new(
        KIND,
        Severity::High,
        "Block the addresses in the lines (security group, WAF, fail2ban), turn password logins off, and look for one that succeeded.",
    )
    .logs(facts)
    .supports_if(attempts >= 5 * A_BURST, 0.3, format!("{attempts} failed logins in the window"))
    .contradicts_if(attempts < A_BURST, 0.5, format!("only {attempts} failed logins: people mistype"))
    .finish()
}
