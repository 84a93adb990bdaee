//! From evidence to ranked causes; what was not found or not read is told too.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use nightjar_domain::alert::report;
use nightjar_domain::diagnosis::{
    Finding, LogSignals, LogWindow, PatternChange, UNKNOWN, compare, diagnose, hypotheses,
};
use nightjar_domain::evidence::{
    Evidence, Gap, InstanceCondition, LogEvidence, LogLine, ObservedPattern, ScheduledEvent,
};
use nightjar_domain::incident::Incident;
use nightjar_domain::severity::Severity;
use nightjar_testkit::{anomaly, at, change, evidence, finding, incident, log_line, observed_pattern};
use proptest::prelude::*;
use rstest::rstest;

fn signals() -> LogSignals {
    LogSignals::bundled().unwrap()
}

fn pattern(text: &str, change: PatternChange, count: u64) -> ObservedPattern {
    let before = u64::from(change != PatternChange::New) * count * 3;
    ObservedPattern {
        template: text.to_owned(),
        sample: text.to_owned(),
        change,
        count,
        baseline_count: Some(before),
        ratio: (before > 0).then_some(if change == PatternChange::Surged { 9.0 } else { 1.0 }),
        ..observed_pattern()
    }
}

fn new(text: &str, count: u64) -> ObservedPattern {
    pattern(text, PatternChange::New, count)
}

fn diagnosed(patterns: Vec<ObservedPattern>) -> Finding {
    diagnose(&Evidence { logs: LogEvidence { patterns, ..evidence().logs }, ..evidence() }, &signals())
}

fn kinds(finding: &Finding) -> Vec<&str> {
    finding.causes.iter().map(|cause| cause.kind.as_str()).collect()
}

#[test]
fn the_root_comes_before_what_follows_from_it() {
    let finding = diagnosed(vec![
        new("ERROR connection refused by 10.0.0.5", 400),
        new("write failed: no space left on device", 6),
    ]);
    assert_eq!(kinds(&finding)[..2], ["disk_full", "dependency_failure"]);
    let follows = &finding.causes[1].contradicts[0].text;
    assert_eq!(follows, "disk full would bring it about");
    assert_eq!(finding.severity(), Some(Severity::Critical));
}

#[test]
fn what_was_there_before_at_the_same_rate_is_not_the_cause() {
    let steady = pattern("java.lang.OutOfMemoryError: Java heap space", PatternChange::Steady, 5_000);
    let finding = diagnosed(vec![steady]);
    assert_eq!(finding.causes[0].kind, UNKNOWN, "{}", finding.summary);
    assert_eq!(finding.severity(), None, "old errors are no news");
}

#[test]
fn one_line_is_less_sure_than_many_and_none_is_certain() {
    let confidence = |n| {
        diagnosed(vec![new("no space left on device", n)])
            .causes
            .iter()
            .find(|c| c.kind == "disk_full")
            .unwrap()
            .confidence
    };
    assert!(confidence(1) < confidence(2) && confidence(2) < confidence(200));
    assert!(confidence(10_000) < 1.0);
}

#[test]
fn a_near_change_that_touches_the_resource_outweighs_its_consequences() {
    let mut evidence = evidence();
    evidence.logs.patterns = vec![new("dial tcp 10.0.3.11:6379: i/o timeout", 80)];
    assert_eq!(diagnose(&evidence, &signals()).causes[0].kind, "dependency_failure");
    evidence.changes = vec![change()];
    let finding = diagnose(&evidence, &signals());
    assert_eq!(finding.causes[0].kind, "configuration_change");
    assert!(finding.causes[0].supports[0].text.contains("RevokeSecurityGroupEgress by maria"), "{finding:?}");
    evidence.changes[0].at = at("2026-11-21T02:00:00Z");
    assert_eq!(diagnose(&evidence, &signals()).causes[0].kind, "dependency_failure", "long before is no cause");
}

fn scheduled(code: &str, description: &str, begin: &str) -> InstanceCondition {
    let event = ScheduledEvent {
        code: code.to_owned(),
        description: description.to_owned(),
        not_before: Some(at(begin)),
        not_after: None,
    };
    InstanceCondition { state: "running".to_owned(), events: vec![event], ..InstanceCondition::default() }
}

fn ended(reason: &str, is_spot: bool) -> InstanceCondition {
    let (state, reason) = ("terminated".to_owned(), reason.to_owned());
    InstanceCondition { state, reason, is_spot, ..InstanceCondition::default() }
}

fn checked(system: &str) -> InstanceCondition {
    let (state, system_check) = ("running".to_owned(), system.to_owned());
    InstanceCondition { state, system_check, ..InstanceCondition::default() }
}

#[rstest]
#[case::a_reboot_that_is_under_way(
    scheduled("system-reboot", "maintenance", "2026-11-21T09:50:00Z"),
    "infrastructure_failure"
)]
#[case::a_reboot_next_week(scheduled("system-reboot", "maintenance", "2026-11-28T02:00:00Z"), UNKNOWN)]
#[case::a_reboot_that_is_done(scheduled("system-reboot", "[Completed] maintenance", "2026-11-21T09:50:00Z"), UNKNOWN)]
#[case::a_host_that_is_failing(
    scheduled("instance-retirement", "degraded", "2026-11-28T02:00:00Z"),
    "infrastructure_failure"
)]
#[case::taken_back(ended("Server.SpotInstanceTermination: Spot instance termination", true), "infrastructure_failure")]
#[case::stopped_by_somebody(
    ended("Client.UserInitiatedShutdown: User initiated shutdown", false),
    "infrastructure_failure"
)]
#[case::a_check_that_fails(checked("impaired"), "infrastructure_failure")]
#[case::all_is_well(checked("ok"), UNKNOWN)]
fn what_ec2_says_of_the_instance_counts(#[case] state: InstanceCondition, #[case] expected: &str) {
    let finding = diagnose(&Evidence { state: Some(state.clone()), ..Evidence::of(anomaly()) }, &signals());
    assert_eq!(finding.causes[0].kind, expected, "{}", finding.summary);
    assert_eq!(finding.state, Some(state));
}

#[test]
fn people_read_how_the_instance_stands() {
    let mut state = scheduled("instance-retirement", "degraded hardware", "2026-11-28T02:00:00Z");
    (state.is_spot, state.launched_at) = (true, Some(at("2026-11-21T09:30:00Z")));
    (state.system_check, state.instance_check) = ("impaired".to_owned(), "ok".to_owned());
    let incident = Incident { finding: Finding { state: Some(state), ..finding() }, ..incident() };
    let section = report(&incident).into_iter().find(|section| section.heading == "Instance").unwrap();
    assert_eq!(
        section.lines,
        [
            "running, spot, started 25 minutes before; checks: host impaired, instance ok",
            "AWS scheduled instance-retirement for it from 2026-11-28T02:00:00Z on: degraded hardware",
        ]
    );
}

#[test]
fn a_new_instance_is_a_reason_to_look_at_what_it_was_started_with() {
    let launched_at = Some(at("2026-11-21T09:45:00Z"));
    let state = InstanceCondition { launched_at, ..checked("ok") };
    let logs = LogEvidence { patterns: vec![new("TypeError: price is undefined", 30)], ..evidence().logs };
    let finding = diagnose(&Evidence { logs, state: Some(state), ..Evidence::of(anomaly()) }, &signals());
    assert_eq!(finding.causes[0].kind, "bad_deploy");
    let told =
        finding.causes[0].supports.iter().any(|argument| argument.text.starts_with("the instance runs only for "));
    assert!(told, "{:?}", finding.causes[0].supports);
}

#[test]
fn a_switch_that_was_thrown_is_named_where_errors_follow_it() {
    let thrown = new("pricing.rounding switched on for all tenants by rule 7", 3);
    let errors = new("ERROR cart left at the till: sums differ", 40);
    assert_eq!(kinds(&diagnosed(vec![thrown.clone(), errors]))[0], "configuration_change");
    assert_eq!(kinds(&diagnosed(vec![thrown]))[0], UNKNOWN, "a switch alone is no trouble");
}

#[test]
fn a_cause_that_only_the_configuration_knows_is_found_by_its_lines() {
    let json = r#"{"error_like": "boom", "runbooks": {"flux_overload": "https://wiki.example/flux"}, "signals": [
        {"name": "flux", "phrases": ["flux capacitor*over"], "severity": "high", "cause": "flux_overload", "why": "ours"}]}"#;
    let causes = hypotheses(&[new("flux capacitor is over its limit", 30)], &LogSignals::parse(json).unwrap());
    assert_eq!((causes[0].kind.as_str(), causes[0].severity), ("flux_overload", Severity::High));
    assert_eq!(causes[0].runbook.as_deref(), Some("https://wiki.example/flux"));
}

#[rstest]
#[case::nothing(vec![], "The cause is unknown: no log line was read")]
#[case::ordinary(vec![pattern("INFO all is well", PatternChange::Steady, 50)], "The cause is unknown: nothing in the logs that was not there before")]
#[case::of_no_known_kind(vec![new("ERROR the frobnicator is sad", 4)], "The cause is unknown: 4 new error events in the logs, of no known cause")]
fn no_cause_is_a_result(#[case] patterns: Vec<ObservedPattern>, #[case] summary: &str) {
    let finding = diagnosed(patterns);
    assert_eq!(finding.summary, summary);
    assert_eq!(finding.causes[0].kind, UNKNOWN);
    assert!(finding.likeliest().is_none());
    assert_eq!(finding.searches, evidence().logs.searches, "so that a person can look again");
}

#[test]
fn what_could_not_be_read_is_named_and_not_called_healthy() {
    let gap = Gap { source: "logs of /aws/ec2/checkout".to_owned(), reason: "access denied".to_owned() };
    let finding = diagnose(&Evidence { gaps: vec![gap.clone()], ..Evidence::of(anomaly()) }, &signals());
    assert_eq!(finding.gaps, [gap]);
    assert!(finding.summary.ends_with("1 source could not be read in full"), "{}", finding.summary);
    assert!(finding.causes[0].next_step.contains("access denied"), "{}", finding.causes[0].next_step);
}

#[test]
fn many_patterns_are_cut_by_rank_and_the_cut_is_counted() {
    let mut patterns: Vec<_> = (0..100).map(|i| new(&format!("ERROR {i} failed"), 1)).collect();
    patterns.push(new("no space left on device", 1));
    let finding = diagnosed(patterns);
    assert_eq!((finding.patterns.len(), finding.patterns_cut, finding.error_events), (20, 81, 101));
    assert_eq!(finding.patterns[0].template, "no space left on device", "the most severe is kept, however rare");
}

fn lines(messages: &[&str]) -> Vec<LogLine> {
    messages
        .iter()
        .zip(0..)
        .map(|(message, second)| LogLine {
            at: at("2026-11-21T09:56:00Z") + SignedDuration::from_secs(second),
            ..log_line(message)
        })
        .collect()
}

#[test]
fn windows_are_compared_by_rate_and_a_stack_trace_is_one_event() {
    let before = lines(&["2026-11-21 09:00:00 INFO served 1"; 60]);
    let mut messages = vec!["2026-11-21 10:00:00 INFO served 1"; 20];
    messages.extend(["2026-11-21 10:00:01 ERROR boom", "java.io.IOException: gone", "\tat a.b.C.d(C.java:1)"]);
    let now = lines(&messages);
    let window = |lines, minutes| LogWindow { lines, length: SignedDuration::from_mins(minutes) };
    let patterns = compare(window(&now, 20), Some(window(&before, 60)));
    let told: Vec<_> = patterns.iter().map(|p| (p.change, p.count, p.baseline_count)).collect();
    assert_eq!(told, [(PatternChange::New, 1, Some(0)), (PatternChange::Steady, 20, Some(60))]);
    assert!(patterns[0].sample.contains("IOException") && patterns[0].first_at.is_some(), "{:?}", patterns[0]);
    let alone = compare(window(&now, 20), None);
    assert!(alone.iter().all(|p| p.change == PatternChange::Uncompared && p.baseline_count.is_none()));
}

/// Real logs have rare lines of every kind, here now and gone then. What goes is as telling as what comes: nothing.
#[test]
fn a_background_that_comes_and_goes_names_nothing() {
    let document: serde_json::Value =
        serde_json::from_str(include_str!("../../../../config/log_signals.json")).unwrap();
    let phrases = document["signals"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|signal| signal["phrases"].as_array().into_iter().flatten());
    let rare: BTreeSet<String> =
        phrases.map(|phrase| format!("daemon says {}", phrase.as_str().unwrap().replace('*', " "))).collect();
    let patterns = rare.iter().enumerate().filter(|(index, _)| index % 13 == 0).map(|(index, text)| {
        let change = if index % 2 == 0 { PatternChange::New } else { PatternChange::Vanished };
        ObservedPattern {
            change,
            count: u64::from(index % 2 == 0),
            baseline_count: Some(index as u64 % 2 * 3),
            ..new(text, 1)
        }
    });
    let mut patterns: Vec<_> = patterns.collect();
    patterns.push(pattern("INFO request served", PatternChange::Steady, 900));
    let causes = hypotheses(&patterns, &signals());
    println!("{:?}", causes.iter().map(|cause| (&cause.kind, cause.confidence)).collect::<Vec<_>>());
    // A real fault stands out of it.
    patterns.push(new("daemon says too many open files", 40));
    assert_eq!(hypotheses(&patterns, &signals())[0].kind, "file_descriptor_exhaustion");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_finding_keeps_its_promises(
        messages in proptest::collection::vec("\\PC{0,60}( error | timed out |enospc|deployed)?\\PC{0,10}", 0..20),
        counts in proptest::collection::vec((0_u64..5000, 0_u64..5000, 0_usize..5), 20),
    ) {
        let changes = [PatternChange::New, PatternChange::Surged, PatternChange::Steady, PatternChange::Vanished, PatternChange::Uncompared];
        let patterns: Vec<_> = messages.iter().zip(counts).map(|(text, (count, before, change))| ObservedPattern {
            count, baseline_count: Some(before), ratio: Some((count as f64 + 0.5) / (before as f64 + 0.5)),
            change: changes[change], ..new(text, 1)
        }).collect();
        let finding = diagnosed(patterns);
        prop_assert!(!finding.causes.is_empty() && finding.causes.len() <= 6);
        prop_assert!(finding.causes.iter().all(|cause| (0.0..1.0).contains(&cause.confidence)));
        let unnamed = usize::from(finding.causes[0].kind == UNKNOWN);
        prop_assert!(finding.causes[unnamed..].is_sorted_by(|a, b| a.confidence >= b.confidence));
        prop_assert!(finding.causes.iter().all(|cause| !cause.next_step.is_empty() && !cause.supports.is_empty()));
        prop_assert!(finding.patterns.len() <= 20);
    }
}
