//! Whether a step helped: by the metric, by the log lines, by the group.

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::diagnosis::{LogPattern, PatternChange};
use nightjar_domain::evidence::{Gap, LogLine, LogSearch};
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{
    Action, ClaimState, GroupState, Judgement, LogsAgain, Observed, RemediationOutcome, judge, judge_logs,
    judge_replacement, symptoms,
};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{at, incident};
use rstest::rstest;

use super::{REBOOT, SETTLED, ended, minutes, world};

fn observed(values: &[f64]) -> Observed {
    let datapoints = values.iter().enumerate().map(|(n, v)| (at("2026-11-21T10:15:00Z") + minutes(5 * n as i64), *v));
    Observed { datapoints: datapoints.collect(), state: Some("running".to_owned()), ..Observed::default() }
}

#[rstest]
#[case::ordinary_again(observed(&[40.0, 25.0, 30.9]), SETTLED, "healed")]
#[case::still_hot(observed(&[25.0, 97.0]), SETTLED, "not healed")]
#[case::one_datapoint_is_not_enough(observed(&[25.0]), SETTLED, "not yet")]
#[case::no_datapoint_is_no_recovery(observed(&[]), "2026-11-21T10:49:59Z", "not yet")]
#[case::silence_for_too_long(observed(&[]), "2026-11-21T10:50:00Z", "not healed")]
#[case::too_early(observed(&[25.0, 25.0]), "2026-11-21T10:19:59Z", "not yet")]
#[case::no_number(observed(&[25.0, f64::NAN]), SETTLED, "not healed")]
#[case::not_running(Observed { state: Some("stopped".to_owned()), ..observed(&[25.0, 25.0]) }, SETTLED, "not yet")]
#[case::gone(Observed { state: None, ..observed(&[25.0, 25.0]) }, SETTLED, "not healed")]
#[case::impaired(Observed { is_impaired: true, ..observed(&[25.0, 25.0]) }, "2026-11-21T11:00:00Z", "not healed")]
fn an_act_is_judged_by_the_symptom(#[case] observed: Observed, #[case] when: &str, #[case] expected: &str) {
    let judged = match judge(&incident().anomaly, &observed, at(SETTLED), at(when)) {
        Judgement::Healed => "healed",
        Judgement::NotHealed { .. } => "not healed",
        Judgement::NotYet { .. } => "not yet",
    };
    assert_eq!(judged, expected);
}

#[test]
fn a_replacement_is_judged_by_the_group() {
    let mut world = world();
    world.plan_for(Action::AsgReplace);
    let gone = world.incident.anomaly.resource.id.clone();
    let judged = |group: Option<&GroupState>, when: &str| judge_replacement(group, &gone, at(SETTLED), at(when));
    assert!(matches!(judged(Some(world.group()), SETTLED), Judgement::NotYet { .. }), "it is still a member");
    world.group().members[0].instance = "i-4".to_owned();
    assert_eq!(judged(Some(world.group()), SETTLED), Judgement::Healed);
    world.group().members[0].lifecycle = "Pending".to_owned();
    assert!(matches!(judged(Some(world.group()), SETTLED), Judgement::NotYet { .. }));
    let Judgement::NotHealed { why } = judged(Some(world.group()), "2026-11-21T10:50:00Z") else { panic!() };
    assert_eq!(why, "2 of 3 instances of web are healthy and in service");
    assert!(matches!(judged(None, SETTLED), Judgement::NotHealed { .. }));
}

const GROUP: &str = "/app/web";
const TEMPLATE: &str = "connection to <ip> failed after <duration>: pool exhausted";

/// An incident with one pattern of 100 lines in 20 minutes.
fn with_pattern(change: impl FnOnce(&mut LogPattern)) -> Incident {
    let mut incident = incident();
    let (from, until) = (at("2026-11-21T09:40:00Z"), at("2026-11-21T10:00:00Z"));
    incident.finding.searches = vec![LogSearch {
        log_groups: vec![GROUP.to_owned()],
        from,
        until,
        query: String::new(),
        bytes_scanned: 0,
        matched: 100,
    }];
    let mut pattern = LogPattern {
        template: TEMPLATE.to_owned(),
        severity: Severity::Medium,
        cause: None,
        count: 100,
        baseline_count: Some(0),
        ratio: None,
        change: PatternChange::New,
        sample: String::new(),
        log_group: GROUP.to_owned(),
        first_at: from,
        last_at: until,
    };
    change(&mut pattern);
    incident.finding.patterns = vec![pattern];
    incident
}

/// So many of the lines, among ordinary ones, within ten minutes.
fn again(count: i64, group: &str) -> LogsAgain {
    let line = |n: i64, message: String| LogLine {
        at: at("2026-11-21T10:10:00Z") + SignedDuration::from_secs(n),
        group: group.to_owned(),
        stream: "s".to_owned(),
        message,
    };
    let bad = (0..count).map(|n| {
        line(n, format!("2026-11-21T10:10:00Z ERROR connection to 10.0.0.{n} failed after {n}00 ms: pool exhausted"))
    });
    let fine = (0..40).map(|n| line(n, format!("2026-11-21T10:10:00Z INFO request {n} done in 12 ms")));
    LogsAgain { lines: bad.chain(fine).collect(), length: minutes(10), gaps: Vec::new() }
}

fn judged(incident: &Incident, again: &LogsAgain, now: Timestamp) -> &'static str {
    let (symptoms, _) = symptoms(incident);
    match judge_logs(&symptoms, again, at(SETTLED), now) {
        Judgement::Healed => "healed",
        Judgement::NotHealed { .. } => "not healed",
        Judgement::NotYet { .. } => "not yet",
    }
}

const LATE: &str = "2026-11-21T10:50:00Z";

// 100 lines in 20 minutes were 50 in ten: half of it is 25.
#[rstest]
#[case::gone(0, SETTLED, "healed")]
#[case::as_many(50, SETTLED, "not healed")]
#[case::half_as_many(25, SETTLED, "not healed")]
#[case::a_few_may_be_the_start(24, SETTLED, "not yet")]
#[case::one(1, SETTLED, "not yet")]
#[case::one_for_too_long(1, LATE, "not healed")]
#[case::gone_late(0, LATE, "healed")]
fn new_lines_must_end(#[case] count: i64, #[case] when: &str, #[case] expected: &str) {
    assert_eq!(judged(&with_pattern(|_| {}), &again(count, GROUP), at(when)), expected);
}

// Ten times as often as before: five in ten minutes are as ever, ten are twice that.
#[rstest]
#[case(5, "healed")]
#[case(10, "healed")]
#[case(11, "not yet")]
#[case(25, "not healed")]
fn lines_that_surged_may_be_as_often_as_before(#[case] count: i64, #[case] expected: &str) {
    let incident = with_pattern(|pattern| {
        pattern.change = PatternChange::Surged;
        pattern.ratio = Some(10.0);
    });
    assert_eq!(judged(&incident, &again(count, GROUP), at(SETTLED)), expected);
}

#[rstest]
#[case::steady(|p: &mut LogPattern| p.change = PatternChange::Steady)]
#[case::nothing_to_compare_with(|p: &mut LogPattern| p.change = PatternChange::Uncompared)]
#[case::vanished(|p: &mut LogPattern| p.change = PatternChange::Vanished)]
#[case::no_error(|p: &mut LogPattern| p.severity = Severity::Low)]
fn what_was_no_new_error_is_no_symptom(#[case] change: fn(&mut LogPattern)) {
    let (symptoms, gaps) = symptoms(&with_pattern(change));
    assert!(symptoms.is_empty() && gaps.is_empty());
}

#[test]
fn the_same_lines_of_another_group_say_nothing() {
    assert_eq!(judged(&with_pattern(|_| {}), &again(50, "/app/other"), at(SETTLED)), "healed");
}

#[test]
fn a_kind_that_says_too_little_is_a_gap() {
    let (symptoms, gaps) = symptoms(&with_pattern(|pattern| pattern.template = "<*>: <num> bad <path>".to_owned()));
    assert!(symptoms.is_empty());
    assert!(gaps[0].source.contains("<*>: <num> bad <path>") && gaps[0].source.contains(GROUP), "{gaps:?}");
}

#[test]
fn a_kind_is_asked_for_by_its_longest_words_and_told_by_all_of_them() {
    let (symptoms, _) = symptoms(&with_pattern(|_| {}));
    assert_eq!(symptoms[0].keyword, "pool exhausted");
    assert!(symptoms[0].is("ERROR connection to 10.0.0.1:5432 failed after 2 s: pool exhausted"));
    assert!(!symptoms[0].is("ERROR pool exhausted: connection to 10.0.0.1 failed after 2 s"), "in another order");
    assert!(!symptoms[0].is("ERROR connection to 10.0.0.1 failed after 2 s: timeout"));
}

#[test]
fn lines_of_json_are_read_as_what_they_say() {
    let mut logs = again(0, GROUP);
    let message = |n: i64| serde_json::json!({ "level": "error", "n": n, "message": format!("connection to 10.0.0.{n} failed after {n} ms: pool exhausted") });
    logs.lines = (0..30)
        .map(|n| LogLine {
            at: at("2026-11-21T10:10:00Z"),
            group: GROUP.to_owned(),
            stream: "s".to_owned(),
            message: message(n).to_string(),
        })
        .collect();
    assert_eq!(judged(&with_pattern(|_| {}), &logs, at(SETTLED)), "not healed");
}

#[test]
fn logs_that_could_not_be_read_are_told_and_decide_nothing() {
    let gap = Gap { source: "logs of /app/web".to_owned(), reason: "access denied".to_owned() };
    let unread = LogsAgain { gaps: vec![gap.clone()], length: minutes(10), ..LogsAgain::default() };
    assert_eq!(judged(&with_pattern(|_| {}), &unread, at(SETTLED)), "healed");
    let healed = ended(REBOOT, None, ClaimState::Healed { action: REBOOT, unread: vec![gap] });
    let outcome = RemediationOutcome::of(&incident(), &healed).unwrap();
    assert_eq!(
        outcome.result.text(),
        "The reboot helped: the symptom is gone. Not looked at: logs of /app/web (access denied)."
    );
}
