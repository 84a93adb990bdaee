//! A certificate is expired, not trusted or made for another name.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use crate::severity::Severity;

pub(super) const KIND: &str = "certificate_failure";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let next = "Look at the certificate (openssl s_client -connect HOST:443 -servername HOST), renew it, and reload who presents it.";
    Case::new(KIND, Severity::High, next).logs(facts).finish()
}
