//! The processor is the bottleneck and something on the machine says so. A busy processor alone is a symptom: without
//! more, the cause is unknown.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::family::Family;
use super::super::finding::Cause;
use super::told;
use crate::severity::Severity;

pub(super) const KIND: &str = "cpu_exhaustion";

const BUSY: f64 = 85.0;

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let case = Case::new(
        KIND,
        Severity::High,
        "See which threads run (top -H, perf top, a stack dump), stop or restart the one that spins, then find its input.",
    )
    .logs(facts);
    let said_in_logs = !case.is_empty();
    let Some(cpu) = facts.of_family(Family::Cpu) else { return case.finish() };
    let busy = cpu.during >= BUSY && cpu.z > 0.0;
    case.supports_if(busy, if said_in_logs { 0.4 } else { 0.2 }, told(cpu))
        .contradicts_if(!busy && cpu.during < 50.0, 0.5, format!("the processor is at {:.0} %", cpu.during))
        .finish()
}
