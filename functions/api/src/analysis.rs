//! Datapoints as the detector sees them, one after the other. Pure.

use jiff::Timestamp;
use nightjar_domain::anomaly::ExpectedRange;
use nightjar_domain::resource::Direction;
use nightjar_domain::severity::Severity;
use nightjar_model::{Datapoint, Detector, Model, Observation, SeriesState, Verdict};
use serde::Serialize;

/// A datapoint and what the detector says of it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// Start of the datapoint's period.
    pub at: Timestamp,
    /// In the metric's own unit.
    pub value: f64,
    /// The range it was expected in; null while the series is being learnt.
    #[schema(required = true)]
    pub expected: Option<ExpectedRange>,
    /// 0 (ordinary) to 1 (never seen); null while the series is being learnt.
    #[schema(required = true)]
    pub score: Option<f64>,
    pub verdict: PointVerdict,
}

/// The decision on one datapoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PointVerdict {
    /// Too little history to judge.
    Learning,
    Normal,
    Anomalous,
}

/// An abnormal datapoint and why it is one.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FoundAnomaly {
    pub at: Timestamp,
    pub value: f64,
    /// 0 to 1.
    pub score: f64,
    pub severity: Severity,
    /// Plain sentences, strongest first.
    pub reasons: Vec<String>,
}

/// What a run over a series came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replay {
    pub points: Vec<Point>,
    pub anomalies: Vec<FoundAnomaly>,
}

/// Runs the detector from nothing over `points`, oldest first. Repeated and impossible ones are left out, as the detector leaves them.
pub fn replay(model: &Model, direction: Direction, period_seconds: u32, points: &[Datapoint]) -> Replay {
    let detector = Detector::new(model);
    let mut state = SeriesState::new(period_seconds);
    let mut replay = Replay::default();
    for point in points {
        let observation = detector.observe(&mut state, *point);
        let Ok(at) = Timestamp::from_second(point.at) else { continue };
        let verdict = match &observation.verdict {
            Verdict::Ignored { .. } => continue,
            Verdict::Learning { .. } => PointVerdict::Learning,
            Verdict::Anomalous(found) if direction.admits(found.observed, found.expected.typical) => {
                replay.anomalies.push(FoundAnomaly {
                    at,
                    value: point.value,
                    score: found.score,
                    severity: severity(found.severity),
                    reasons: found.reasons.iter().map(ToString::to_string).collect(),
                });
                PointVerdict::Anomalous
            }
            Verdict::Normal | Verdict::Anomalous(_) => PointVerdict::Normal,
        };
        replay.points.push(told(at, point.value, &observation, verdict));
    }
    replay
}

fn told(at: Timestamp, value: f64, observation: &Observation, verdict: PointVerdict) -> Point {
    let expected = observation.expected.as_ref();
    let range = expected.map(|range| ExpectedRange { low: range.low, typical: range.typical, high: range.high });
    Point { at, value, expected: range, score: range.map(|_| observation.score), verdict }
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
    use super::*;

    fn history(tail: &[f64]) -> Vec<Datapoint> {
        let rhythm = (0..10 * 288).map(|i| {
            let noise = f64::from(i * 7919 % 101) / 50.0;
            30.0 + 10.0 * (f64::from(i) / 288.0 * std::f64::consts::TAU).sin() + noise
        });
        let values = rhythm.chain(tail.iter().copied()).enumerate();
        values.map(|(i, value)| Datapoint { at: 1_795_000_200 + i as i64 * 300, value }).collect()
    }

    #[test]
    fn a_spike_is_found_after_learning() {
        let replay = replay(Model::bundled(), Direction::Above, 300, &history(&[97.0, 98.0]));
        assert_eq!(replay.points.len(), 2882);
        assert_eq!((replay.points[0].verdict, replay.points[0].score), (PointVerdict::Learning, None));
        let spike = &replay.points[2880];
        assert_eq!(spike.verdict, PointVerdict::Anomalous);
        assert!(spike.expected.is_some_and(|range| range.high < 97.0));
        assert!(!replay.anomalies[0].reasons.is_empty());
    }

    #[test]
    fn the_side_that_does_not_count_is_normal() {
        let replay = replay(Model::bundled(), Direction::Below, 300, &history(&[97.0, 98.0]));
        assert_eq!((replay.points[2880].verdict, replay.anomalies.len()), (PointVerdict::Normal, 0));
    }

    #[test]
    fn what_cannot_be_judged_is_left_out() {
        let mut points = history(&[]);
        points.truncate(3);
        points.push(points[2]);
        points.push(Datapoint { at: points[2].at + 300, value: f64::NAN });
        assert_eq!(replay(Model::bundled(), Direction::Both, 300, &points).points.len(), 3);
        assert_eq!(replay(Model::bundled(), Direction::Both, 300, &[]), Replay::default());
    }
}
