//! One datapoint in, one judgement out.

use serde::{Deserialize, Serialize};

use crate::features::{self, Picture};
use crate::model::Model;
use crate::state::SeriesState;
use crate::verdict::{Anomaly, Datapoint, Expected, IgnoreReason, Observation, Reason, Severity, Verdict};

/// Latest time that is believed: the year 9999.
const LATEST: i64 = 253_402_300_799;

/// What an operator may choose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Score from which an observation is an anomaly, 0..=1.
    pub alert_at: f64,
    /// Seconds after an alert in which only something clearly worse alerts again.
    pub cooldown_seconds: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self { alert_at: 0.95, cooldown_seconds: 6 * 3_600 }
    }
}

/// Judges datapoints; cheap to build, holds no state of its own.
#[derive(Debug, Clone, Copy)]
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
    pub fn observe(&self, state: &mut SeriesState, point: Datapoint) -> Observation {
        if let Some(reason) = refusal(state, point) {
            return quiet(Verdict::Ignored { reason });
        }
        state.take(point.at, point.value);
        let need = state.needed();
        if state.seen <= need {
            return quiet(Verdict::Learning { have: state.seen, need });
        }
        let Some(picture) = features::picture(state) else {
            return quiet(Verdict::Learning { have: 0, need });
        };
        self.judge(state, point, &picture)
    }

    fn judge(&self, state: &mut SeriesState, point: Datapoint, picture: &Picture) -> Observation {
        let expected = expected(picture);
        let forest = self.model.forest_score(&picture.vector);
        let deviations = picture.level.abs().min(picture.rhythm.abs());
        let surprise = deviations * deviations / (1.0 + deviations * deviations) * forest_weight(forest, self.model);
        let score = self.after_policy(state, point.at, surprise);
        if score < self.config.alert_at {
            return Observation { score, surprise, expected: Some(expected), verdict: Verdict::Normal };
        }
        state.last_alert = Some((point.at, surprise as f32));
        let anomaly = Anomaly {
            at: point.at,
            observed: point.value,
            expected,
            score,
            severity: severity(deviations),
            reasons: reasons(point, picture, forest),
        };
        Observation { score, surprise, expected: Some(expected), verdict: Verdict::Anomalous(anomaly) }
    }

    /// Within the cool-down only a surprise that halves the distance to certainty gets through.
    fn after_policy(&self, state: &SeriesState, at: i64, surprise: f64) -> f64 {
        match state.last_alert {
            Some((alert_at, before))
                if at - alert_at < self.config.cooldown_seconds && 1.0 - surprise > 0.5 * (1.0 - f64::from(before)) =>
            {
                surprise * 0.5
            }
            _ => surprise,
        }
    }
}

fn refusal(state: &SeriesState, point: Datapoint) -> Option<IgnoreReason> {
    if !point.value.is_finite() || point.value.abs() > f64::from(f32::MAX) {
        return Some(IgnoreReason::NotFinite);
    }
    if !(0..=LATEST).contains(&point.at) {
        return Some(IgnoreReason::ImpossibleTime);
    }
    match state.last_at {
        Some(last) if point.at == last => Some(IgnoreReason::Repeated),
        Some(last) if point.at < last => Some(IgnoreReason::TooLate),
        _ => None,
    }
}

fn quiet(verdict: Verdict) -> Observation {
    Observation { score: 0.0, surprise: 0.0, expected: None, verdict }
}

/// The forest has a veto over what it finds ordinary, and no more than that: its score saturates.
fn forest_weight(score: f64, model: &Model) -> f64 {
    let ordinary = model.provenance().metrics.median_score;
    if score > ordinary { 1.0 } else { 0.9 }
}

fn expected(picture: &Picture) -> Expected {
    let typical = picture.daily.median;
    let margin = 4.0 * picture.daily.sigma.max(0.02 * typical.abs());
    Expected { low: typical - margin, high: typical + margin, typical }
}

fn severity(deviations: f64) -> Severity {
    match deviations {
        d if d >= 20.0 => Severity::Critical,
        d if d >= 8.0 => Severity::High,
        d if d >= 5.0 => Severity::Medium,
        _ => Severity::Low,
    }
}

fn reasons(point: Datapoint, picture: &Picture, forest: f64) -> Vec<Reason> {
    vec![
        Reason::TimeOfDay {
            at: point.at,
            observed: point.value,
            typical: picture.daily.median,
            deviations: picture.rhythm,
        },
        Reason::Level {
            over_seconds: picture.short_seconds,
            observed: picture.short,
            typical: picture.recent.median,
            deviations: picture.level,
        },
        Reason::Forest { score: forest },
    ]
}
