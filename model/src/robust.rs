//! Statistics that a few wild values do not move.

/// 1.4826 · MAD estimates the standard deviation of a normal distribution.
const MAD_TO_SIGMA: f64 = 1.482_6;

/// A robust centre and spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// Robust standard deviation, ≥ 0.
    pub(crate) sigma: f64,
}

/// Median (the lower one of two middles) of a non-empty slice, which is reordered; `None` for an empty one.
pub(crate) fn median(values: &mut [f32]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = (values.len() - 1) / 2;
    let (_, median, _) = values.select_nth_unstable_by(middle, f32::total_cmp);
    Some(f64::from(*median))
}

/// Median and scaled median absolute deviation; the slice is overwritten.
pub(crate) fn spread(values: &mut [f32]) -> Option<Spread> {
    let centre = median(values)?;
    for value in values.iter_mut() {
        *value = (f64::from(*value) - centre).abs() as f32;
    }
    let sigma = median(values)? * MAD_TO_SIGMA;
    Some(Spread { median: centre, sigma })
}
