use crate::calendar::{DAY, HOUR};
use crate::forest::{DIMENSIONS, FeatureVector, quantise};
use crate::robust::median;

use super::{History, Levels, Rhythm};

/// The joint, standardised, time-aware picture of the newest slot that the forest sees. Deviations go through `asinh`: linear
/// where telemetry lives, logarithmic where it does not.
pub(super) fn vector(history: &History<'_>, levels: &Levels, rhythm: Option<&Rhythm>, shape: f32) -> FeatureVector {
    let (step, roughness) = motion(history);
    let of_rhythm = |place: usize| rhythm.map_or(f32::NAN, |rhythm| rhythm.deviations[place]);
    let raw: [f32; DIMENSIONS] = [
        levels.deviations[0].asinh(),
        levels.deviations[1].asinh(),
        levels.deviations[2].asinh(),
        levels.deviations[3].asinh(),
        of_rhythm(1).asinh(),
        step.asinh(),
        roughness,
        (shape / super::novelty::MAGNIFY).asinh(),
    ];
    raw.map(|feature| quantise(f64::from(feature)))
}

/// The newest step in units of the day's steps, and the last hour's volatility against the day's, as a logarithm.
fn motion(history: &History<'_>) -> (f32, f32) {
    let day = history.window(0, history.slots_in(DAY).max(48) + 1);
    let steps: Vec<f32> = day.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    let mean_of = |steps: &[f32]| {
        let there = steps.iter().filter(|step| !step.is_nan());
        let (sum, count) = there.fold((0.0_f64, 0_u32), |(sum, count), step| (sum + f64::from(*step), count + 1));
        (sum / f64::from(count.max(1))) as f32
    };
    let usual = mean_of(&steps);
    let lately = mean_of(&steps[steps.len().saturating_sub(history.slots_in(HOUR).max(6))..]);
    let typical = median(steps.iter().copied()).unwrap_or(0.0) * 1.482_6;
    let step = (history.at(0) - history.at(1)) / typical.max(0.5 * usual).max(1e-9);
    let ground = 0.1 * usual + 1e-9;
    (step, ((lately + ground) / (usual + ground)).ln())
}

/// The forest's score spread out: it lives between 0.35 and 0.75, the tails count in octaves.
pub(super) fn odds(score: f64) -> f32 {
    let score = score.clamp(0.01, 0.99);
    (4.0 * (score / (1.0 - score)).powi(4)) as f32
}
