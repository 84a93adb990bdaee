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

/// Median (the lower of two middles) of at most [`MOST`] values; `None` for none. NaN is absence, what is past [`MOST`] is left out.
pub(crate) fn median(values: impl Iterator<Item = f32>) -> Option<f32> {
    Sample::take(values).median()
}

/// A few values as integers in the order of [`f32::total_cmp`]: integers are selected among without a branch.
struct Sample {
    keys: [i32; MOST],
    number: usize,
}

impl Sample {
    fn take(values: impl Iterator<Item = f32>) -> Self {
        let (mut keys, mut number) = ([0; MOST], 0);
        for (value, _) in values.zip(0..MOST) {
            keys[number] = ordered(value.to_bits().cast_signed());
            number += usize::from(!value.is_nan());
        }
        Self { keys, number }
    }

    fn median(&mut self) -> Option<f32> {
        let keys = &mut self.keys[..self.number];
        if keys.is_empty() {
            return None;
        }
        let middle = (keys.len() - 1) / 2;
        Some(value(*keys.select_nth_unstable(middle).1))
    }

    /// Replaces the values by their distances from a centre.
    fn centre(&mut self, centre: f32) {
        for key in &mut self.keys[..self.number] {
            *key = (value(*key) - centre).abs().to_bits().cast_signed();
        }
    }
}

/// From a float's bits to an integer that sorts like it, and back.
fn ordered(bits: i32) -> i32 {
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

fn value(key: i32) -> f32 {
    f32::from_bits(ordered(key).cast_unsigned())
}

/// Spread of the values that are there (NaN is absence), or `None` when fewer than `least` are.
///
/// The medians are taken over at most [`MOST`] of them, the mean deviation over all: one spike more or less would move it.
pub(crate) fn spread(window: &[f32], least: usize) -> Option<Spread> {
    let stride = window.len().div_ceil(MOST).max(1);
    let mut sample = Sample::take(window.iter().step_by(stride).copied());
    if sample.number * stride < least {
        return None;
    }
    let centre = sample.median()?;
    sample.centre(centre);
    let mean = mean_distance(window, centre) * MEAN_TO_SIGMA;
    Some(Spread { median: centre, mad: sample.median()? * MAD_TO_SIGMA, mean })
}

/// Mean distance from a centre.
fn mean_distance(window: &[f32], centre: f32) -> f32 {
    // One value that is not there makes the plain sum NaN; most windows have none.
    let sum = sum_in_lanes(window, |value| (value - centre).abs());
    if !sum.is_nan() {
        return sum / window.len().max(1) as f32;
    }
    let sum = sum_in_lanes(window, |value| if value.is_nan() { 0.0 } else { (value - centre).abs() });
    sum / window.iter().filter(|value| !value.is_nan()).count().max(1) as f32
}

/// Eight sums side by side, so that a value costs a fraction of a nanosecond.
fn sum_in_lanes(window: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; 8];
    let chunks = window.chunks_exact(sums.len());
    for (sum, value) in sums.iter_mut().zip(chunks.remainder()) {
        *sum += term(*value);
    }
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += term(*value);
        }
    }
    sums.iter().sum::<f32>()
}
