//! Healthy telemetry made from a seed: what the bundled model is trained on, and what tests and benchmarks run on.
//!
//! No customer's data and no benchmark's data goes into the product. The shapes are those that cloud metrics have: daily and
//! weekly rhythm, flat utilisation with noise, bursts of traffic, counters of few distinct values, slow drift.

pub mod incidents;

use crate::calendar::{DAY, WEEK};
use crate::train::TrainingSeries;
use crate::verdict::Datapoint;

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): a few lines, seedable, good enough to shake a metric.
#[derive(Debug, Clone)]
pub struct Noise(u64);

impl Noise {
    /// A generator that repeats itself for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0..1.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// A healthy series of one of several shapes, chosen by the seed.
///
/// `days` of datapoints every `period_seconds`, starting at `from` (epoch seconds).
pub fn healthy(seed: u64, period_seconds: u32, from: i64, days: u32) -> TrainingSeries {
    let mut noise = Noise::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6e69_6768_746a_6172);
    let shape = Shape::draw(seed, &mut noise);
    let step = i64::from(period_seconds.max(1));
    let mut walk = 0.0;
    let mut burst = 0.0;
    let points = (0..i64::from(days) * DAY / step)
        .map(|index| {
            let at = from + index * step;
            let hours = step as f64 / 3_600.0;
            // Autocorrelated noise with a memory of an hour, and bursts that die out in ten minutes.
            let keep = (-hours).exp();
            walk = walk * keep + noise.normal() * (1.0 - keep * keep).sqrt();
            burst *= (-hours * 6.0).exp();
            if noise.uniform() < shape.bursts_per_day * hours / 24.0 {
                burst += 1.0 - noise.uniform().ln();
            }
            Datapoint { at, value: shape.value(at, walk, burst, &mut noise) }
        })
        .collect();
    TrainingSeries { name: format!("synthetic-{seed}"), period_seconds, points }
}

/// The fleet the bundled model is trained on: `count` series of 14 days, most at five minutes.
pub fn fleet(count: u64) -> Vec<TrainingSeries> {
    const PERIODS: [u32; 6] = [300, 300, 300, 300, 900, 3_600];
    (0..count)
        .map(|seed| {
            let period = PERIODS[(seed % PERIODS.len() as u64) as usize];
            healthy(seed, period, 1_700_000_100, if period == 3_600 { 56 } else { 14 })
        })
        .collect()
}

struct Shape {
    level: f64,
    daily: f64,
    weekend: f64,
    peak_hour: f64,
    rough: f64,
    white: f64,
    bursts_per_day: f64,
    burst_size: f64,
    drift_per_day: f64,
    step: f64,
}

impl Shape {
    fn draw(seed: u64, noise: &mut Noise) -> Self {
        let level = 10.0_f64.powf(noise.uniform() * 4.0);
        let rhythmic = !seed.is_multiple_of(3);
        let bursty = seed % 4 == 1;
        let stepped = seed % 5 == 2;
        Self {
            level,
            daily: if rhythmic { 0.1 + 0.6 * noise.uniform() } else { 0.0 },
            weekend: if rhythmic && seed.is_multiple_of(2) { 0.5 * noise.uniform() } else { 0.0 },
            peak_hour: 24.0 * noise.uniform(),
            rough: 0.01 + 0.1 * noise.uniform(),
            white: 0.005 + 0.1 * noise.uniform() * noise.uniform(),
            bursts_per_day: if bursty { 1.0 + 20.0 * noise.uniform() } else { 0.0 },
            burst_size: 0.2 + noise.uniform(),
            drift_per_day: 0.01 * noise.normal(),
            step: if stepped { level / 8.0 } else { 0.0 },
        }
    }

    fn value(&self, at: i64, walk: f64, burst: f64, noise: &mut Noise) -> f64 {
        let hour = at.rem_euclid(DAY) as f64 / 3_600.0;
        let turn = std::f64::consts::TAU * (hour - self.peak_hour) / 24.0;
        let rhythm = 1.0 + self.daily * (turn.cos() + 0.25 * (2.0 * turn).cos());
        // The week starts on a Thursday at the epoch: days 2 and 3 of it are the weekend.
        let weekend = (2..4).contains(&(at.rem_euclid(WEEK) / DAY));
        let quiet = if weekend { 1.0 - self.weekend } else { 1.0 };
        let drift = 1.0 + self.drift_per_day * (at.rem_euclid(8 * WEEK) as f64 / DAY as f64);
        let shaken = 1.0 + self.rough * walk + self.white * noise.normal() + self.burst_size * burst;
        let value = (self.level * rhythm * quiet * drift * shaken).max(0.0);
        if self.step > 0.0 { (value / self.step).round() * self.step } else { value }
    }
}
