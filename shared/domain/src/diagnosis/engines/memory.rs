//! Memory is used up: by the kernel's word, a runtime's, or the memory metric at its limit.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "memory_exhaustion";

/// Percent of memory in use from which little is left for a burst.
const NEARLY_ALL: f64 = 92.0;
/// Percent in use at which memory is plainly not short.
const PLENTY_LEFT: f64 = 75.0;

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::Critical,
        "See which process grew (ps --sort=-rss, dmesg -T | grep -i oom), restart it, then give it a limit or more memory.",
    )
    .logs(facts);
    if let Some(used) = facts.of_family(Family::Memory) {
        let full = used.during >= NEARLY_ALL;
        let first = facts.moved_first(used);
        case = case
            .supports_if(full, 0.6, told(used))
            .supports_if(full && first, 0.2, format!("{} moved before {}", used.metric.name, anomalous(facts)))
            .contradicts_if(used.during < PLENTY_LEFT, 0.3, format!("only {:.0} % of memory is in use", used.during));
    }
    if let Some(free) = facts.fell(Family::FreeMemory) {
        case = case.supports(if free.during < free.usual * 0.1 { 0.6 } else { 0.3 }, told(free));
    }
    case.finish()
}

fn anomalous<'a>(facts: &'a Facts<'_>) -> &'a str {
    facts.anomaly.map_or("the metric", |anomaly| anomaly.metric.name.as_str())
}
