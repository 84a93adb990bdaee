//! Severity and escalation come from rules that are configuration.

use std::collections::BTreeMap;

use nightjar_domain::alarm;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::{BlastRadius, Finding};
use nightjar_domain::escalation::{Decision, EscalationRules};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{anomaly, finding, finding_without_errors};
use rstest::rstest;

fn finding_of(severity: Severity) -> Finding {
    let mut finding = finding();
    finding.causes[0].severity = severity;
    finding
}

fn decide(anomaly: &Anomaly, finding: &Finding, tags: &[(&str, &str)]) -> Decision {
    let tags: BTreeMap<String, String> =
        tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    EscalationRules::bundled().unwrap().decide(anomaly, finding, &tags)
}

const NO_TAGS: &[(&str, &str)] = &[];
const VITAL: &[(&str, &str)] = &[("Criticality", "Tier-1")];
const SANDBOX: &[(&str, &str)] = &[("tier", "sandbox")];

#[rstest]
#[case::severe_evidence(0.1, finding_of(Severity::High), NO_TAGS, true, "severe-evidence: high evidence; Memory")]
#[case::score_alone(0.99, finding_without_errors(), NO_TAGS, true, "critical-score: the score 0.990 is at least 0.990")]
#[case::score_beside_mild_evidence(0.995, finding_of(Severity::Low), NO_TAGS, true, "critical-score: ")]
#[case::mild_evidence(0.94, finding_of(Severity::Medium), NO_TAGS, false, "otherwise: ")]
#[case::nothing(0.94, finding_without_errors(), NO_TAGS, false, "otherwise: Kept for whoever looks")]
#[case::no_score(f64::NAN, finding_without_errors(), NO_TAGS, false, "otherwise: ")]
#[case::vital(
    0.2,
    finding_of(Severity::Medium),
    VITAL,
    true,
    "vital-resource: medium evidence, the resource is tagged Tier-1"
)]
#[case::vital_by_score(0.975, finding_without_errors(), VITAL, true, "vital-resource-without-evidence: ")]
#[case::sandbox(0.999, finding_of(Severity::Critical), SANDBOX, false, "experiment: the resource is tagged sandbox")]
fn escalates(
    #[case] score: f64,
    #[case] finding: Finding,
    #[case] tags: &[(&str, &str)],
    #[case] escalated: bool,
    #[case] because: &str,
) {
    let decision = decide(&Anomaly { score, ..anomaly() }, &finding, tags);
    assert_eq!(decision.escalation.is_escalated(), escalated, "{decision:?}");
    assert!(decision.escalation.because().starts_with(because), "{}", decision.escalation.because());
}

#[rstest]
#[case::worse_logs(Severity::Low, finding_of(Severity::Critical), NO_TAGS, Severity::Critical)]
#[case::worse_metric(Severity::High, finding_of(Severity::Low), NO_TAGS, Severity::High)]
#[case::raised_by_the_resource(Severity::Low, finding_of(Severity::Medium), VITAL, Severity::Critical)]
#[case::held_down(Severity::Critical, finding_of(Severity::Critical), SANDBOX, Severity::Medium)]
#[case::as_it_was(Severity::Low, finding_of(Severity::Low), NO_TAGS, Severity::Low)]
fn severity_is_the_worst_sign_within_the_rules_bounds(
    #[case] of_anomaly: Severity,
    #[case] finding: Finding,
    #[case] tags: &[(&str, &str)],
    #[case] expected: Severity,
) {
    let anomaly = Anomaly { severity: of_anomaly, score: 0.5, ..anomaly() };
    assert_eq!(decide(&anomaly, &finding, tags).severity, expected);
}

#[test]
fn an_outage_is_critical_and_an_alarm_is_told_on() {
    let finding =
        Finding { blast_radius: BlastRadius::Everything { moved: 9, of: 10 }, ..finding_of(Severity::Medium) };
    let decision = decide(&anomaly(), &finding, NO_TAGS);
    assert_eq!(decision.severity, Severity::Critical);
    assert!(decision.escalation.because().contains("9 of 10 other watched resources too"));
    let raised = Anomaly { detector: alarm::DETECTOR.to_owned(), score: 0.0, ..anomaly() };
    let decision = decide(&raised, &finding_without_errors(), NO_TAGS);
    assert!(decision.escalation.because().starts_with("threshold-alarm: found by alarm"), "{decision:?}");
}

#[test]
fn everything_wrong_with_the_rules_is_told_at_once() {
    let error = EscalationRules::parse(
        r#"{"criticality_tags": [], "rules": [
            {"name": "a", "when": {}, "then": {"escalate": true, "at_least": "high", "at_most": "low"}, "why": "x"},
            {"name": "a", "when": {"score_at_least": 95, "criticality": ["x"]}, "then": {"escalate": false}, "why": "x"}]}"#,
    )
    .unwrap_err()
    .to_string();
    for named in [
        "rules[0] (a): at_least is above",
        "rules[0] (a): it fits everything",
        "rules[1] (a): the name is",
        "score_at_least is not",
        "criticality can never hold",
        "the last rule must fit everything",
    ] {
        assert!(error.contains(named), "{named}: {error}");
    }
    let unknown =
        EscalationRules::parse(r#"{"criticality_tags": [], "rules": [], "extra": 1}"#).unwrap_err().to_string();
    assert!(unknown.contains("unknown field `extra`"), "{unknown}");
}
