//! Training: healthy history in, a versioned artifact out.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::artifact::{Artifact, ArtifactError, Provenance, TrainingMetrics, hex};
use crate::detector::Detector;
use crate::forest::{FeatureVector, ForestOptions, PlantError, plant};
use crate::members;
use crate::model::Model;
use crate::robust::spread;
use crate::state::SeriesState;
use crate::verdict::{Datapoint, Verdict};

/// The history of one series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingSeries {
    /// Any name; it goes into the data hash.
    pub name: String,
    /// Seconds between two datapoints.
    pub period_seconds: u32,
    /// In order of time; what the detector would ignore is ignored here too.
    pub points: Vec<Datapoint>,
}

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// How the forest is grown.
    pub forest: ForestOptions,
    /// RFC 3339 time to write into the provenance: this crate has no clock.
    pub trained_at: String,
    /// At most this many feature vectors are kept, evenly over all series.
    pub max_observations: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { forest: ForestOptions::default(), trained_at: String::new(), max_observations: 200_000 }
    }
}

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The forest could not be grown, most often for want of history.
    #[error("the forest could not be grown: {0}")]
    Forest(#[from] PlantError),
    /// The artifact could not be written.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// Trains a model on the history of one or more series.
pub fn train(series: &[TrainingSeries], options: &TrainOptions) -> Result<Artifact, TrainError> {
    let all: Vec<FeatureVector> = series.iter().flat_map(observations).collect();
    let stride = all.len().div_ceil(options.max_observations.max(1)).max(1);
    let kept: Vec<FeatureVector> = all.into_iter().step_by(stride).collect();
    let forest = plant(&kept, &options.forest)?.flat;
    let mut scores: Vec<f64> = kept.iter().map(|observation| forest.score(observation)).collect();
    scores.sort_by(f64::total_cmp);
    let quantile = |q: f64| scores[((scores.len() - 1) as f64 * q) as usize];
    let metrics =
        TrainingMetrics { median_score: quantile(0.5), p99_score: quantile(0.99), p999_score: quantile(0.999) };
    let provenance = Provenance {
        trained_at: options.trained_at.clone(),
        data_sha256: data_sha256(series),
        series: series.len() as u32,
        observations: kept.len() as u32,
        forest: options.forest,
        metrics,
        sha256: String::new(),
    };
    let draft = Artifact { provenance, forest };
    // Written and read once: the digest in the provenance is the stored artifact's, and what is returned is known to load.
    Ok(Artifact::from_bytes(&draft.to_bytes()?)?)
}

/// The feature vectors a series shows once it is past learning.
fn observations(series: &TrainingSeries) -> Vec<FeatureVector> {
    let mut state = SeriesState::new(series.period_seconds);
    let mut vectors = Vec::new();
    for point in &series.points {
        let in_order = state.last_at().is_none_or(|last| point.at > last);
        if !in_order || !point.value.is_finite() {
            continue;
        }
        state.take(point.at, point.value);
        if state.slots_seen() > state.slots_needed() {
            vectors.extend(members::feature_vector(&state));
        }
    }
    vectors
}

fn data_sha256(series: &[TrainingSeries]) -> String {
    let mut hash = Sha256::new();
    for one in series {
        hash.update(one.name.as_bytes());
        hash.update(one.period_seconds.to_le_bytes());
        for point in &one.points {
            hash.update(point.at.to_le_bytes());
            hash.update(point.value.to_le_bytes());
        }
    }
    hex(&hash.finalize())
}

/// A candidate model beside the one in use, on history neither was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Datapoints judged.
    pub judged: u32,
    /// Alerts on the held-out history, which is taken to be healthy.
    pub current_alerts: u32,
    /// The candidate's.
    pub candidate_alerts: u32,
    /// Incidents put into the history that were found: a level shift of an hour at ten times the usual spread.
    pub current_found: u32,
    /// The candidate's.
    pub candidate_found: u32,
    /// Incidents put in.
    pub incidents: u32,
}

impl Comparison {
    /// Whether the candidate may take over: it finds no fewer incidents and raises no more alerts.
    pub fn candidate_is_no_worse(&self) -> bool {
        self.candidate_found >= self.current_found && self.candidate_alerts <= self.current_alerts
    }
}

/// Measures a candidate against the model in use. Each series is replayed twice with each model: as it is, and with an incident in
/// its last quarter.
pub fn compare(current: &Model, candidate: &Model, held_out: &[TrainingSeries]) -> Comparison {
    let mut sum = Comparison {
        judged: 0,
        current_alerts: 0,
        candidate_alerts: 0,
        current_found: 0,
        candidate_found: 0,
        incidents: 0,
    };
    for series in held_out {
        let from = series.points.len() * 3 / 4;
        let until = (from + (3_600 / series.period_seconds.max(1) as usize).max(1)).min(series.points.len());
        let shaken = with_incident(series, from..until);
        let (judged, current_alerts) = replay(current, series, 0..series.points.len());
        let (_, candidate_alerts) = replay(candidate, series, 0..series.points.len());
        sum.judged += judged;
        sum.current_alerts += current_alerts;
        sum.candidate_alerts += candidate_alerts;
        sum.incidents += 1;
        sum.current_found += u32::from(replay(current, &shaken, from..until).1 > 0);
        sum.candidate_found += u32::from(replay(candidate, &shaken, from..until).1 > 0);
    }
    sum
}

/// Datapoints judged, and alerts among the rows.
fn replay(model: &Model, series: &TrainingSeries, rows: Range<usize>) -> (u32, u32) {
    let detector = Detector::new(model);
    let mut state = SeriesState::new(series.period_seconds);
    let (mut judged, mut alerts) = (0, 0);
    for (row, point) in series.points.iter().enumerate() {
        match detector.observe(&mut state, *point).verdict {
            Verdict::Anomalous(_) => {
                judged += 1;
                alerts += u32::from(rows.contains(&row));
            }
            Verdict::Normal => judged += 1,
            Verdict::Learning { .. } | Verdict::Ignored { .. } => {}
        }
    }
    (judged, alerts)
}

fn with_incident(series: &TrainingSeries, rows: Range<usize>) -> TrainingSeries {
    let values: Vec<f32> =
        series.points.iter().map(|point| point.value as f32).filter(|value| value.is_finite()).collect();
    let shift = spread(&values, 1).map_or(1.0, |spread| 10.0 * f64::from(spread.unit(1.0)));
    let mut shaken = series.clone();
    for point in &mut shaken.points[rows] {
        point.value += shift;
    }
    shaken
}
