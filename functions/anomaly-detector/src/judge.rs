//! The decision: datapoints of one series in, anomalies out. Pure.

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::{Anomaly, ExpectedRange};
use nightjar_domain::recovery::Calm;
use nightjar_domain::severity::Severity;
use nightjar_model::{Datapoint, Detector, Model, Observation, Verdict};

use crate::watch::Watch;

/// How old a datapoint may be and still raise an anomaly. Older ones are only learnt from: a new series brings 14 days
/// of history at once, and nobody wants to be woken for last week.
pub const NEWS: SignedDuration = SignedDuration::from_hours(3);

/// What a series' new datapoints came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    pub anomalies: Vec<Anomaly>,
    /// Anomalous datapoints that are too old to be news.
    pub historic: usize,
    /// Datapoints seen and needed, while the series is being learnt.
    pub learning: Option<(u32, u32)>,
    pub observed: usize,
    /// Datapoints that could not be judged: repeated, not finite, out of order.
    pub ignored: usize,
    /// Datapoints in a maintenance window: neither judged nor learnt.
    pub maintained: usize,
}

/// Feeds `points`, oldest first, to the detector and takes what it remembers into `watch`.
pub fn judge(model: &Model, watch: &mut Watch, points: &[Datapoint], now: Timestamp) -> Judgement {
    let detector = Detector::new(model);
    let mut judgement = Judgement::default();
    for point in points {
        if watch.is_maintained(point.at) {
            watch.state.set_aside(point.at);
            judgement.maintained += 1;
            continue;
        }
        judgement.observed += 1;
        judgement.learning = None;
        let observation = detector.observe(&mut watch.state, *point);
        note_calm(watch, *point, &observation);
        match observation.verdict {
            Verdict::Learning { have, need } => judgement.learning = Some((have, need)),
            Verdict::Ignored { .. } => judgement.ignored += 1,
            Verdict::Normal => {}
            Verdict::Anomalous(found) => {
                if let Some(anomaly) = describe(watch, &found, model.version()) {
                    if now.duration_since(anomaly.window_end) <= NEWS {
                        judgement.anomalies.push(anomaly);
                    } else {
                        judgement.historic += 1;
                    }
                }
            }
        }
    }
    judgement
}

/// Counts how long the series has been within the range that its own past leads to expect. Silence after an alert is no calm: the
/// alert policy mutes what goes on. What was not judged changes nothing.
fn note_calm(watch: &mut Watch, point: Datapoint, observation: &Observation) {
    let end = point.at.saturating_add(i64::from(watch.metric.period_seconds));
    let (Some(expected), Ok(end)) = (observation.expected, Timestamp::from_second(end)) else { return };
    let is_within =
        (expected.low..=expected.high).contains(&point.value) || !watch.direction.admits(point.value, expected.typical);
    let is_normal = matches!(observation.verdict, Verdict::Normal);
    watch.calm = Calm::after(watch.calm, end, is_within && is_normal);
}

/// The message of an anomaly; `None` where the side of the deviation does not count for this metric.
fn describe(watch: &Watch, found: &nightjar_model::Anomaly, model_version: &str) -> Option<Anomaly> {
    if !watch.direction.admits(found.observed, found.expected.typical) {
        return None;
    }
    let window_start = Timestamp::from_second(found.at).ok()?;
    let window_end = Timestamp::from_second(found.at + i64::from(watch.metric.period_seconds)).ok()?;
    Some(Anomaly {
        id: Anomaly::identify(&watch.metric, window_end),
        resource: watch.resource.clone(),
        metric: watch.metric.clone(),
        window_start,
        window_end,
        observed: found.observed,
        expected: ExpectedRange { low: found.expected.low, typical: found.expected.typical, high: found.expected.high },
        score: found.score,
        severity: severity(found.severity),
        reasons: found.reasons.iter().map(ToString::to_string).collect(),
        detector: model_version.to_owned(),
    })
}

fn severity(severity: nightjar_model::Severity) -> Severity {
    match severity {
        nightjar_model::Severity::Info => Severity::Info,
        nightjar_model::Severity::Low => Severity::Low,
        nightjar_model::Severity::Medium => Severity::Medium,
        nightjar_model::Severity::High => Severity::High,
        nightjar_model::Severity::Critical => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use nightjar_domain::maintenance::MaintenanceWindows;
    use nightjar_domain::resource::Direction;
    use nightjar_testkit::{metric, now, resource_ref};

    use super::*;

    const PERIOD: i64 = 300;

    /// Ten days of a daily rhythm with a little deterministic noise, up to `end`, then `tail`.
    fn history(end: Timestamp, tail: &[f64]) -> Vec<Datapoint> {
        let count = 10 * 288;
        let first = end.as_second() / PERIOD * PERIOD - (count + tail.len() as i64) * PERIOD;
        let rhythm = (0..count).map(|i| {
            let noise = (i.wrapping_mul(7919) % 101) as f64 / 50.0;
            30.0 + 10.0 * (i as f64 / 288.0 * std::f64::consts::TAU).sin() + noise
        });
        rhythm
            .chain(tail.iter().copied())
            .enumerate()
            .map(|(i, value)| Datapoint { at: first + i as i64 * PERIOD, value })
            .collect()
    }

    fn judged(direction: Direction, end: Timestamp, tail: &[f64]) -> Judgement {
        let mut watch = Watch::new(&resource_ref(), &metric(), direction, Vec::new(), None);
        judge(Model::bundled(), &mut watch, &history(end, tail), now())
    }

    #[test]
    fn a_spike_is_an_anomaly_with_all_that_a_person_needs() {
        let judgement = judged(Direction::Above, now(), &[97.0, 98.0, 97.5]);
        let anomaly = judgement.anomalies.first().expect("an anomaly");
        assert!(anomaly.score >= 0.95, "{}", anomaly.score);
        assert!(anomaly.expected.low <= anomaly.expected.typical && anomaly.expected.typical <= anomaly.expected.high);
        assert!(!anomaly.reasons.is_empty());
        assert_eq!(anomaly.window_end.duration_since(anomaly.window_start), SignedDuration::from_secs(PERIOD));
        assert_eq!(anomaly.id, judged(Direction::Above, now(), &[97.0, 98.0, 97.5]).anomalies[0].id);
    }

    #[test]
    fn yesterdays_spike_is_learnt_from_and_wakes_nobody() {
        let judgement = judged(Direction::Above, now() - SignedDuration::from_hours(24), &[97.0, 98.0, 97.5]);
        assert_eq!(judgement.anomalies, []);
        assert!(judgement.historic >= 1);
    }

    #[test]
    fn calm_is_counted_from_the_datapoint_after_the_trouble() {
        let mut watch = Watch::new(&resource_ref(), &metric(), Direction::Above, Vec::new(), None);
        // The rhythm's own next values, then trouble that lasts, then the rhythm again.
        let mut points = history(now(), &[97.0, 98.0, 97.5, 97.0]);
        judge(Model::bundled(), &mut watch, &points, now());
        assert_eq!(watch.calm, None, "an alert is told once, but what goes on is no calm");
        let last = points.pop().unwrap().at;
        let usual: Vec<f64> = points.iter().rev().skip(4).take(3).map(|point| point.value).collect();
        let after: Vec<Datapoint> =
            usual.iter().zip(1..).map(|(value, n)| Datapoint { at: last + n * PERIOD, value: *value }).collect();
        judge(Model::bundled(), &mut watch, &after, now() + SignedDuration::from_mins(20));
        let calm = watch.calm.expect("calm again");
        assert_eq!((calm.periods, calm.until.as_second()), (3, last + 4 * PERIOD));
    }

    #[test]
    fn the_side_that_does_not_count_is_quiet() {
        assert_eq!(judged(Direction::Below, now(), &[97.0, 98.0, 97.5]).anomalies, []);
    }

    #[test]
    fn a_short_history_says_how_much_is_missing() {
        let mut watch = Watch::new(&resource_ref(), &metric(), Direction::Both, Vec::new(), None);
        let points: Vec<Datapoint> = history(now(), &[]).into_iter().rev().take(5).rev().collect();
        let judgement = judge(Model::bundled(), &mut watch, &points, now());
        let (have, need) = judgement.learning.expect("still learning");
        assert!(have <= 5 && need > 5, "have {have} of {need}");
    }

    #[test]
    fn what_happens_in_a_maintenance_window_is_neither_judged_nor_learnt() {
        let windows = MaintenanceWindows::parse(
            r#"{"windows": [{"name": "patches", "why": "a test", "resources": {"all": true},
                "when": {"once": {"from": "2026-11-21T00:00:00Z", "until": "2026-11-22T00:00:00Z"}}}]}"#,
        )
        .unwrap();
        let maintenance = windows.of(&nightjar_testkit::resource()).cloned().collect();
        let mut watch = Watch::new(&resource_ref(), &metric(), Direction::Above, maintenance, None);
        let judgement = judge(Model::bundled(), &mut watch, &history(now(), &[97.0; 40]), now());
        assert_eq!((judgement.anomalies.len(), judgement.historic), (0, 0));
        let since_midnight = (now().as_second() - nightjar_testkit::at("2026-11-21T00:00:00Z").as_second()) / PERIOD;
        assert_eq!(judgement.maintained as i64, since_midnight);
        assert_eq!(watch.last_at().map(|at| at + SignedDuration::from_secs(PERIOD) <= now()), Some(true));
    }
}
