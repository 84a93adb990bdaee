//! Transactions or threads wait for each other.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use crate::severity::Severity;

pub(super) const KIND: &str = "lock_contention";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let next = "Find the holder (pg_locks, SHOW ENGINE INNODB STATUS, a thread dump) and end it; then look at the order in which locks are taken.";
    Case::new(KIND, Severity::High, next).logs(facts).finish()
}
