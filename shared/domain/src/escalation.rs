//! Whether an incident is worth waking somebody.

use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::diagnosis::Finding;
use crate::severity::Severity;

/// When an incident goes out to people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EscalationPolicy {
    /// Evidence of at least this severity escalates.
    pub evidence_severity: Severity,
    /// A score of at least this (0 to 1) escalates without any evidence.
    pub critical_score: f64,
}

/// The decision, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Escalation {
    Escalated { because: String },
    Recorded { because: String },
}

impl Escalation {
    pub fn is_escalated(&self) -> bool {
        matches!(self, Self::Escalated { .. })
    }

    pub fn because(&self) -> &str {
        match self {
            Self::Escalated { because } | Self::Recorded { because } => because,
        }
    }
}

/// Decides by evidence first, by the score alone second.
pub fn escalate(anomaly: &Anomaly, finding: &Finding, policy: &EscalationPolicy) -> Escalation {
    match finding.severity() {
        Some(severity) if severity >= policy.evidence_severity => {
            Escalation::Escalated { because: format!("{severity} evidence: {}", finding.summary) }
        }
        _ if anomaly.score >= policy.critical_score => Escalation::Escalated {
            because: format!(
                "the score {:.3} alone is critical (at least {:.3}); {}",
                anomaly.score, policy.critical_score, finding.summary
            ),
        },
        Some(severity) => Escalation::Recorded {
            because: format!(
                "the evidence is {severity}, below {}, and the score {:.3} is below {:.3}",
                policy.evidence_severity, anomaly.score, policy.critical_score
            ),
        },
        None => Escalation::Recorded {
            because: format!(
                "no evidence was found and the score {:.3} is below {:.3}",
                anomaly.score, policy.critical_score
            ),
        },
    }
}

/// The severity of the incident: the worse of what the metric and the logs say; errors of a critical kind beside an
/// anomaly are critical.
pub fn incident_severity(anomaly: &Anomaly, finding: &Finding, escalation: &Escalation) -> Severity {
    let worst = finding.severity().map_or(anomaly.severity, |found| found.max(anomaly.severity));
    if escalation.is_escalated() { worst.max(Severity::High) } else { worst }
}
