//! Rules over counts of lines.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::{Anomaly, FoundBy};
use nightjar_domain::diagnosis::LogSignals;
use nightjar_domain::log_watch::{self, Counted, LogWatch, Slice, Watched};
use nightjar_domain::resource::LogSource;
use nightjar_testkit::{LOG_GROUP, at, resource_ref};

fn source() -> LogSource {
    LogSource { group: LOG_GROUP.to_owned(), stream_prefix: None }
}

/// Plays slices of so many lines each and gives what each told.
fn play(watch: &LogWatch, line: &str, slices: &[u64]) -> (Watched, Vec<Vec<Anomaly>>) {
    let signals = LogSignals::bundled().unwrap();
    let mut watched = Watched::from(at("2026-11-21T06:00:00Z"));
    let told = slices
        .iter()
        .map(|lines| {
            let lines: Vec<String> = (0..*lines).map(|n| format!("{line} {n}")).collect();
            let counted = watch.count(LOG_GROUP, lines.iter().map(String::as_str), &signals);
            watch.judge(&mut watched, &counted, &source(), &resource_ref(), 0.000_25)
        })
        .collect();
    (watched, told)
}

fn told(line: &str, slices: &[u64]) -> Vec<usize> {
    play(&LogWatch::bundled().unwrap(), line, slices).1.iter().map(Vec::len).collect()
}

const ERROR: &str = "2026-11-21T10:00:00Z ERROR payment of order was not booked";

#[rstest::rstest]
#[case::a_burst_after_calm(&[1, 0, 2, 1, 0, 1, 1, 40], &[0, 0, 0, 0, 0, 0, 0, 1])]
#[case::it_goes_on_and_is_told_once(&[1, 0, 2, 1, 0, 1, 1, 40, 40, 40], &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0])]
#[case::few_are_no_burst(&[0, 0, 0, 0, 0, 0, 0, 15], &[0; 8])]
#[case::as_many_as_ever(&[50; 10], &[0; 10])]
#[case::nobody_knows_what_is_usual(&[0, 0, 60], &[0; 3])]
#[case::twice_the_usual_is_a_busy_hour(&[30, 30, 30, 30, 30, 30, 30, 60, 60], &[0; 9])]
fn the_error_rate_in_a_sliding_window(#[case] slices: &[u64], #[case] expected: &[usize]) {
    assert_eq!(told(ERROR, slices), expected);
}

#[test]
fn what_goes_on_for_an_hour_is_told_again() {
    let mut slices = vec![0; 8];
    slices.extend([100; 14]);
    let watch = LogWatch::parse(
        r#"{"rules": [{"name": "e", "groups": ["*"], "counts": "errors", "window_minutes": 5, "at_least": 50,
            "severity": "high", "why": "x"}]}"#,
    )
    .unwrap();
    let told: usize = play(&watch, ERROR, &slices).1.iter().map(Vec::len).sum();
    assert_eq!(told, 2);
}

#[test]
fn many_failed_logins_need_no_history() {
    let (watched, told) = play(
        &LogWatch::bundled().unwrap(),
        "sshd[12]: Failed password for invalid user admin from 198.51.100.7 port",
        &[45],
    );
    let anomaly = &told[0][0];
    assert_eq!((anomaly.metric.name.as_str(), anomaly.observed), ("failed-logins", 45.0));
    assert_eq!(anomaly.found_by(), FoundBy::Logs);
    assert_eq!(anomaly.window_end, watched.until);
    let reasons = anomaly.reasons.join("; ");
    assert!(reasons.contains("such as: sshd[12]") && reasons.contains("cost 0.000250 USD"), "{reasons}");
}

#[test]
fn ordinary_lines_that_speak_of_errors_are_none() {
    assert_eq!(
        told("2026-11-21T10:00:00Z INFO checked 12 files, errors: 0, failed: 0", &[0, 0, 0, 0, 0, 0, 0, 500])
            .iter()
            .sum::<usize>(),
        0
    );
}

#[test]
fn a_phrase_of_ones_own_for_groups_of_ones_own() {
    let rules = |group: &str| {
        format!(
            r#"{{"rules": [{{"name": "declined", "groups": ["{group}"], "counts": {{"phrases": ["card * declined"]}},
            "window_minutes": 5, "at_least": 3, "severity": "medium", "why": "x"}}]}}"#
        )
    };
    let watch = LogWatch::parse(&rules("/aws/*/check*")).unwrap();
    assert_eq!(
        play(&watch, "the card of a customer was Declined", &[2, 3]).1.iter().map(Vec::len).collect::<Vec<_>>(),
        [0, 1]
    );
    assert!(watch.filter(LOG_GROUP, &LogSignals::bundled().unwrap()).ends_with("|card .* declined"));
    assert!(!LogWatch::parse(&rules("/aws/rds/*")).unwrap().looks_at(LOG_GROUP));
}

#[test]
fn slices_nobody_read_are_not_calm() {
    let (mut watched, _) = play(&LogWatch::bundled().unwrap(), ERROR, &[1; 8]);
    let end = Watched::newest_end(watched.until + SignedDuration::from_mins(31), SignedDuration::from_mins(1));
    assert_eq!(watched.missing(end), 6);
    watched.skip(6);
    assert_eq!((watched.missing(end), watched.slices.len()), (0, 14));
    assert_eq!(watched.slices.iter().flatten().count(), 8);
    watched.skip(1000);
    assert_eq!(watched.slices.len(), 72);
}

#[test]
fn everything_wrong_with_the_rules_is_told_at_once() {
    let error = LogWatch::parse(
        r#"{"rules": [{"name": "a", "groups": [], "counts": {"phrases": [" * "]}, "window_minutes": 7, "at_least": 0,
            "times_usual": 1.0, "severity": "low", "why": "x"}]}"#,
    )
    .unwrap_err()
    .to_string();
    for named in ["groups is empty", "the phrase", "window_minutes 7", "at_least 0", "times_usual"] {
        assert!(error.contains(named), "{named}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_counts_are_judged_and_memory_is_bounded(slices in proptest::collection::vec(0_u64..2000, 0..120)) {
        let watch = LogWatch::bundled().unwrap();
        let mut watched = Watched::from(Timestamp::UNIX_EPOCH);
        for count in slices {
            let counts = BTreeMap::from([("error-rate".to_owned(), count)]);
            let counted = Counted { slice: Slice { counts }, samples: BTreeMap::new() };
            let told = watch.judge(&mut watched, &counted, &source(), &resource_ref(), 0.0);
            proptest::prop_assert!(told.len() <= 1 && watched.slices.len() <= 72);
        }
    }
}

#[test]
fn a_rule_is_calm_when_it_no_longer_holds_and_only_as_far_as_lines_were_read() {
    let watch = LogWatch::bundled().unwrap();
    let (mut watched, told) = play(&watch, ERROR, &[1, 0, 2, 1, 0, 1, 1, 40, 0, 0, 0, 0]);
    let raised = told.iter().flatten().next().unwrap();
    let series = raised.metric.series().to_string();
    let (source, rule) = log_watch::source_of(&series).unwrap();
    assert_eq!((source.group.as_str(), rule), (LOG_GROUP, "error-rate"));
    // Forty errors are in the ten-minute window of the slice after them too.
    let calm = watched.calm(rule, raised.metric.period_seconds).unwrap();
    assert_eq!((calm.periods, calm.until), (1, watched.until));
    watched.skip(3);
    assert_eq!(watched.calm(rule, raised.metric.period_seconds), Some(calm));
    assert_eq!(Watched::from(watched.until).calm(rule, 600), None);
    assert_eq!(log_watch::source_of("AWS/EC2|CPUUtilization|InstanceId=i-1|Average|300"), None);
    let prefixed = "Nightjar/Logs|e|LogGroup=/a,StreamPrefix=i-1|Sum|300";
    assert_eq!(log_watch::source_of(prefixed).unwrap().0.stream_prefix.as_deref(), Some("i-1"));
}
