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

/// Rows that are muted or plainly below the bar are scored under this, in the order of what the members say on average.
const RANKED_BELOW: f64 = 0.90;

/// What an operator may choose, and what an experiment may change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Score from which an observation is an anomaly, 0.5..=1. Raise it for fewer alerts.
    pub alert_at: f64,
    /// The alert policy.
    pub policy: Policy,
    /// The alert policy of the quick surprise, which only series finer than five minutes have.
    pub quick_policy: Policy,
    /// The detector's frozen numbers.
    pub tuning: Tuning,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            alert_at: SCORE_AT_BAR,
            policy: Policy::default(),
            quick_policy: Policy::quick(),
            tuning: Tuning::default(),
        }
    }
}

struct Decision {
    score: f64,
    /// Before the policies.
    surprise: f32,
    alert: bool,
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
        combine::learn(state, &readings, &self.config.tuning);
        if have <= need {
            return (silent(Verdict::Learning { have: have.min(need), need }), surprises);
        }
        (self.judge(state, point, &readings, &surprises), surprises)
    }

    fn judge(
        &self,
        state: &mut SeriesState,
        point: Datapoint,
        readings: &Readings,
        surprises: &[f32; MEMBERS],
    ) -> Observation {
        let decision = self.decide(state, point.at, surprises);
        let observation = Observation {
            score: decision.score,
            surprise: self.scale(decision.surprise),
            expected: Some(explain::expected(readings)),
            verdict: Verdict::Normal,
        };
        if !decision.alert {
            return observation;
        }
        let anomaly = Anomaly {
            at: point.at,
            observed: point.value,
            expected: explain::expected(readings),
            score: decision.score,
            severity: explain::severity(decision.surprise / self.config.tuning.bar),
            reasons: explain::reasons(point, readings, surprises, state.slot_seconds()),
        };
        Observation { verdict: Verdict::Anomalous(anomaly), ..observation }
    }

    /// Scores rows again from what [`Self::observe_traced`] said of them, with this detector's weights, bars and policies: what makes
    /// trying hundreds of configurations quick. Rows that were not judged, as while learning, have `None` and score 0.
    pub fn rescore(&self, period_seconds: u32, rows: &[(i64, Option<[f32; MEMBERS]>)]) -> Vec<f64> {
        let mut state = SeriesState::new(period_seconds);
        let score = |(at, surprises): &(i64, Option<[f32; MEMBERS]>)| {
            surprises.as_ref().map_or(0.0, |surprises| self.decide(&mut state, *at, surprises).score)
        };
        rows.iter().map(score).collect()
    }

    /// What the policies make of the members' surprises.
    fn decide(&self, state: &mut SeriesState, at: i64, surprises: &[f32; MEMBERS]) -> Decision {
        let Config { alert_at, policy, quick_policy, tuning } = &self.config;
        let seconds = state.slot_seconds();
        let raise = state.feedback.raise_at(at);
        let slow = combine::surprise(surprises, seconds, tuning);
        let quick = combine::quick(surprises, state, tuning);
        let heard = self.heard(state.alerts.rule(at, slow - raise, seconds, policy));
        let quick_heard =
            quick.map_or(0.0, |quick| self.heard(state.quick_alerts.rule(at, quick - raise, seconds, quick_policy)));
        let loudest = heard.max(quick_heard);
        let alert = loudest >= *alert_at;
        if heard >= *alert_at {
            state.alerts.raised(at, slow - raise, seconds, policy);
        }
        match quick {
            Some(quick) if heard >= *alert_at => {
                state.quick_alerts.cool_down(at, quick - raise, seconds, quick_policy);
            }
            Some(quick) if alert => state.quick_alerts.raised(at, quick - raise, seconds, quick_policy),
            _ => {}
        }
        let score = self.score(loudest, combine::average(surprises, tuning));
        Decision { score, surprise: slow.max(quick.unwrap_or(slow)), alert }
    }

    /// The score's scale: 0 for what is ordinary, 0.95 at the bar, 0.9975 at twice the bar.
    fn scale(&self, surprise: f32) -> f64 {
        let bars = f64::from(surprise.max(0.0) / self.config.tuning.bar.max(1e-3));
        1.0 - (1.0 - SCORE_AT_BAR).powf(bars)
    }

    /// What the policy lets through, on that scale.
    fn heard(&self, ruling: Ruling) -> f64 {
        match ruling {
            Ruling::Heard { surprise } => self.scale(surprise),
            Ruling::Muted => 0.0,
        }
    }

    /// What is at the bar or close below it keeps its place. The others, in an incident that has alerted or in ordinary life, are
    /// ranked below: a reader of the column sees how long an incident lasts.
    fn score(&self, heard: f64, average: f32) -> f64 {
        let ranked_below = RANKED_BELOW.min(self.config.alert_at);
        if heard >= ranked_below { heard } else { ranked_below * (1.0 - (-f64::from(average.max(0.0))).exp()) * 0.999 }
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
