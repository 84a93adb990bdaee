//! Learning from people: "this was no anomaly" raises one series' bar, within bounds, for a while, and can be taken back.

use serde::{Deserialize, Serialize};

use crate::calendar::DAY;

/// What one false positive adds to the bar (a factor of about three in rarity).
pub(crate) const STEP: f32 = 0.5;

/// The most that feedback can raise the bar: a surprise a hundred times rarer than the bar asks is always heard.
pub(crate) const LIMIT: f32 = 2.0;

/// Time in which a raise halves, seconds.
pub(crate) const HALF_LIFE: i64 = 14 * DAY;

/// What people said of a series' anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Feedback {
    raise: f32,
    since: i64,
}

impl Feedback {
    /// How much the bar is raised at a time, 0..=2.
    pub fn raise_at(&self, now: i64) -> f32 {
        let halves = now.saturating_sub(self.since).max(0) as f32 / HALF_LIFE as f32;
        (self.raise * (-halves).exp2()).clamp(0.0, LIMIT)
    }

    /// An anomaly was called false: the bar rises by half a unit, as far as the limit lets it. Returns by how much.
    pub fn false_positive(&mut self, now: i64) -> f32 {
        let before = self.raise_at(now);
        let raise = (before + STEP).min(LIMIT);
        *self = Self { raise, since: now };
        raise - before
    }

    /// … and that was taken back: the bar falls by what is left of a rise of `raised_by`, given at `given_at`.
    pub fn withdraw(&mut self, raised_by: f32, given_at: i64, now: i64) {
        let left = Self { raise: raised_by, since: given_at }.raise_at(now);
        *self = Self { raise: (self.raise_at(now) - left).max(0.0), since: now };
    }

    /// Everything is forgotten.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn to_parts(self) -> (f32, i64) {
        (self.raise, self.since)
    }

    pub(crate) fn from_parts(raise: f32, since: i64) -> Self {
        let raise = if raise.is_finite() { raise.clamp(0.0, LIMIT) } else { 0.0 };
        Self { raise, since }
    }
}
