//! How an engine builds its hypothesis: arguments for and against, each with a weight, and the arithmetic that makes a
//! confidence of them.

use super::facts::Facts;
use super::finding::{Argument, Cause};
use crate::severity::Severity;

/// Nothing is certain.
const CEILING: f64 = 0.98;
/// How many patterns a cause names, most telling first. A message must stay below what SNS accepts.
const MAX_TEMPLATES: usize = 5;
/// A pattern that says less than this for a cause is not named for it.
const TELLING: f64 = 0.05;

/// A hypothesis in the making.
#[derive(Debug)]
pub(super) struct Case {
    cause: Cause,
}

impl Case {
    pub(super) fn new(kind: &str, severity: Severity, next_step: &str) -> Self {
        Self {
            cause: Cause {
                kind: kind.to_owned(),
                confidence: 0.0,
                severity,
                events: 0,
                templates: Vec::new(),
                supports: Vec::new(),
                contradicts: Vec::new(),
                next_step: next_step.to_owned(),
                runbook: None,
            },
        }
    }

    /// Adds what the logs say for the case's kind of cause.
    pub(super) fn logs(mut self, facts: &Facts<'_>) -> Self {
        let mut telling: Vec<_> = facts
            .readings
            .iter()
            .map(|reading| (reading.supports(&self.cause.kind), reading))
            .filter(|(weight, _)| *weight >= TELLING)
            .collect();
        telling.sort_by(|a, b| {
            b.0.total_cmp(&a.0)
                .then(b.1.pattern.count.cmp(&a.1.pattern.count))
                .then_with(|| a.1.pattern.template.cmp(&b.1.pattern.template))
        });
        self.cause.events += telling.iter().map(|(_, reading)| reading.pattern.count).sum::<u64>();
        let weight = facts.log_support(&self.cause.kind);
        if let Some((_, heaviest)) = telling.first() {
            let pattern = heaviest.pattern;
            let before = match pattern.baseline_count {
                Some(0) => ", never before".to_owned(),
                Some(before) => format!(", {before} before"),
                None => ", nothing to compare with".to_owned(),
            };
            let more = match telling.len() {
                1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            let text = format!("{} × {:?}{before}{more}", pattern.count, short(&pattern.template));
            self = self.supports(weight, text);
        }
        self.cause.templates = telling
            .iter()
            .take(MAX_TEMPLATES)
            .map(|(_, reading)| reading.pattern.template.chars().take(500).collect())
            .collect();
        self
    }

    /// Takes `weight` (0 to 1) of the remaining doubt away.
    pub(super) fn supports(mut self, weight: f64, text: impl Into<String>) -> Self {
        self.cause.supports.push(Argument { weight: weight.clamp(0.0, 1.0), text: text.into() });
        self
    }

    pub(super) fn supports_if(self, holds: bool, weight: f64, text: impl Into<String>) -> Self {
        if holds { self.supports(weight, text) } else { self }
    }

    /// Takes `weight` (0 to 1) of the confidence away.
    pub(super) fn contradicts_if(mut self, holds: bool, weight: f64, text: impl Into<String>) -> Self {
        if holds {
            self.cause.contradicts.push(Argument { weight: weight.clamp(0.0, 1.0), text: text.into() });
        }
        self
    }

    /// Whether anything but what was said so far speaks for it.
    pub(super) fn is_empty(&self) -> bool {
        self.cause.supports.is_empty()
    }

    /// The hypothesis, if anything supports it.
    pub(super) fn finish(mut self) -> Option<Cause> {
        settle(&mut self.cause);
        (self.cause.confidence > 0.0).then_some(self.cause)
    }
}

/// Sorts the arguments and computes the confidence: `(1 − Π(1 − for)) · Π(1 − against)`, at most 0.98.
pub(super) fn settle(cause: &mut Cause) {
    let heaviest_first = |a: &Argument, b: &Argument| b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text));
    cause.supports.sort_by(heaviest_first);
    cause.contradicts.sort_by(heaviest_first);
    let doubt = |arguments: &[Argument]| arguments.iter().map(|argument| 1.0 - argument.weight).product::<f64>();
    cause.confidence = ((1.0 - doubt(&cause.supports)) * doubt(&cause.contradicts)).min(CEILING);
}

/// Enough of a template to recognise it.
fn short(template: &str) -> String {
    let line = template.lines().next().unwrap_or_default();
    if line.chars().count() <= 120 { line.to_owned() } else { line.chars().take(119).chain(['…']).collect() }
}
