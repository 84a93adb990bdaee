//! From evidence to a finding: ranked causes, each with what it rests on.

mod finding;
mod grouping;
mod signals;

pub use finding::{Cause, Finding, LogPattern};
pub use signals::{LogSignals, Signal, SignalDocument, SignalsDocument, SignalsError};

use crate::evidence::Evidence;
use crate::severity::Severity;

/// How many patterns a finding keeps, most telling first. The rest is counted in `patterns_cut`.
const MAX_PATTERNS: usize = 20;
/// How many patterns a cause names, most telling first. A message must stay below what SNS accepts.
const MAX_TEMPLATES: usize = 5;

/// Ranks the causes that the evidence supports. Without any, the finding says that none was found and what could
/// not be read: both are results.
pub fn diagnose(evidence: &Evidence, signals: &LogSignals) -> Finding {
    let mut patterns = grouping::group(&evidence.logs.lines, signals);
    patterns.sort_by(|a, b| b.severity.cmp(&a.severity).then(b.count.cmp(&a.count)).then(a.template.cmp(&b.template)));
    let mut causes = rank_causes(&patterns);
    causes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.kind.cmp(&b.kind)));

    let patterns_cut = patterns.len().saturating_sub(MAX_PATTERNS) as u64;
    let error_events = patterns.iter().map(|pattern| pattern.count).sum();
    patterns.truncate(MAX_PATTERNS);
    Finding {
        summary: summarise(&causes, error_events, evidence),
        causes,
        error_events,
        patterns,
        patterns_cut,
        cost_usd: evidence.logs.searches.iter().map(crate::evidence::LogSearch::cost_usd).sum(),
        searches: evidence.logs.searches.clone(),
        gaps: evidence.logs.gaps.clone(),
    }
}

/// One cause per kind of signal, its confidence from how severe and how often.
fn rank_causes(patterns: &[LogPattern]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for pattern in patterns {
        let Some(kind) = &pattern.cause else { continue };
        if let Some(cause) = causes.iter_mut().find(|cause| &cause.kind == kind) {
            cause.events += pattern.count;
            cause.severity = cause.severity.max(pattern.severity);
            if cause.templates.len() < MAX_TEMPLATES {
                cause.templates.push(pattern.template.clone());
            }
        } else {
            causes.push(Cause {
                kind: kind.clone(),
                confidence: 0.0,
                severity: pattern.severity,
                events: pattern.count,
                templates: vec![pattern.template.clone()],
            });
        }
    }
    for cause in &mut causes {
        cause.confidence = confidence(cause.severity, cause.events);
    }
    causes
}

/// 0 to 1. A single event of a severe kind is worth half of what many are: `ceiling · n / (n + 1)`, so that one
/// line never makes a certainty and the hundredth adds nothing.
fn confidence(severity: Severity, events: u64) -> f64 {
    let ceiling = match severity {
        Severity::Critical => 0.95,
        Severity::High => 0.80,
        Severity::Medium => 0.60,
        Severity::Low | Severity::Info => 0.40,
    };
    ceiling * events as f64 / (events as f64 + 1.0)
}

fn summarise(causes: &[Cause], error_events: u64, evidence: &Evidence) -> String {
    if let Some(top) = causes.first() {
        return format!(
            "{} is the likeliest cause ({:.0} % confidence, {} log event{})",
            top.title(),
            top.confidence * 100.0,
            top.events,
            plural(top.events)
        );
    }
    if error_events > 0 {
        return format!("{error_events} error event{} in the logs, none of a known cause", plural(error_events));
    }
    if evidence.logs.searches.is_empty() {
        return "No logs could be read: the cause is unknown".to_owned();
    }
    "No errors in the logs around the anomaly".to_owned()
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
