//! Statistics that a few wild values do not move.

/// 1.4826 · MAD estimates the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f32 = 1.482_6;

/// 1.25 · mean absolute deviation does too, and is not 0 when half of the values are equal.
pub(crate) const MEAN_TO_SIGMA: f32 = 1.253_3;

/// Most values a median is taken over: more are thinned out evenly, which costs little precision and bounds the time.
const MOST: usize = 320;

/// A robust centre with two measures of spread, both in the values' unit and ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f32,
    /// Scaled median absolute deviation: blind to spikes.
    pub(crate) mad: f32,
    /// Scaled mean absolute deviation: not blind to them.
    pub(crate) mean: f32,
}

impl Spread {
    /// A unit to measure deviations in: the MAD, held up by a share of the mean deviation for series that hardly ever move,
    /// and by a thousandth of the level for those that never do.
    pub(crate) fn unit(&self, share_of_mean: f32) -> f32 {
        self.mad.max(share_of_mean * self.mean).max(1e-3 * self.median.abs()).max(1e-9)
    }
}

/// Median (the lower of two middles), reordering the values; `None` for none.
pub(crate) fn median(values: &mut [f32]) -> Option<f32> {
    if values.is_empty() {
        return None;
    }
    let middle = (values.len() - 1) / 2;
    Some(*values.select_nth_unstable_by(middle, f32::total_cmp).1)
}

/// Spread of the values that are there (NaN is absence), or `None` when fewer than `least` are.
///
/// The medians are taken over at most [`MOST`] of them, the mean deviation over all: one spike more or less would move it.
pub(crate) fn spread(window: &[f32], least: usize) -> Option<Spread> {
    let stride = window.len().div_ceil(MOST).max(1);
    let mut values: Vec<f32> = window.iter().step_by(stride).copied().filter(|value| !value.is_nan()).collect();
    if values.len() * stride < least {
        return None;
    }
    let centre = median(&mut values)?;
    for value in &mut values {
        *value = (*value - centre).abs();
    }
    let mean = mean_distance(window, centre) * MEAN_TO_SIGMA;
    Some(Spread { median: centre, mad: median(&mut values)? * MAD_TO_SIGMA, mean })
}

/// Mean distance from a centre, in eight lanes so that it costs a nanosecond for each few values.
fn mean_distance(window: &[f32], centre: f32) -> f32 {
    const LANES: usize = 8;
    let (mut sums, mut counts) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    let mut add = |lane: usize, value: f32| {
        let there = !value.is_nan();
        sums[lane] += if there { (value - centre).abs() } else { 0.0 };
        counts[lane] += if there { 1.0 } else { 0.0 };
    };
    let chunks = window.chunks_exact(LANES);
    for (lane, value) in chunks.remainder().iter().enumerate() {
        add(lane, *value);
    }
    for chunk in chunks {
        for (lane, value) in chunk.iter().enumerate() {
            add(lane, *value);
        }
    }
    sums.iter().sum::<f32>() / counts.iter().sum::<f32>().max(1.0)
}
