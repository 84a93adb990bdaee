//! Something that the resource calls does not answer, or answers too late. Programs say so in words of their own; what they have
//! in common is that the trouble names the address that was called.

use std::collections::BTreeMap;

use super::super::case::Case;
use super::super::endpoint::endpoint;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "dependency_failure";

/// New trouble that names one address so often is not one request that went wrong.
const A_FEW: u64 = 5;
/// What such trouble says for the address being the cause.
const NAMED_PEER: f64 = 0.45;

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "See which address is named in the errors and whether it answers (curl, its own dashboard, its status page).",
    )
    .logs(facts);
    if let Some((peer, events, weight)) = troubled_peer(facts) {
        let text =
            format!("{events} new warning or error event{} that name {peer}", if events == 1 { "" } else { "s" });
        case = case.supports(weight, text);
    }
    let said = !case.is_empty();
    let idle = facts.fell(Family::Cpu).or_else(|| facts.fell(Family::Arrivals)).or_else(|| facts.fell(Family::Sent));
    if let Some(idle) = idle.filter(|_| said) {
        case = case.supports(0.2, format!("the resource waits rather than works: {}", told(idle)));
    }
    if let Some(slow) = facts.rose(Family::Latency).filter(|_| said) {
        case = case.supports(0.2, told(slow));
    }
    case.supports_if(
        said && facts.blast.is_wide(),
        0.15,
        format!("others that call it suffer too: {}", facts.blast.text()),
    )
    .finish()
}

/// The address that new trouble of no other cause names most often, with the events that do, and what that is worth.
fn troubled_peer<'a>(facts: &'a Facts<'_>) -> Option<(&'a str, u64, f64)> {
    let mut peers: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    for reading in &facts.readings {
        let of_no_other_cause = reading.cause().is_none_or(|cause| cause == KIND);
        if !of_no_other_cause || !reading.is_new_trouble() {
            continue;
        }
        let first_line = reading.pattern.sample.lines().next().unwrap_or_default();
        if let Some(peer) = endpoint(first_line) {
            let known = peers.entry(peer).or_default();
            *known = (known.0 + reading.pattern.count, known.1.max(reading.news));
        }
    }
    let (peer, (events, news)) = peers.into_iter().max_by(|a, b| (a.1.0).cmp(&b.1.0).then_with(|| b.0.cmp(a.0)))?;
    (events >= A_FEW).then_some((peer, events, NAMED_PEER * news))
}
