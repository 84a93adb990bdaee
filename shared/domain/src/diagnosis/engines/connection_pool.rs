//! All connections of a pool, or all that a server accepts, are taken.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "connection_pool_exhaustion";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "Find who holds connections (pg_stat_activity, SHOW PROCESSLIST), end the long ones, then mend the leak or the limit.",
    )
    .logs(facts);
    if let Some(open) = facts.rose(Family::Connections) {
        case = case.supports(0.4, told(open));
    }
    case.finish()
}
