//! The standardised, time-aware picture of a series' newest slot: what the forest sees.

use crate::calendar::{DAY, WEEK};
use crate::forest::{DIMENSIONS, FeatureVector, quantise};
use crate::robust::{Spread, median, spread};
use crate::state::SeriesState;

/// What the features were made of; the baseline and the explanation use it too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Picture {
    /// Mean of the last slots.
    pub(crate) short: f64,
    /// Seconds that mean covers.
    pub(crate) short_seconds: u32,
    /// Trailing day.
    pub(crate) recent: Spread,
    /// Same time of earlier days; the trailing day's where there are none.
    pub(crate) daily: Spread,
    /// Deviations of the newest value or the short mean, whichever is further, from the trailing day.
    pub(crate) level: f64,
    /// Deviations of the newest value from the same time of day.
    pub(crate) rhythm: f64,
    pub(crate) vector: FeatureVector,
}

const SHORT: i64 = 15 * 60;
const TOLERANCE: i64 = 30 * 60;
const EARLIER_DAYS: i64 = 7;

/// Describes the newest slot of a series; `None` when there is too little history around it.
pub(crate) fn picture(state: &SeriesState) -> Option<Picture> {
    let now = f64::from(state.back(0));
    let before = f64::from(state.back(1));
    let day = state.slots_in(DAY).max(24);
    let finite = |values: &mut dyn Iterator<Item = f32>| values.filter(|value| !value.is_nan()).collect::<Vec<f32>>();

    let mut trailing = finite(&mut (1..=day).map(|back| state.back(back)));
    let mut steps = finite(&mut (1..=day).map(|back| state.back(back) - state.back(back + 1)));
    let short_slots = state.slots_in(SHORT);
    let last = finite(&mut (0..short_slots).map(|back| state.back(back)));
    let short = last.iter().copied().map(f64::from).sum::<f64>() / last.len().max(1) as f64;

    let recent = spread(&mut trailing)?;
    let step = spread(&mut steps).map_or(0.0, |steps| steps.sigma);
    let daily = same_time(state, DAY, EARLIER_DAYS).unwrap_or(recent);
    let weekly = same_time(state, WEEK, 4).unwrap_or(daily);

    let floor = floor_of(&[recent.sigma, daily.sigma, step], recent.median);
    let level = (short - recent.median) / recent.sigma.max(floor);
    let rhythm = (now - daily.median) / daily.sigma.max(floor);
    let change = if before.is_nan() { 0.0 } else { (now - before) / step.max(floor) };
    let week = (now - weekly.median) / weekly.sigma.max(floor);
    let mut near = finite(&mut (0..state.slots_in(2 * 3_600)).map(|back| state.back(back) - state.back(back + 1)));
    let roughness = spread(&mut near).map_or(0.0, |near| ((near.sigma + floor) / (step + floor)).ln());
    let mut hours = finite(&mut (0..state.slots_in(6 * 3_600)).map(|back| state.back(back)));
    let drift = median(&mut hours).map_or(0.0, |median| (median - recent.median) / recent.sigma.max(floor));
    let departure = (now - recent.median) / recent.sigma.max(floor);

    let raw: [f64; DIMENSIONS] = [
        level.asinh(),
        departure.asinh(),
        change.asinh(),
        rhythm.asinh(),
        week.asinh(),
        roughness,
        drift.asinh(),
        (recent.sigma.max(floor) / daily.sigma.max(floor)).ln(),
    ];
    Some(Picture {
        short,
        short_seconds: short_slots as u32 * state.slot_seconds,
        recent,
        daily,
        level: if departure.abs() > level.abs() { departure } else { level },
        rhythm,
        vector: raw.map(quantise),
    })
}

/// Values around this time of earlier cycles.
fn same_time(state: &SeriesState, cycle: i64, cycles: i64) -> Option<Spread> {
    let slot = i64::from(state.slot_seconds);
    let around = TOLERANCE / slot;
    let mut values = Vec::new();
    for earlier in 1..=cycles {
        let centre = earlier * cycle / slot;
        for back in centre - around..=centre + around {
            let value = if back > 0 { state.back(back as usize) } else { f32::NAN };
            if !value.is_nan() {
                values.push(value);
            }
        }
    }
    if values.len() < 6 { None } else { spread(&mut values) }
}

/// A deviation is never measured in units smaller than this: constants and near-constants would make every ripple a storm.
fn floor_of(sigmas: &[f64], level: f64) -> f64 {
    let typical = sigmas.iter().copied().fold(0.0, f64::max);
    (0.05 * typical).max(0.005 * level.abs()).max(1e-9)
}
