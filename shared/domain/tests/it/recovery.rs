//! What joins an incident, what ends it, and that neither depends on how often or in which order it is told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::alarm::AlarmChange;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::escalation::{Decision, Escalation};
use nightjar_domain::incident::{Incident, Status, StatusChange};
use nightjar_domain::recovery::{Calm, Joining, Recovery, recovery};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{anomaly, at, incident, metric, resource};
use proptest::prelude::*;
use rstest::rstest;

const BY: &str = "log-analyzer-rca";

/// The anomaly of the same series, so many minutes later.
fn later(minutes: i64) -> Anomaly {
    let first = anomaly();
    let shift = SignedDuration::from_mins(minutes);
    let window_end = first.window_end + shift;
    let id = Anomaly::identify(&first.metric, window_end);
    Anomaly { id, window_start: first.window_start + shift, window_end, ..first }
}

fn recorded(severity: Severity) -> Decision {
    Decision { escalation: Escalation::Recorded { because: "quiet".to_owned() }, severity }
}

fn told() -> Decision {
    Decision { escalation: Escalation::Escalated { because: "loud".to_owned() }, severity: Severity::Critical }
}

fn joined(incident: &Incident, anomaly: &Anomaly, decision: &Decision) -> Incident {
    match incident.join(anomaly, decision, BY, anomaly.window_end + SignedDuration::from_mins(1)) {
        Joining::Joined(incident) => *incident,
        other => panic!("{other:?}"),
    }
}

fn resolved(mut incident: Incident, when: Timestamp) -> Incident {
    incident.status = Status::Resolved;
    incident.version += 1;
    incident.timeline.push(StatusChange {
        at: when,
        by: BY.to_owned(),
        to: Status::Resolved,
        why: "x".to_owned(),
        ..incident.timeline[0].clone()
    });
    incident
}

#[test]
fn more_of_the_same_joins_and_is_told_in_the_timeline() {
    let first = incident();
    let joined = joined(&first, &later(10), &recorded(Severity::Low));
    assert_eq!((joined.id.clone(), joined.status, joined.version), (first.id.clone(), Status::Open, first.version + 1));
    assert_eq!((joined.severity, &joined.escalation), (first.severity, &first.escalation), "nothing is taken back");
    let entry = joined.timeline.last().unwrap();
    assert!(
        entry.why.starts_with("CPUUtilization is abnormal again: 97.2 where 18 to 31 is expected"),
        "{}",
        entry.why
    );
    assert_eq!(
        (joined.sources.len(), joined.sources[0].count, joined.sources[0].last_at),
        (1, 2, later(10).window_end)
    );
    assert_eq!(joined.join(&later(10), &told(), BY, at("2026-11-21T11:00:00Z")), Joining::Known);
    assert_eq!(joined.join(&anomaly(), &told(), BY, at("2026-11-21T11:00:00Z")), Joining::Known);
}

#[test]
fn evidence_may_raise_the_severity_and_have_people_told() {
    let quiet = Incident { severity: Severity::Low, escalation: recorded(Severity::Low).escalation, ..incident() };
    let louder = joined(&quiet, &later(5), &told());
    assert_eq!((louder.severity, louder.escalation.because()), (Severity::Critical, "loud"));
}

#[rstest]
#[case::soon_after(30, 1)]
#[case::a_day_later(60 * 23, 1)]
#[case::another_story(60 * 30, 0)]
fn what_is_over_stays_over_and_flaps_are_counted(#[case] minutes: i64, #[case] flaps: u32) {
    let over = resolved(incident(), at("2026-11-21T10:20:00Z"));
    assert_eq!(over.resolved_at(), Some(at("2026-11-21T10:20:00Z")));
    let again = over.join(&later(minutes), &told(), BY, later(minutes).window_end);
    assert_eq!(again, Joining::Over { flaps });
}

#[test]
fn what_was_before_the_end_and_is_told_late_belongs_to_what_is_over() {
    let over = resolved(Incident { severity: Severity::Low, ..incident() }, at("2026-11-21T10:20:00Z"));
    let late = joined(&over, &later(10), &told());
    assert_eq!((late.status, late.severity, late.resolved_at()), (Status::Resolved, Severity::Low, over.resolved_at()));
}

fn calm(periods: u32, since: &str, until: &str) -> BTreeMap<String, Calm> {
    BTreeMap::from([(metric().series().to_string(), Calm { periods, since: at(since), until: at(until) })])
}

const OVER: &str = "";

#[rstest]
#[case::long_enough(3, "2026-11-21T10:05:00Z", "2026-11-21T10:15:00Z", 0, OVER)]
#[case::too_short(
    2,
    "2026-11-21T10:05:00Z",
    "2026-11-21T10:10:00Z",
    0,
    "CPUUtilization was as expected for 2 of 3 periods"
)]
#[case::flapped_once(
    3,
    "2026-11-21T10:05:00Z",
    "2026-11-21T10:15:00Z",
    1,
    "CPUUtilization was as expected for 3 of 6 periods"
)]
#[case::flapped_and_calm(6, "2026-11-21T10:05:00Z", "2026-11-21T10:30:00Z", 1, OVER)]
#[case::flapped_often(
    24,
    "2026-11-21T08:05:00Z",
    "2026-11-21T10:00:00Z",
    99,
    "CPUUtilization was as expected for 0 of 24 periods"
)]
#[case::calm_before_it_began(
    9,
    "2026-11-21T09:00:00Z",
    "2026-11-21T09:50:00Z",
    0,
    "CPUUtilization was as expected for 0 of 3 periods"
)]
#[case::calm_that_began_before(9, "2026-11-21T09:00:00Z", "2026-11-21T10:15:00Z", 0, OVER)]
fn calm_must_last(
    #[case] periods: u32,
    #[case] since: &str,
    #[case] until: &str,
    #[case] flaps: u32,
    #[case] expected: &str,
) {
    let incident = Incident { flaps, ..incident() };
    let now = at(until) + SignedDuration::from_mins(6);
    match recovery(&incident, &calm(periods, since, until), 3, now) {
        Recovery::Over { why } => assert!(expected.is_empty() && why.contains("was as expected for"), "{why}"),
        Recovery::NotYet { because } => assert_eq!(because, expected),
    }
}

#[test]
fn no_datapoint_is_no_calm() {
    let none = recovery(&incident(), &BTreeMap::new(), 3, at("2026-11-21T12:00:00Z"));
    assert_eq!(none, Recovery::NotYet { because: "CPUUtilization is not back in its expected range".to_owned() });
    let known = calm(9, "2026-11-21T10:05:00Z", "2026-11-21T10:45:00Z");
    let Recovery::NotYet { because } = recovery(&incident(), &known, 3, at("2026-11-21T12:00:00Z")) else { panic!() };
    assert!(because.contains("brought no datapoint since 2026-11-21T10:45:00Z"), "{because}");
}

fn alarm(state: &str, minute: u32) -> AlarmChange {
    AlarmChange::parse(&format!(
        r#"{{"AlarmName": "checkout-status", "AWSAccountId": "000000000000", "NewStateValue": "{state}", "NewStateReason": "as it is",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:checkout-status", "StateChangeTime": "2026-11-21T10:{minute:02}:00.000+0000",
            "Trigger": {{"MetricName": "StatusCheckFailed", "Namespace": "AWS/EC2", "Statistic": "MAXIMUM", "Period": 60,
            "Dimensions": [{{"name": "InstanceId", "value": "{}"}}], "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0}}}}"#,
        resource().reference.id
    ))
    .unwrap()
}

#[test]
fn an_alarm_keeps_an_incident_open_until_it_is_ok() {
    let raised = alarm("ALARM", 3).anomaly(Some(&resource()));
    let with_alarm = joined(&incident(), &raised, &told());
    assert!(
        with_alarm
            .timeline
            .last()
            .unwrap()
            .why
            .starts_with("StatusCheckFailed is abnormal too; the alarm checkout-status")
    );
    let metric_calm = calm(6, "2026-11-21T10:05:00Z", "2026-11-21T10:30:00Z");
    let now = at("2026-11-21T10:35:00Z");
    let waiting = recovery(&with_alarm, &metric_calm, 3, now);
    assert_eq!(waiting, Recovery::NotYet { because: "the alarm on StatusCheckFailed is not OK".to_owned() });

    assert_eq!(with_alarm.calmed(&alarm("ALARM", 9), BY, now), None);
    assert_eq!(with_alarm.calmed(&alarm("OK", 2), BY, now), None, "an OK from before the alarm");
    let calmed = with_alarm.calmed(&alarm("OK", 20), BY, now).unwrap();
    assert_eq!(calmed.calmed(&alarm("OK", 20), BY, now), None, "a redelivery");
    let Recovery::Over { why } = recovery(&calmed, &metric_calm, 3, now) else { panic!() };
    assert!(why.contains("the alarm on StatusCheckFailed is OK since 2026-11-21T10:20:00Z"), "{why}");

    let again = joined(&calmed, &alarm("ALARM", 33).anomaly(Some(&resource())), &told());
    assert!(matches!(recovery(&again, &metric_calm, 3, now), Recovery::NotYet { .. }));
}

#[test]
fn calm_is_counted_from_the_datapoint_after_the_last_that_was_not() {
    let within = |minutes: i64| at("2026-11-21T10:00:00Z") + SignedDuration::from_mins(minutes);
    let mut calm = None;
    for (minute, is_within) in [(5, true), (10, true), (15, false), (20, true), (25, true)] {
        calm = Calm::after(calm, within(minute), is_within);
    }
    assert_eq!(calm, Some(Calm { periods: 2, since: within(20), until: within(25) }));
}

proptest! {
    /// However often and in whatever order anomalies come, each is counted once and the incident stays one of bounded size.
    #[test]
    fn order_and_repetition_change_nothing_but_the_order_of_the_timeline(minutes in prop::collection::vec(1_i64..40, 1..60)) {
        let apply = |order: &mut dyn Iterator<Item = i64>| {
            order.fold(incident(), |incident, minute| match incident.join(&later(minute * 5), &recorded(Severity::Low), BY, at("2026-11-21T14:00:00Z")) {
                Joining::Joined(incident) => *incident,
                Joining::Known => incident,
                Joining::Over { .. } => panic!("it is open"),
            })
        };
        let once = apply(&mut minutes.iter().copied());
        let twice = apply(&mut minutes.iter().rev().chain(&minutes).copied());
        prop_assert_eq!(&once.sources, &twice.sources);
        prop_assert_eq!(once.timeline.len(), twice.timeline.len());
        let distinct: std::collections::BTreeSet<_> = minutes.iter().collect();
        prop_assert_eq!(once.sources[0].count, distinct.len() as u64 + 1);
    }

    #[test]
    fn an_incident_that_lasts_for_days_stays_small(start in 1_i64..1000) {
        let mut incident = incident();
        for minute in start..start + 200 {
            incident = joined(&incident, &later(minute * 5), &recorded(Severity::Low));
        }
        prop_assert!(incident.timeline.len() <= 61 && serde_json::to_vec(&incident).unwrap().len() < 64 * 1024);
        // What is forgotten is not joined anew.
        prop_assert_eq!(incident.join(&later(start * 5), &told(), BY, at("2026-11-21T14:00:00Z")), Joining::Known);
    }
}
