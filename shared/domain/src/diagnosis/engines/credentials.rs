//! The resource's own credentials are refused: expired, revoked, or of too little permission.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use crate::severity::Severity;

pub(super) const KIND: &str = "authentication_failure";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let next = "See whose credentials are refused, renew them or give back the permission, then restart what keeps the old ones.";
    Case::new(KIND, Severity::High, next).logs(facts).finish()
}
