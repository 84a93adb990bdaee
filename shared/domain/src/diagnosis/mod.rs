//! From evidence to a finding: ranked causes, each with what speaks for it and against it.

mod blast;
mod case;
mod change;
mod concept;
mod endpoint;
mod engines;
mod facts;
mod family;
mod finding;
mod movement;
mod phrase;
mod rank;
mod reading;
mod signals;
mod windows;

pub use blast::{BlastRadius, Sibling};
pub use change::touches;
pub(crate) use reading::SAMPLE_CHARS;

pub use finding::{Argument, Cause, Finding, LogPattern, PatternChange, UNKNOWN};
pub use movement::{calm_until, movement};
pub(crate) use phrase::Phrase;
pub use signals::{ConceptDocument, LogSignals, Signal, SignalDocument, SignalsDocument, SignalsError};
pub(crate) use windows::messages;
pub use windows::{LogWindow, compare};

use crate::evidence::{Change, Evidence, MetricMove, ObservedPattern};
use crate::severity::Severity;
use facts::Facts;
use reading::Reading;

/// How many patterns a finding keeps, most telling first. The rest is counted in `patterns_cut`.
const MAX_PATTERNS: usize = 20;
/// Resources of a change that are kept, and characters of a name.
const MAX_RESOURCES: usize = 5;
const NAME_CHARS: usize = 200;
/// How many metrics a finding keeps, those that moved most first.
const MAX_METRICS: usize = 12;

/// Ranks the causes that the evidence supports. Without any, the first is `unknown`, and the finding says what could not
/// be read: both are results.
pub fn diagnose(evidence: &Evidence, signals: &LogSignals) -> Finding {
    let facts = Facts::of(evidence, signals);
    let causes = conclude(&facts, signals);
    let mut patterns: Vec<&Reading<'_>> = facts.readings.iter().filter(|reading| is_worth_showing(reading)).collect();
    patterns.sort_by(|a, b| {
        let interest = |reading: &Reading<'_>| (reading.news * (1.0 + rank_of(reading.severity()))).max(0.0);
        interest(b)
            .total_cmp(&interest(a))
            .then(b.pattern.count.cmp(&a.pattern.count))
            .then_with(|| a.pattern.template.cmp(&b.pattern.template))
    });
    let errors = facts.readings.iter().filter(|reading| reading.severity() >= Some(Severity::Medium));
    let (changes, changes_cut) = shown_changes(&evidence.changes);
    Finding {
        summary: summarise(&causes, &facts),
        error_events: errors.map(|reading| reading.pattern.count).sum(),
        patterns_cut: patterns.len().saturating_sub(MAX_PATTERNS) as u64,
        patterns: patterns
            .iter()
            .take(MAX_PATTERNS)
            .map(|reading| reading.shown(evidence.anomaly.window_start))
            .collect(),
        changes,
        changes_cut,
        metrics: shown_metrics(&evidence.metrics),
        recent: evidence.recent.clone(),
        blast_radius: facts.blast.clone(),
        state: evidence.state.clone(),
        history: evidence.history.clone(),
        cost_usd: evidence.cost_usd(),
        searches: evidence.logs.searches.clone(),
        gaps: facts.gaps.iter().map(|gap| (*gap).clone()).collect(),
        causes,
    }
}

/// Ranks the causes that log patterns alone support, such as those of two files.
pub fn hypotheses(patterns: &[ObservedPattern], signals: &LogSignals) -> Vec<Cause> {
    conclude(&Facts::of_patterns(patterns, signals), signals)
}

fn conclude(facts: &Facts<'_>, signals: &LogSignals) -> Vec<Cause> {
    let mut causes = rank::rank(engines::examine(facts, signals), facts);
    for cause in &mut causes {
        cause.runbook = signals.runbook(&cause.kind).map(str::to_owned);
    }
    causes
}

/// Trouble, and whatever is new; not the ordinary lines that are as ever.
fn is_worth_showing(reading: &Reading<'_>) -> bool {
    let vanished = reading.pattern.change == PatternChange::Vanished;
    reading.severity() >= Some(Severity::Low) || vanished || reading.news >= 0.5
}

fn rank_of(severity: Option<Severity>) -> f64 {
    severity.map_or(0.0, |severity| f64::from(severity as u8))
}

fn shown_changes(changes: &[Change]) -> (Vec<Change>, u64) {
    let mut changes = changes.to_vec();
    changes.sort_by(|a, b| {
        b.touches.is_some().cmp(&a.touches.is_some()).then(b.at.cmp(&a.at)).then_with(|| a.event.cmp(&b.event))
    });
    let cut = changes.len().saturating_sub(Finding::MAX_CHANGES) as u64;
    changes.truncate(Finding::MAX_CHANGES);
    for change in &mut changes {
        change.resources.truncate(MAX_RESOURCES);
        let texts = [&mut change.event, &mut change.service, &mut change.by, &mut change.from];
        for text in texts.into_iter().chain(&mut change.resources) {
            *text = text.chars().take(NAME_CHARS).collect();
        }
    }
    (changes, cut)
}

fn shown_metrics(metrics: &[MetricMove]) -> Vec<MetricMove> {
    let mut metrics = metrics.to_vec();
    metrics.sort_by(|a, b| b.z.abs().total_cmp(&a.z.abs()).then_with(|| a.metric.cmp(&b.metric)));
    metrics.truncate(MAX_METRICS);
    metrics
}

fn summarise(causes: &[Cause], facts: &Facts<'_>) -> String {
    if let Some(top) = causes.first().filter(|cause| cause.kind != UNKNOWN) {
        let because = top.supports.first().map(|argument| format!(": {}", argument.text)).unwrap_or_default();
        return format!("{} is the likeliest cause ({:.0} % confidence){because}", top.title(), top.confidence * 100.0);
    }
    let errors = facts.new_error_events();
    let seen = if facts.readings.is_empty() {
        "no log line was read".to_owned()
    } else if errors > 0 {
        format!("{errors} new error event{} in the logs, of no known cause", plural(errors))
    } else {
        "nothing in the logs that was not there before".to_owned()
    };
    let gaps = match facts.gaps.len() as u64 {
        0 => String::new(),
        n => format!("; {n} source{} could not be read in full", plural(n)),
    };
    format!("The cause is unknown: {seen}{gaps}")
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A metric's value as people write it: four significant digits, no trailing zeros, no exponent below 10¹⁵.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || value.abs() >= 1e15 {
        return value.to_string();
    }
    let decimals = (3 - value.abs().log10().floor() as i32).clamp(0, 6);
    let text = format!("{value:.*}", decimals as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[rstest::rstest]
    #[case(97.345_678, "97.35")]
    #[case(0.000_123_4, "0.000123")]
    #[case(1_234_567.8, "1234568")]
    #[case(0.0, "0")]
    #[case(30.0, "30")]
    #[case(f64::INFINITY, "inf")]
    fn numbers_read_well(#[case] value: f64, #[case] expected: &str) {
        assert_eq!(number(value), expected);
    }
}
