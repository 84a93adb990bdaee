//! From log lines to ranked causes; what was not found or not read is told too.

use nightjar_domain::diagnosis::{Finding, LogSignals, diagnose};
use nightjar_domain::evidence::{Evidence, Gap, LogEvidence, LogLine};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{at, evidence, log_line};
use proptest::prelude::*;

fn evidence_of(messages: &[&str]) -> Evidence {
    let lines = messages.iter().map(|message| log_line(message)).collect();
    Evidence { logs: LogEvidence { lines, ..evidence().logs }, ..evidence() }
}

fn diagnosed(evidence: &Evidence) -> Finding {
    diagnose(evidence, &LogSignals::bundled().unwrap())
}

#[test]
fn the_likeliest_cause_comes_first_with_what_it_rests_on() {
    let finding = diagnosed(&evidence_of(&[
        "ERROR request 17 timed out",
        "ERROR request 18 timed out",
        "out of memory: killed process 4242",
        "out of memory: killed process 4243",
        "INFO all is well",
    ]));
    let causes: Vec<_> = finding.causes.iter().map(|c| (c.kind.as_str(), c.events, c.severity)).collect();
    assert_eq!(causes, [("memory_exhaustion", 2, Severity::Critical), ("dependency_timeout", 2, Severity::High)]);
    assert_eq!(finding.causes[0].templates, ["out of memory: killed process <n>"]);
    assert_eq!(finding.error_events, 4);
    assert_eq!(finding.severity(), Some(Severity::Critical));
    assert_eq!(finding.summary, "Memory exhaustion is the likeliest cause (63 % confidence, 2 log events)");
}

#[test]
fn one_line_is_less_sure_than_many_and_none_is_certain() {
    let confidence = |n| diagnosed(&evidence_of(&vec!["no space left on device"; n])).causes[0].confidence;
    assert!(confidence(1) < confidence(2) && confidence(2) < confidence(200));
    assert!(confidence(1) < 0.5 && confidence(10_000) < 0.95);
}

#[test]
fn many_mild_lines_do_not_outrank_a_severe_one_for_ever() {
    let mut messages = vec!["429 too many requests"; 500];
    messages.extend(["no space left on device"; 2]);
    assert_eq!(diagnosed(&evidence_of(&messages)).causes[0].kind, "disk_full");
}

#[test]
fn errors_of_no_known_cause_are_told_as_such() {
    let finding = diagnosed(&evidence_of(&["ERROR the frobnicator failed"]));
    assert_eq!(finding.causes, []);
    assert_eq!(finding.summary, "1 error event in the logs, none of a known cause");
}

#[test]
fn no_errors_is_a_result() {
    let finding = diagnosed(&evidence_of(&["INFO all is well"]));
    assert_eq!(finding.summary, "No errors in the logs around the anomaly");
    assert_eq!((finding.severity(), finding.error_events), (None, 0));
    assert_eq!(finding.searches, evidence().logs.searches, "so that a person can look again");
}

#[test]
fn what_could_not_be_read_is_not_called_healthy() {
    let gap = Gap { source: "/aws/ec2/checkout".to_owned(), reason: "access denied".to_owned() };
    let logs = LogEvidence { gaps: vec![gap.clone()], ..LogEvidence::default() };
    let finding = diagnosed(&Evidence { logs, ..evidence() });
    assert_eq!(finding.summary, "No logs could be read: the cause is unknown");
    assert_eq!(finding.gaps, [gap]);
}

#[test]
fn a_pattern_knows_its_first_and_last_event_in_any_order() {
    let line = |time: &str| LogLine { at: at(time), ..log_line("ERROR boom 1") };
    let mut evidence = evidence_of(&[]);
    evidence.logs.lines =
        vec![line("2026-11-21T09:58:00Z"), line("2026-11-21T09:55:00Z"), line("2026-11-21T09:59:00Z")];
    let pattern = &diagnosed(&evidence).patterns[0];
    assert_eq!((pattern.first_at, pattern.last_at), (at("2026-11-21T09:55:00Z"), at("2026-11-21T09:59:00Z")));
}

#[test]
fn many_patterns_are_cut_by_rank_and_the_cut_is_counted() {
    let words: Vec<String> = (0..100_u8)
        .map(|i| format!("ERROR {}{} failed", char::from(b'a' + i / 26), char::from(b'a' + i % 26)))
        .collect();
    let mut messages: Vec<&str> = words.iter().map(String::as_str).collect();
    messages.push("no space left on device");
    let finding = diagnosed(&evidence_of(&messages));
    assert_eq!((finding.patterns.len(), finding.patterns_cut, finding.error_events), (20, 81, 101));
    assert_eq!(finding.patterns[0].template, "no space left on device", "the most severe is kept, however rare");
}

proptest! {
    #[test]
    fn every_finding_keeps_its_promises(messages in proptest::collection::vec(".{0,60}( error | timed out |enospc)?.{0,10}", 0..60)) {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        let finding = diagnosed(&evidence_of(&messages));
        prop_assert!(finding.causes.iter().all(|cause| (0.0..1.0).contains(&cause.confidence)));
        prop_assert!(finding.causes.is_sorted_by(|a, b| a.confidence >= b.confidence));
        prop_assert!(finding.patterns.is_sorted_by(|a, b| a.severity >= b.severity));
        prop_assert!(finding.error_events as usize <= messages.len());
        if finding.patterns_cut == 0 {
            prop_assert_eq!(finding.patterns.iter().map(|pattern| pattern.count).sum::<u64>(), finding.error_events);
        }
    }
}
