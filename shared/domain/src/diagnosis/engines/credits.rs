//! A burstable instance has used up its CPU credits and is held to its baseline.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "credit_exhaustion";

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "Switch the instance to unlimited credits (modify-instance-credit-specification) or to a larger or fixed type.",
    )
    .logs(facts);
    if let Some(balance) = facts.of_family(Family::Credits) {
        let empty = balance.during <= (balance.usual * 0.05).max(1.0) && balance.z < 0.0;
        let held = facts.of_family(Family::Cpu).filter(|cpu| cpu.during <= 40.0);
        case = case.supports_if(empty, 0.75, told(balance)).supports_if(
            empty && facts.moved_first(balance),
            0.2,
            "the balance was gone before the anomaly began",
        );
        if let (true, Some(cpu)) = (empty, held) {
            case = case.supports(0.3, format!("the processor is held at {:.0} %", cpu.during));
        }
        case = case.contradicts_if(!empty, 0.5, format!("{:.0} credits are left", balance.during));
    }
    case.finish()
}
