//! Evidence first, the score alone second.

use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::Finding;
use nightjar_domain::escalation::{Escalation, EscalationPolicy, escalate, incident_severity};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{anomaly, finding, finding_without_errors};
use rstest::rstest;

const POLICY: EscalationPolicy = EscalationPolicy { evidence_severity: Severity::High, critical_score: 0.95 };

fn finding_of(severity: Severity) -> Finding {
    let mut finding = finding();
    finding.causes[0].severity = severity;
    finding
}

#[rstest]
#[case::severe_evidence(0.1, finding_of(Severity::High), true, "high evidence: Memory exhaustion is")]
#[case::score_alone(0.95, finding_without_errors(), true, "the score 0.950 alone is critical (at least 0.950)")]
#[case::score_beside_mild_evidence(0.99, finding_of(Severity::Low), true, "the score 0.990 alone is critical")]
#[case::mild_evidence(0.94, finding_of(Severity::Medium), false, "the evidence is medium, below high")]
#[case::nothing(0.94, finding_without_errors(), false, "no evidence was found and the score 0.940 is below 0.950")]
#[case::no_score(f64::NAN, finding_without_errors(), false, "no evidence was found")]
fn escalates(#[case] score: f64, #[case] finding: Finding, #[case] escalated: bool, #[case] because: &str) {
    let escalation = escalate(&Anomaly { score, ..anomaly() }, &finding, &POLICY);
    assert_eq!(escalation.is_escalated(), escalated);
    assert!(escalation.because().starts_with(because), "{}", escalation.because());
}

#[rstest]
#[case::worse_logs(Severity::Low, finding_of(Severity::Critical), true, Severity::Critical)]
#[case::worse_metric(Severity::High, finding_of(Severity::Low), false, Severity::High)]
#[case::raised_by_escalation(Severity::Low, finding_without_errors(), true, Severity::High)]
#[case::as_it_was(Severity::Low, finding_without_errors(), false, Severity::Low)]
fn an_incident_is_as_severe_as_the_worst_sign(
    #[case] of_anomaly: Severity,
    #[case] finding: Finding,
    #[case] escalated: bool,
    #[case] expected: Severity,
) {
    let because = String::new();
    let escalation = if escalated { Escalation::Escalated { because } } else { Escalation::Recorded { because } };
    assert_eq!(incident_severity(&Anomaly { severity: of_anomaly, ..anomaly() }, &finding, &escalation), expected);
}
