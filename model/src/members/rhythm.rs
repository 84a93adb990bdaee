use crate::calendar::{DAY, HOUR};
use crate::robust::{MEAN_TO_SIGMA, spread};

use super::History;

/// Number of smoothings compared with earlier days.
pub(crate) const RHYTHMS: usize = 3;

/// The newest slot, the last hour, the last three hours.
const SHORT: [i64; RHYTHMS] = [0, HOUR, 3 * HOUR];

/// Days looked back.
const DAYS: i64 = 7;

/// Earlier days are read this much around the same time: jobs start early or late, and clocks change by an hour.
const TOLERANCE: i64 = HOUR;

/// Readings looked at on either side.
const EITHER_SIDE: usize = 4;

/// A deviation is measured in the spread of that time of day, but in no less than this share of the typical error.
const SHARE_OF_ERROR: f32 = 0.2;

/// Comparisons before their typical error is trusted.
const WARM: u32 = 24;

/// Comparison with the same time of earlier days.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    /// Median of the same time of earlier days, per smoothing.
    pub(crate) typical: [f32; RHYTHMS],
    /// Distance from it in the values' unit, signed.
    pub(crate) errors: [f32; RHYTHMS],
    /// What a deviation is measured in.
    pub(crate) units: [f32; RHYTHMS],
    /// Signed; NaN until the typical error is known.
    pub(crate) deviations: [f32; RHYTHMS],
}

impl Rhythm {
    /// `None` until there are earlier days.
    pub(crate) fn read(history: &History<'_>, typical_error: &[f32; RHYTHMS], known: u32) -> Option<Self> {
        let mut rhythm = Self {
            typical: [f32::NAN; RHYTHMS],
            errors: [f32::NAN; RHYTHMS],
            units: [f32::NAN; RHYTHMS],
            deviations: [f32::NAN; RHYTHMS],
        };
        for (place, short) in SHORT.iter().map(|&seconds| history.slots_in(seconds)).enumerate() {
            let earlier = same_time(history, short);
            let around = spread(&earlier, 3)?;
            let error = history.mean(0, short) - around.median;
            let usual = SHARE_OF_ERROR * typical_error[place] * MEAN_TO_SIGMA;
            rhythm.typical[place] = around.median;
            rhythm.errors[place] = error;
            rhythm.units[place] = usual.max(around.unit(0.0));
            if known >= WARM {
                rhythm.deviations[place] = error / rhythm.units[place];
            }
        }
        Some(rhythm)
    }

    /// Moves the typical errors towards the newest ones: an exponential mean over two days, in which one wild error counts for
    /// no more than four typical ones.
    pub(crate) fn learn(&self, typical_error: &mut [f32; RHYTHMS], known: &mut u32, slots_in_two_days: usize) {
        let weight = 1.0 / (known.saturating_add(1) as f32).min(slots_in_two_days.max(48) as f32);
        for (typical, error) in typical_error.iter_mut().zip(self.errors) {
            if error.is_finite() {
                let size =
                    if *known < WARM { error.abs() } else { error.abs().min(4.0 * *typical + f32::MIN_POSITIVE) };
                *typical += (size - *typical) * weight;
            }
        }
        *known = known.saturating_add(1);
    }
}

fn same_time(history: &History<'_>, short: usize) -> Vec<f32> {
    let day = history.slots_in(DAY);
    if day < 2 || history.slot_seconds() > DAY / 2 {
        return Vec::new();
    }
    let tolerance = (TOLERANCE / history.slot_seconds()) as usize;
    let stride = (tolerance / EITHER_SIDE).max(1);
    let mut values = Vec::with_capacity(DAYS as usize * (2 * EITHER_SIDE + 1));
    for earlier in 1..=DAYS as usize {
        let centre = earlier * day;
        for back in (centre - tolerance.min(centre)..=centre + tolerance).step_by(stride) {
            if back > 0 && back + short <= history.len() {
                values.push(history.mean(back, short));
            }
        }
    }
    values
}
