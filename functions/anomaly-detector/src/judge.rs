//! The decision: datapoints of one series in, anomalies out. Pure.

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::{Anomaly, ExpectedRange};
use nightjar_domain::severity::Severity;
use nightjar_model::{Datapoint, Detector, Verdict};

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
}

/// Feeds `points`, oldest first, to the detector and takes what it remembers into `watch`.
pub fn judge(
    detector: &Detector<'_>,
    model_version: &str,
    watch: &mut Watch,
    points: &[Datapoint],
    now: Timestamp,
) -> Judgement {
    let mut judgement = Judgement::default();
    for point in points {
        judgement.observed += 1;
        judgement.learning = None;
        match detector.observe(&mut watch.state, *point).verdict {
            Verdict::Learning { have, need } => judgement.learning = Some((have, need)),
            Verdict::Ignored { .. } => judgement.ignored += 1,
            Verdict::Normal => {}
            Verdict::Anomalous(found) => {
                if let Some(anomaly) = describe(watch, &found, model_version) {
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

/// The message of an anomaly; `None` where the side of the deviation does not count for this metric.
fn describe(watch: &Watch, found: &nightjar_model::Anomaly, model_version: &str) -> Option<Anomaly> {
    if !watch.direction.admits(found.observed, found.expected.typical) {
        return None;
    }
    let window_start = Timestamp::from_second(found.at).ok()?;
    let window_end = Timestamp::from_second(found.at + i64::from(watch.metric.period_seconds)).ok()?;
    Some(Anomaly {
        id: Anomaly::identify(&watch.metric, window_end, model_version),
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
