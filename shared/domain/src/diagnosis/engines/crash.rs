//! A process ended abnormally and nothing says why. Weak on purpose: most crashes are the end of another story.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use crate::severity::Severity;

pub(super) const KIND: &str = "crash";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let next = "Read the lines right before the first crash and the core dump (coredumpctl), and ask what changed for this process.";
    Case::new(KIND, Severity::High, next).logs(facts).finish()
}
