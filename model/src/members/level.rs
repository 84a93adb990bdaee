use crate::calendar::{DAY, HOUR};
use crate::robust::{Spread, spread};

use super::History;

/// The short means and the trailing windows they are compared with.
const SHORT: [i64; 4] = [0, HOUR / 2, 2 * HOUR, 6 * HOUR];

/// Where most values of a window are equal, a deviation is measured in this share of their mean deviation.
const SHARE_OF_MEAN: f32 = 0.3;

/// Robust comparison of short means with trailing windows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels {
    /// Short means over [`SHORT`].
    pub(crate) means: [f32; 4],
    /// Seconds each of them covers.
    pub(crate) seconds: [i64; 4],
    /// The trailing day and the trailing four days.
    pub(crate) day: Spread,
    pub(crate) long: Spread,
    /// Distance of the means from their window's median, in its units, signed.
    pub(crate) deviations: [f32; 4],
    /// Distance of the newest slot from everything remembered.
    pub(crate) range: f32,
}

impl Levels {
    pub(crate) fn read(history: &History<'_>) -> Option<Self> {
        let slots = SHORT.map(|seconds| history.slots_in(seconds));
        let day = spread(history.window(slots[1], history.slots_in(DAY).max(36)), 12)?;
        let long = spread(history.window(slots[3], history.slots_in(4 * DAY).max(96)), 12).unwrap_or(day);
        let all = spread(history.window(1, usize::MAX), 24);
        let now = history.at(0);
        let means = slots.map(|slots| history.mean(0, slots));
        let from = |place: usize, spread: &Spread| (means[place] - spread.median) / spread.unit(SHARE_OF_MEAN);
        Some(Self {
            means,
            seconds: slots.map(|slots| slots as i64 * history.slot_seconds()),
            day,
            long,
            deviations: [from(0, &day), from(1, &day), from(2, &long), from(3, &long)],
            range: all.map_or(f32::NAN, |all| (now - all.median) / all.unit(1.0)),
        })
    }

    /// The window a mean is compared with.
    pub(crate) fn window(&self, place: usize) -> &Spread {
        if place < 2 { &self.day } else { &self.long }
    }
}
