//! A file system is full, of bytes or of inodes.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "disk_full";

/// Percent in use from which writes fail soon; file systems keep some for root.
const NEARLY_FULL: f64 = 95.0;
const PLENTY_LEFT: f64 = 85.0;

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::Critical,
        "Find what fills it (df -h, df -i, du -x), free space or grow the volume, then restart what stopped writing.",
    )
    .logs(facts);
    if let Some(used) = facts.of_family(Family::Disk) {
        case = case.supports_if(used.during >= NEARLY_FULL, 0.65, told(used)).contradicts_if(
            used.during < PLENTY_LEFT,
            0.3,
            format!("only {:.0} % of the disk is in use", used.during),
        );
    }
    if let Some(free) = facts.fell(Family::FreeDisk) {
        case = case.supports(if free.during < free.usual * 0.05 { 0.65 } else { 0.3 }, told(free));
    }
    case.finish()
}
