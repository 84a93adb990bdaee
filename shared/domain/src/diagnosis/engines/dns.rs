//! Names are not resolved.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use crate::severity::Severity;

pub(super) const KIND: &str = "dns_failure";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let next = "Ask the resolver yourself (dig, resolvectl query), and look at the VPC's DNS settings and the zone.";
    Case::new(KIND, Severity::High, next).logs(facts).finish()
}
