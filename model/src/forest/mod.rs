//! The extended isolation forest (Hariri, Carrasco Kind and Brunner, IEEE TKDE 2021, doi:10.1109/TKDE.2019.2947676).
//!
//! `plant` grows a forest with the crate `extended-isolation-forest` behind a guard; [`FlatForest`] is the same forest laid
//! out in one array of fixed-size nodes, which is what the artifact holds and what inference walks.

mod flat;
mod plant;

pub use flat::{FlatForest, ForestDefect};
pub use plant::{ForestOptions, PlantError, Planted, plant};

/// How many standardised features the forest looks at.
pub const DIMENSIONS: usize = 8;

/// One standardised observation.
pub type FeatureVector = [f32; DIMENSIONS];

/// Standardised features are clamped to ± this before they reach the forest.
pub const FEATURE_LIMIT: f32 = 8.0;

/// … and rounded to multiples of this (2⁻¹⁰).
///
/// Two values of one column that differ only by rounding send the crate's generator into a near-endless loop: `rand` 0.8
/// narrows a uniform range one unit in the last place at a time, about `limit / (2 · step)` times. On this grid that is at
/// most 4,096 steps.
pub const FEATURE_STEP: f32 = 1.0 / 1024.0;

/// Clamps and rounds a standardised feature; what is not a number says nothing and becomes 0.
pub fn quantise(value: f64) -> f32 {
    if value.is_nan() {
        return 0.0;
    }
    let limit = f64::from(FEATURE_LIMIT);
    let step = f64::from(FEATURE_STEP);
    ((value.clamp(-limit, limit) / step).round() * step) as f32
}
