//! How rare a reading is, judged by the series' own past: a streaming tail probability.
//!
//! Readings are counted in a histogram of their base-2 logarithm, which forgets slowly. In the body the probability is the
//! empirical one. Beyond the upper [`TailOptions::fraction`] it is a Pareto tail fitted to the excesses (peaks over threshold,
//! Pickands 1975; the index by Hill's estimator, shrunk towards a prior while there are few), but never below what was really
//! counted: what came ten times in a fortnight is not once in a century, whatever the fit says.

use serde::{Deserialize, Serialize};

/// Bins of a histogram, a quarter of an octave each.
pub(crate) const BINS: usize = 52;

const BIN_OCTAVES: f32 = 0.25;

/// Base-2 logarithm at the lower end of the first bin; what is smaller is counted there.
const LOWEST: f32 = -2.0;

/// The most that one excess adds to the fit, bins.
const LONGEST_EXCESS: f32 = 8.0;

/// Readings needed before anything is called rare.
const ENOUGH: f32 = 10.0;

/// How tails are fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TailOptions {
    /// Time constant of forgetting, days.
    pub memory_days: f32,
    /// … but at least this many slots.
    pub memory_slots: f32,
    /// Share of readings that is the tail, 0..1.
    pub fraction: f32,
    /// Weight of the prior, in excesses.
    pub prior_weight: f32,
    /// The prior's mean excess, octaves.
    pub prior_octaves: f32,
    /// How much of the counted frequency bounds the fitted probability from below, 0..=1.
    pub counted: f32,
}

/// One side of a member's readings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tail {
    pub(crate) counts: [f32; BINS],
}

/// The weight of one reading now, and of all readings so far, in the histogram's units. Instead of shrinking every count at
/// every slot, new readings weigh more; [`Clock::settle`] brings the numbers back before they overflow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Clock {
    pub(crate) weight: f32,
    pub(crate) total: f32,
}

impl Clock {
    pub(crate) const NEW: Self = Self { weight: 1.0, total: 0.0 };

    /// Advances by one slot; `memory` is the time constant in slots.
    pub(crate) fn tick(&mut self, memory: f32) {
        self.weight *= (1.0 / memory.max(1.0)).exp();
        self.total += self.weight;
    }

    /// When the weight has grown large: the factor by which all counts must be scaled.
    pub(crate) fn settle(&mut self) -> Option<f32> {
        let scale = (self.weight > 1e4).then(|| self.weight.recip())?;
        self.weight = 1.0;
        self.total *= scale;
        Some(scale)
    }
}

impl Tail {
    pub(crate) const EMPTY: Self = Self { counts: [0.0; BINS] };

    /// Counts a reading (a magnitude).
    pub(crate) fn learn(&mut self, reading: f32, clock: Clock) {
        let place = place(reading).clamp(0.0, (BINS - 1) as f32);
        self.counts[place as usize] += clock.weight;
    }

    /// `-log10` of the probability of a reading at least this large, 0 while there are too few.
    pub(crate) fn surprise(&self, reading: f32, clock: Clock, options: &TailOptions) -> f32 {
        let readings = clock.total / clock.weight;
        if readings < ENOUGH {
            return 0.0;
        }
        let at = place(reading).clamp(0.0, (BINS + 80) as f32);
        let counted = self.above(at) / clock.weight;
        let body = -((counted + 0.5) / (readings + 1.0)).min(1.0).log10();
        let (threshold, mean_excess) = self.excess(clock, options);
        if at <= threshold {
            return body;
        }
        let beyond = (at - threshold) * BIN_OCTAVES / mean_excess;
        let fitted = -options.fraction.log10() + beyond * std::f32::consts::LOG10_E;
        let floor = options.counted * counted / (readings + 1.0);
        if floor > 0.0 { fitted.min(-floor.log10()) } else { fitted }
    }

    /// Weight of all readings above a place, sharing a bin's count evenly over it. The last bin has no upper end.
    fn above(&self, at: f32) -> f32 {
        if at >= (BINS - 1) as f32 {
            return self.counts[BINS - 1];
        }
        let bin = (at as usize).min(BINS - 1);
        let share = (1.0 - (at - bin as f32)).clamp(0.0, 1.0);
        self.counts[bin + 1..].iter().sum::<f32>() + self.counts[bin] * share
    }

    /// Where the tail begins, in bins, and the mean excess over it, in octaves. One excess counts for no more than
    /// [`LONGEST_EXCESS`]: a series that woke up once from a flat line must stay sensitive.
    fn excess(&self, clock: Clock, options: &TailOptions) -> (f32, f32) {
        let wanted = clock.total * options.fraction;
        let (mut taken, mut bin) = (0.0, BINS);
        let share = loop {
            bin -= 1;
            let count = self.counts[bin];
            if taken + count >= wanted || bin == 0 {
                break ((taken + count - wanted) / count.max(1e-9)).clamp(0.0, 1.0);
            }
            taken += count;
        };
        let threshold = bin as f32 + share;
        let partial = self.counts[bin] * (1.0 - share);
        let mut sum = partial * (1.0 - share) * 0.5;
        for (above, count) in self.counts[bin + 1..].iter().enumerate() {
            sum += count * (above as f32 + 1.5 - share).min(LONGEST_EXCESS);
        }
        let excesses = sum * BIN_OCTAVES / clock.weight;
        let number = (taken + partial) / clock.weight;
        let mean =
            (excesses + options.prior_weight * options.prior_octaves) / (number + options.prior_weight).max(1e-6);
        (threshold, mean.max(0.02))
    }
}

fn place(reading: f32) -> f32 {
    (reading.abs().max(1e-9).log2() - LOWEST) / BIN_OCTAVES
}
