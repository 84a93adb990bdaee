//! What the patterns of two files point to: the same engines that judge an incident.

use nightjar_domain::diagnosis::{self, Cause, LogSignals, PatternChange};
use nightjar_domain::evidence::ObservedPattern;
use nightjar_logs::Pattern;

/// The ranked causes; `unknown` comes first where the logs alone name none.
pub(super) fn hypotheses(patterns: &[Pattern]) -> anyhow::Result<Vec<Cause>> {
    let signals = LogSignals::bundled()?;
    let mut observed: Vec<ObservedPattern> = patterns.iter().cloned().map(ObservedPattern::from).collect();
    if patterns.iter().all(|pattern| pattern.baseline_count == 0) {
        // Without a baseline nobody knows what is new.
        for pattern in &mut observed {
            pattern.change = PatternChange::Uncompared;
            pattern.baseline_count = None;
            pattern.ratio = None;
        }
    }
    Ok(diagnosis::hypotheses(&observed, &signals))
}
