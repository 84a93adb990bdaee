//! What the suspicious patterns of two files point to.

use nightjar_domain::diagnosis::{Cause, LogSignals};
use nightjar_logs::{Pattern, PatternKind};

/// How many patterns a cause names, most telling first.
const MAX_TEMPLATES: usize = 5;

/// The causes that new and surged patterns point to, likeliest first; a cause is as sure as its most suspicious pattern.
pub(super) fn hypotheses(patterns: &[Pattern]) -> anyhow::Result<Vec<Cause>> {
    let signals = LogSignals::bundled()?;
    let mut causes: Vec<Cause> = Vec::new();
    for pattern in patterns.iter().filter(|pattern| matches!(pattern.kind, PatternKind::New | PatternKind::Surged)) {
        let Some(signal) = signals.classify(&pattern.sample) else { continue };
        let Some(kind) = &signal.cause else { continue };
        if let Some(cause) = causes.iter_mut().find(|cause| &cause.kind == kind) {
            cause.events += pattern.count;
            cause.severity = cause.severity.max(signal.severity);
            if cause.templates.len() < MAX_TEMPLATES {
                cause.templates.push(pattern.template.clone());
            }
        } else {
            causes.push(Cause {
                kind: kind.clone(),
                confidence: pattern.score,
                severity: signal.severity,
                events: pattern.count,
                templates: vec![pattern.template.clone()],
            });
        }
    }
    causes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.kind.cmp(&b.kind)));
    Ok(causes)
}
