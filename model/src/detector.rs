//! One datapoint in, one judgement out.

use serde::{Deserialize, Serialize};

use crate::calendar::LATEST;
use crate::combine::{self, Tuning};
use crate::explain;
use crate::members::{self, MEMBERS, Readings};
use crate::model::Model;
use crate::policy::{Policy, Ruling};
use crate::state::SeriesState;
use crate::verdict::{Anomaly, Datapoint, IgnoreReason, Observation, Verdict};

/// Where the default threshold lies on the score's scale.
const SCORE_AT_BAR: f64 = 0.95;

/// Muted surprises are scored between this and the default threshold, in their order.
const SCORE_OF_MUTED: f64 = 0.90;

/// What an operator may choose, and what an experiment may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Score from which an observation is an anomaly, 0.5..=1. Raise it for fewer alerts.
    pub alert_at: f64,
    /// The alert policy.
    pub policy: Policy,
    /// The detector's frozen numbers.
    pub tuning: Tuning,
}

impl Default for Config {
    fn default() -> Self {
        Self { alert_at: SCORE_AT_BAR, policy: Policy::default(), tuning: Tuning::default() }
    }
}

/// Judges datapoints. Holds no state of its own: one detector serves all series.
#[derive(Debug, Clone)]
pub struct Detector<'m> {
    model: &'m Model,
    config: Config,
}

impl<'m> Detector<'m> {
    /// A detector with the default configuration.
    pub fn new(model: &'m Model) -> Self {
        Self::with_config(model, Config::default())
    }

    /// A detector with a chosen configuration.
    pub fn with_config(model: &'m Model, config: Config) -> Self {
        Self { model, config }
    }

    /// The configuration in use.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Judges a datapoint against the series' memory, then takes it in.
    ///
    /// Causal: only this datapoint and earlier ones have a say. Deterministic: the same state and datapoint give the same
    /// observation. What is ignored leaves the state as it was.
    pub fn observe(&self, state: &mut SeriesState, point: Datapoint) -> Observation {
        self.observe_traced(state, point).0
    }

    /// As [`Self::observe`], with every member's surprise in the order of [`crate::Member::ALL`] (NaN where a member has too little
    /// history): what studies and ablations look at.
    pub fn observe_traced(&self, state: &mut SeriesState, point: Datapoint) -> (Observation, [f32; MEMBERS]) {
        const NOTHING: [f32; MEMBERS] = [f32::NAN; MEMBERS];
        if let Some(reason) = refusal(state, point) {
            return (silent(Verdict::Ignored { reason }), NOTHING);
        }
        state.take(point.at, point.value);
        let (have, need) = (state.slots_seen(), state.slots_needed());
        let Some(readings) = members::read(state, self.model) else {
            return (silent(Verdict::Learning { have: have.min(need), need }), NOTHING);
        };
        let surprises = combine::member_surprises(state, &readings, &self.config.tuning);
        let surprise = combine::surprise(&surprises, state.slot_seconds(), &self.config.tuning);
        if state.open_slot_is_whole() {
            combine::learn(state, &readings, &self.config.tuning);
        }
        if have <= need {
            return (silent(Verdict::Learning { have: have.min(need), need }), surprises);
        }
        (self.judge(state, point, &readings, &surprises, surprise), surprises)
    }

    fn judge(
        &self,
        state: &mut SeriesState,
        point: Datapoint,
        readings: &Readings,
        surprises: &[f32; MEMBERS],
        surprise: f32,
    ) -> Observation {
        let slot = state.slot_seconds();
        let wary = surprise - state.feedback.raise_at(point.at);
        let ruling = state.alerts.rule(point.at, wary, slot, &self.config.policy);
        let score = self.score(ruling);
        let observation = Observation {
            score,
            surprise: self.score(Ruling::Heard { surprise }),
            expected: Some(explain::expected(readings)),
            verdict: Verdict::Normal,
        };
        if score < self.config.alert_at || matches!(ruling, Ruling::Muted { .. }) {
            return observation;
        }
        state.alerts.raised(point.at, wary, slot, &self.config.policy);
        let anomaly = Anomaly {
            at: point.at,
            observed: point.value,
            expected: explain::expected(readings),
            score,
            severity: explain::severity(surprise / self.config.tuning.bar),
            reasons: explain::reasons(point, readings, surprises, slot),
        };
        Observation { verdict: Verdict::Anomalous(anomaly), ..observation }
    }

    /// The score's scale: 0 for what is ordinary, 0.95 at the bar, 0.9975 at twice the bar. A muted surprise keeps its rank among
    /// the muted, below every threshold from 0.95 on.
    fn score(&self, ruling: Ruling) -> f64 {
        let scale = |surprise: f32| {
            let bars = f64::from(surprise.max(0.0) / self.config.tuning.bar.max(1e-3));
            1.0 - (1.0 - SCORE_AT_BAR).powf(bars)
        };
        match ruling {
            Ruling::Heard { surprise } => scale(surprise),
            Ruling::Muted { surprise } => {
                let score = scale(surprise);
                if score < SCORE_OF_MUTED {
                    score
                } else {
                    let rank = (score - SCORE_OF_MUTED) / (1.0 - SCORE_OF_MUTED);
                    SCORE_OF_MUTED + (SCORE_AT_BAR - SCORE_OF_MUTED) * 0.999 * rank
                }
            }
        }
    }
}

fn refusal(state: &SeriesState, point: Datapoint) -> Option<IgnoreReason> {
    if !point.value.is_finite() {
        return Some(IgnoreReason::NotFinite);
    }
    if !(0..=LATEST).contains(&point.at) {
        return Some(IgnoreReason::ImpossibleTime);
    }
    match state.last_at() {
        Some(last) if point.at == last => Some(IgnoreReason::Repeated),
        Some(last) if point.at < last => Some(IgnoreReason::TooLate),
        _ => None,
    }
}

fn silent(verdict: Verdict) -> Observation {
    Observation { score: 0.0, surprise: 0.0, expected: None, verdict }
}
