//! One notice: what every channel renders in its own way.

use jiff::Timestamp;

use crate::envelope::{Envelope, Message};
use crate::incident::Incident;
use crate::remediation::RemediationOutcome;
use crate::severity::Severity;

/// Something people are told, whatever it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The id of the message it was made from: the same on every delivery.
    pub id: String,
    pub kind: &'static str,
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What happened, in a sentence or two.
    pub summary: String,
    /// Labelled facts, in the order they are shown.
    pub facts: Vec<(&'static str, String)>,
    /// Findings, likeliest or most severe first.
    pub findings: Vec<String>,
    pub occurred_at: Timestamp,
    pub resource_id: String,
    pub incident_id: String,
}

/// How many log patterns and causes a notice shows; the rest is in the incident.
const SHOWN: usize = 5;

impl From<&Envelope<Incident>> for Notice {
    fn from(envelope: &Envelope<Incident>) -> Self {
        let incident = &envelope.body;
        let anomaly = &incident.anomaly;
        let mut findings: Vec<String> = incident
            .finding
            .causes
            .iter()
            .take(SHOWN)
            .map(|cause| {
                format!("{}: {:.0} % confidence, {} log events", cause.title(), cause.confidence * 100.0, cause.events)
            })
            .collect();
        findings.extend(incident.finding.patterns.iter().take(SHOWN).map(|pattern| {
            format!("{} × {} [{}] {}", pattern.count, pattern.log_group, pattern.severity, pattern.template)
        }));
        findings.extend(incident.finding.gaps.iter().map(|gap| format!("not read: {}: {}", gap.source, gap.reason)));
        Self {
            id: envelope.id.clone(),
            kind: Incident::KIND,
            severity: incident.severity,
            title: incident.title.clone(),
            summary: incident.finding.summary.clone(),
            facts: vec![
                ("Resource", anomaly.resource.label()),
                ("Region", format!("{} (account {})", anomaly.resource.region, anomaly.resource.account)),
                ("Metric", anomaly.metric.to_string()),
                (
                    "Observed",
                    format!(
                        "{} (expected {} to {}, usually {})",
                        number(anomaly.observed),
                        number(anomaly.expected.low),
                        number(anomaly.expected.high),
                        number(anomaly.expected.typical)
                    ),
                ),
                ("When", format!("{} to {}", anomaly.window_start, anomaly.window_end)),
                ("Score", format!("{:.3}", anomaly.score)),
                ("Why", anomaly.reasons.join("; ")),
                ("Incident", incident.id.to_string()),
            ],
            findings,
            occurred_at: incident.opened_at,
            resource_id: anomaly.resource.id.clone(),
            incident_id: incident.id.to_string(),
        }
    }
}

impl From<&Envelope<RemediationOutcome>> for Notice {
    fn from(envelope: &Envelope<RemediationOutcome>) -> Self {
        let outcome = &envelope.body;
        Self {
            id: envelope.id.clone(),
            kind: RemediationOutcome::KIND,
            severity: outcome.severity,
            title: format!("Remediation of {}", outcome.resource.label()),
            summary: outcome.result.text().to_owned(),
            facts: vec![
                ("Resource", outcome.resource.label()),
                ("Region", format!("{} (account {})", outcome.resource.region, outcome.resource.account)),
                ("Because of", outcome.incident_title.clone()),
                ("Incident", outcome.incident.to_string()),
            ],
            findings: Vec::new(),
            occurred_at: envelope.occurred_at,
            resource_id: outcome.resource.id.clone(),
            incident_id: outcome.incident.to_string(),
        }
    }
}

/// A metric's value as people write it: four significant digits, no trailing zeros, no exponent below 10¹⁵.
fn number(value: f64) -> String {
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
