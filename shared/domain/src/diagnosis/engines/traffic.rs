//! More work arrives than usual: ordinary lines, requests and bytes grow together.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "traffic_surge";

/// Ordinary lines at this many times their usual rate are more than a busy hour.
const GROWTH: f64 = 1.8;
/// This share of the ordinary lines grew; less is one chatty component.
const BREADTH: f64 = 0.35;

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "See where the requests come from (access log, load balancer), add capacity or limit the source.",
    )
    .logs(facts);
    let growth = facts.ordinary_growth();
    if let Some((growth, breadth)) = growth.filter(|(growth, breadth)| *growth >= GROWTH && *breadth >= BREADTH) {
        let weight = 0.7 * (1.0 - 1.0 / growth) + 0.1;
        case = case.supports(
            weight,
            format!("ordinary log lines come {growth:.1} times as often; {:.0} % of their kinds grew", breadth * 100.0),
        );
    }
    let said = !case.is_empty();
    let arrivals = facts.rose(Family::Arrivals).filter(|found| found.during >= found.usual * 1.8);
    if let Some(arrivals) = arrivals {
        case = case.supports(if said { 0.5 } else { 0.35 }, told(arrivals)).supports_if(
            facts.blast.is_wide(),
            0.3,
            format!("not this resource alone: {}", facts.blast.text()),
        );
    }
    let fewer = facts.fell(Family::Arrivals);
    case.contradicts_if(fewer.is_some(), 0.6, fewer.map(told).unwrap_or_default())
        .contradicts_if(
            growth.is_some_and(|(growth, _)| growth < 1.2) && arrivals.is_none(),
            0.4,
            "ordinary log lines come as often as before",
        )
        .finish()
}
