//! Training: healthy history in, a versioned artifact out.

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
    /// Too little history for a forest that is worth comparing.
    #[error("too little history to train on: {have} observations past learning, {need} are needed")]
    TooLittle {
        /// Feature vectors there are.
        have: usize,
        /// Feature vectors wanted.
        need: usize,
    },
    /// Too little held-out history to tell whether the candidate is worse.
    #[error("too little held-out history to compare on: {have} datapoints judged, {need} are needed")]
    TooLittleHeldOut {
        /// Datapoints judged.
        have: u32,
        /// Datapoints wanted.
        need: u32,
    },
}

/// Observations a candidate must be grown from: with fewer, a tree's sample of 256 would be most of what there is, and the trees
/// would be one tree.
pub const LEAST_OBSERVATIONS: usize = 4 * 256;

/// Held-out datapoints both models must have judged before their alerts are compared: a day of five-minute periods.
pub const LEAST_JUDGED: u32 = 288;

/// A candidate, and how it compares with the model in use.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The candidate.
    pub artifact: Artifact,
    /// It and the model in use, on history that neither was trained on.
    pub comparison: Comparison,
}

/// Trains a candidate and measures it against the model in use. Too little history for either is an error: nothing is decided on
/// next to nothing.
pub fn propose(
    current: &Model,
    history: &[TrainingSeries],
    held_out: &[TrainingSeries],
    options: &TrainOptions,
) -> Result<Proposal, TrainError> {
    let have: usize = history.iter().map(|series| observations(series).len()).sum();
    if have < LEAST_OBSERVATIONS {
        return Err(TrainError::TooLittle { have, need: LEAST_OBSERVATIONS });
    }
    let artifact = train(history, options)?;
    let comparison = compare(current, &Model::from(artifact.clone()), held_out);
    if comparison.judged < LEAST_JUDGED {
        return Err(TrainError::TooLittleHeldOut { have: comparison.judged, need: LEAST_JUDGED });
    }
    Ok(Proposal { artifact, comparison })
}

/// Where there are too few series to hold some out: the first two thirds of each to train on, the last third held out.
pub fn split_in_time(history: &[TrainingSeries]) -> (Vec<TrainingSeries>, Vec<TrainingSeries>) {
    let part = |series: &TrainingSeries, points: &[Datapoint]| TrainingSeries {
        name: series.name.clone(),
        period_seconds: series.period_seconds,
        points: points.to_vec(),
    };
    history
        .iter()
        .map(|series| {
            let (early, late) = series.points.split_at(series.points.len() * 2 / 3);
            (part(series, early), part(series, late))
        })
        .unzip()
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

/// SHA-256 of names, periods, times and values, hexadecimal: as the provenance has it.
pub fn data_sha256(series: &[TrainingSeries]) -> String {
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
    /// The current model's alerts in the last quarter of each series.
    pub current_late_alerts: u32,
    /// The candidate's there, on a memory that the current model wrote: what a promotion would be followed by.
    pub handover_alerts: u32,
    /// Incidents put into the history that were found: a level shift of an hour at ten times the usual spread.
    pub current_found: u32,
    /// The candidate's.
    pub candidate_found: u32,
    /// Incidents put in.
    pub incidents: u32,
}

impl Comparison {
    /// Whether the candidate may take over: it finds no fewer incidents and raises no more alerts, from its own beginning and
    /// after a handover alike.
    pub fn candidate_is_no_worse(&self) -> bool {
        self.candidate_found >= self.current_found
            && self.candidate_alerts <= self.current_alerts
            && self.handover_alerts <= self.current_late_alerts
    }

    /// The verdict in a sentence.
    pub fn verdict(&self) -> String {
        let Self { current_alerts, candidate_alerts, current_found, candidate_found, incidents, judged, .. } = self;
        let found = format!("it finds {candidate_found} of {incidents} incidents (the current model {current_found})");
        let alerts =
            format!("raises {candidate_alerts} alerts in {judged} datapoints (the current model {current_alerts})");
        let handover = format!(
            "{} in the last quarter if it took over (the current model {})",
            self.handover_alerts, self.current_late_alerts
        );
        let verdict = if self.candidate_is_no_worse() {
            "no worse than the current model"
        } else {
            "worse than the current model"
        };
        format!("{verdict}: {found}, {alerts}, {handover}")
    }
}

/// Measures a candidate against the model in use. Each series is replayed with each model: as it is, with an incident in its last
/// quarter, and with the candidate taking over before that quarter.
pub fn compare(current: &Model, candidate: &Model, held_out: &[TrainingSeries]) -> Comparison {
    let mut sum = Comparison {
        judged: 0,
        current_alerts: 0,
        candidate_alerts: 0,
        current_late_alerts: 0,
        handover_alerts: 0,
        current_found: 0,
        candidate_found: 0,
        incidents: 0,
    };
    for series in held_out {
        let (early, late) = series.points.split_at(series.points.len() * 3 / 4);
        let incident = incident(series, late);
        let mut ours = SeriesState::new(series.period_seconds);
        let mut theirs = ours.clone();
        let (judged_early, ours_early) = replay(current, &mut ours, early);
        let (_, theirs_early) = replay(candidate, &mut theirs, early);
        sum.incidents += 1;
        sum.current_found += u32::from(replay(current, &mut ours.clone(), &incident).1 > 0);
        sum.candidate_found += u32::from(replay(candidate, &mut theirs.clone(), &incident).1 > 0);
        sum.handover_alerts += replay(candidate, &mut ours.clone(), late).1;
        let (judged_late, ours_late) = replay(current, &mut ours, late);
        sum.judged += judged_early + judged_late;
        sum.current_late_alerts += ours_late;
        sum.current_alerts += ours_early + ours_late;
        sum.candidate_alerts += theirs_early + replay(candidate, &mut theirs, late).1;
    }
    sum
}

/// Datapoints judged, and alerts.
fn replay(model: &Model, state: &mut SeriesState, points: &[Datapoint]) -> (u32, u32) {
    let detector = Detector::new(model);
    let (mut judged, mut alerts) = (0, 0);
    for point in points {
        match detector.observe(state, *point).verdict {
            Verdict::Anomalous(_) => {
                judged += 1;
                alerts += 1;
            }
            Verdict::Normal => judged += 1,
            Verdict::Learning { .. } | Verdict::Ignored { .. } => {}
        }
    }
    (judged, alerts)
}

/// The first hour of `late`, lifted by ten times the series' usual spread.
fn incident(series: &TrainingSeries, late: &[Datapoint]) -> Vec<Datapoint> {
    let values: Vec<f32> =
        series.points.iter().map(|point| point.value as f32).filter(|value| value.is_finite()).collect();
    let shift = spread(&values, 1).map_or(1.0, |spread| 10.0 * f64::from(spread.unit(1.0)));
    let hour = (3_600 / series.period_seconds.max(1) as usize).max(1);
    late.iter().take(hour).map(|point| Datapoint { value: point.value + shift, ..*point }).collect()
}
