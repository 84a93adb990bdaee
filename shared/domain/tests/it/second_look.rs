//! When an incident that goes on is looked at again, and what becomes of its finding.

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::{Cause, Finding};
use nightjar_domain::evidence::{Change, Gap};
use nightjar_domain::incident::{Incident, Status};
use nightjar_testkit::{anomaly, at, change, finding, finding_without_errors, incident, now};
use proptest::prelude::*;
use rstest::rstest;

fn gap() -> Gap {
    Gap { source: "changes in CloudTrail".to_owned(), reason: "no answer within 20 s".to_owned() }
}

/// The same series, so many minutes later.
fn later(minutes: i64) -> Anomaly {
    let window_end = anomaly().window_end + SignedDuration::from_mins(minutes);
    Anomaly { id: Anomaly::identify(&anomaly().metric, window_end), window_end, ..anomaly() }
}

fn worse(minutes: i64) -> Anomaly {
    Anomaly { observed: 200.0, ..later(minutes) }
}

/// Another metric of the resource.
fn other(minutes: i64) -> Anomaly {
    let mut other = later(minutes);
    "NetworkOut".clone_into(&mut other.metric.name);
    other.id = Anomaly::identify(&other.metric, other.window_end);
    other
}

fn minutes_after(minutes: i64) -> Timestamp {
    incident().opened_at + SignedDuration::from_mins(minutes)
}

#[rstest]
#[case::the_same_as_before(later(20), 20, false)]
#[case::worse(worse(20), 20, true)]
#[case::of_another_metric(other(20), 20, true)]
#[case::too_soon(worse(10), 10, false)]
#[case::older_than_the_incident(worse(-20), 20, false)]
#[case::what_opened_it(anomaly(), 20, false)]
fn another_look_is_for_what_is_new(#[case] joins: Anomaly, #[case] minutes: i64, #[case] expected: bool) {
    assert_eq!(incident().second_look(&joins, minutes_after(minutes)).is_some(), expected);
}

#[rstest]
#[case::no_cause_was_found(finding_without_errors(), 20, true)]
#[case::a_source_was_not_read(Finding { gaps: vec![gap()], ..finding() }, 20, true)]
#[case::and_will_not_be(Finding { gaps: vec![gap()], ..finding() }, 140, false)]
#[case::all_is_said(finding(), 20, false)]
fn what_was_left_open_is_looked_for_again(#[case] finding: Finding, #[case] minutes: i64, #[case] expected: bool) {
    let incident = Incident { finding, ..incident() };
    assert_eq!(incident.second_look(&later(minutes), minutes_after(minutes)).is_some(), expected);
}

#[test]
fn an_incident_that_is_over_rests() {
    let over = Incident { status: Status::Resolved, ..incident() };
    assert_eq!(over.second_look(&worse(20), minutes_after(20)), None);
}

#[test]
fn what_is_gathered_around_begins_where_the_trouble_did() {
    let around = incident().second_look(&worse(60), minutes_after(60)).unwrap();
    assert_eq!((around.window_start, around.window_end), (anomaly().window_start, worse(60).window_end));
    assert_eq!((around.observed, around.metric, around.id), (200.0, anomaly().metric, anomaly().id));
}

fn sure(kind: &str, confidence: f64) -> Finding {
    let cause = Cause { kind: kind.to_owned(), confidence, ..finding().causes[0].clone() };
    Finding { summary: format!("{kind} {confidence}"), causes: vec![cause], cost_usd: 0.25, ..finding() }
}

fn unknown() -> Finding {
    sure("unknown", 0.9)
}

#[rstest]
#[case::a_cause_beats_none(unknown(), sure("disk_full", 0.5), "disk_full 0.5")]
#[case::none_beats_no_cause(sure("disk_full", 0.5), unknown(), "disk_full 0.5")]
#[case::the_surer_one(sure("disk_full", 0.5), sure("dns_failure", 0.9), "dns_failure 0.9")]
#[case::not_the_less_sure(sure("disk_full", 0.9), sure("dns_failure", 0.5), "disk_full 0.9")]
fn the_better_finding_stands(#[case] known: Finding, #[case] newer: Finding, #[case] expected: &str) {
    let kept = known.or_better(newer);
    assert_eq!((kept.summary.as_str(), kept.cost_usd), (expected, 0.5));
}

#[test]
fn a_change_that_cloudtrail_told_late_is_kept_whichever_finding_stands() {
    let late = Change { event: "PutParameter".to_owned(), at: now(), ..change() };
    let newer = Finding { changes: vec![change(), late.clone()], ..sure("dns_failure", 0.1) };
    let kept = sure("disk_full", 0.9).or_better(newer);
    assert_eq!(kept.changes, [late, change()]);
}

proptest! {
    /// However often anomalies come, a day has few looks.
    #[test]
    fn looks_grow_rarer(step in 1_i64..30) {
        let mut incident = Incident { finding: unknown(), ..incident() };
        let mut looks = 0;
        for minutes in (0..24 * 60).step_by(step as usize) {
            if incident.second_look(&worse(minutes), minutes_after(minutes)).is_some() {
                incident = incident.looked_again(unknown(), minutes_after(minutes));
                looks += 1;
            }
        }
        prop_assert!((1..=14).contains(&looks), "{looks} looks");
        prop_assert!(incident.looked_at >= Some(at("2026-11-21T10:00:00Z")));
    }
}
