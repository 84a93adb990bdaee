//! Telemetry with incidents in it, each row labelled: the set the detector is developed on beside the public benchmark.
//!
//! Two fleets, minute by minute and hourly, of twelve characters each; every series is drawn from its seed. Ordinary life is in them
//! unlabelled: rhythm, weekends, autocorrelated and heavy-tailed noise, bursts of load, nightly jobs, missing rows. Incidents are
//! measured in the series' own noise, so that they are neither invisible nor trivial.

use std::ops::Range;

use super::Noise;
use crate::calendar::{DAY, HOUR, WEEK};
use crate::train::TrainingSeries;
use crate::verdict::Datapoint;

const MINUTE: i64 = 60;

/// The seeds numbers may be chosen on, and those that are only reported.
pub const PARTS: [(&str, Range<u64>); 2] = [("tune", 0..24), ("report", 1_000..1_024)];

/// A series and the label of each of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledSeries {
    /// The series.
    pub series: TrainingSeries,
    /// Whether the row belongs to an incident; as long as the series.
    pub labels: Vec<bool>,
}

/// How densely a fleet is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// A fortnight of minutes.
    Minute,
    /// Sixty days of hours.
    Hour,
}

impl Sampling {
    fn period(self) -> i64 {
        match self {
            Self::Minute => MINUTE,
            Self::Hour => HOUR,
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Minute => 14,
            Self::Hour => 60,
        }
    }

    /// Nothing goes wrong before this many days.
    fn quiet_days(self) -> i64 {
        match self {
            Self::Minute => 3,
            Self::Hour => 8,
        }
    }
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Incident {
    Spike,
    Dip,
    Shift,
    LastingShift,
    Leak,
    FlatLine,
    Turbulence,
}

impl Incident {
    /// Drawn so that half of the incidents are spikes and dips, as in what people label.
    fn draw(noise: &mut Noise) -> Self {
        match (noise.uniform() * 12.0) as u32 {
            0..=3 => Self::Spike,
            4 | 5 => Self::Dip,
            6 | 7 => Self::Shift,
            8 => Self::LastingShift,
            9 => Self::Leak,
            10 => Self::FlatLine,
            _ => Self::Turbulence,
        }
    }

    /// Shortest and longest, in rows.
    fn rows(self, sampling: Sampling) -> (f64, f64) {
        match (self, sampling) {
            (Self::Spike | Self::Dip, Sampling::Minute) => (1.0, 15.0),
            (Self::Spike | Self::Dip, Sampling::Hour) => (1.0, 3.0),
            (Self::LastingShift, Sampling::Minute) => (60.0, 60.0),
            (Self::LastingShift, Sampling::Hour) => (3.0, 3.0),
            (Self::Shift, Sampling::Minute) => (30.0, 240.0),
            (Self::Shift, Sampling::Hour) => (5.0, 30.0),
            (Self::Leak, Sampling::Minute) => (120.0, 480.0),
            (Self::Leak, Sampling::Hour) => (18.0, 60.0),
            (Self::FlatLine | Self::Turbulence, Sampling::Minute) => (30.0, 180.0),
            (Self::FlatLine | Self::Turbulence, Sampling::Hour) => (8.0, 30.0),
        }
    }
}

/// One incident of a series.
struct Planned {
    incident: Incident,
    first: usize,
    /// Rows labelled; a lasting shift goes on after them.
    rows: usize,
    /// In units of the noise.
    size: f64,
}

/// A labelled series of a fleet, chosen by the seed.
pub fn labelled(sampling: Sampling, seed: u64) -> LabelledSeries {
    let mut noise =
        Noise::new(seed.wrapping_mul(0x9e6c_63d0_876a_3f6b) ^ 0x696e_6369_6465_6e74 ^ sampling.period() as u64);
    let character = Character::draw(seed, sampling, &mut noise);
    let from = 1_699_999_200 + (noise.uniform() * 7.0) as i64 * DAY;
    let rows = (sampling.days() * DAY / sampling.period()) as usize;
    let plan = plan(sampling, rows, &mut noise);
    let mut life = Life::default();
    let (mut values, mut labels) = (Vec::with_capacity(rows), vec![false; rows]);
    for (row, label) in labels.iter_mut().enumerate() {
        let at = from + row as i64 * sampling.period();
        let shaken = character.noise(&mut life, &mut noise);
        let usual = character.usual(at) + character.ordinary_bursts(at, &mut life, &mut noise);
        let (mut shift, mut turbulence, mut frozen) = (0.0, 1.0, None);
        for one in plan.iter().filter(|one| row >= one.first) {
            let since = row - one.first;
            let during = since < one.rows;
            *label |= during && (one.incident != Incident::Leak || 2 * since >= one.rows);
            match one.incident {
                Incident::LastingShift => shift += one.size,
                Incident::Spike | Incident::Shift if during => shift += one.size.abs(),
                Incident::Dip if during => shift -= one.size.abs(),
                Incident::Leak if during => shift += 1.5 * one.size.abs() * (since + 1) as f64 / one.rows as f64,
                Incident::FlatLine if during => frozen = values.get(one.first - 1).copied(),
                Incident::Turbulence if during => turbulence = 1.0 + 0.4 * one.size.abs(),
                _ => {}
            }
        }
        let sigma = character.sigma * character.swell(usual);
        let value = character.measured(usual + sigma * (shaken * turbulence + shift));
        values.push(frozen.unwrap_or(value));
    }
    let name = format!("{}-{seed}", if sampling == Sampling::Minute { "minute" } else { "hour" });
    let mut series = LabelledSeries {
        series: TrainingSeries { name, period_seconds: sampling.period() as u32, points: Vec::with_capacity(rows) },
        labels: Vec::with_capacity(rows),
    };
    // Rows are missing as collectors lose them: single ones, and now and then a stretch; never an incident's.
    let mut gap = 0_u32;
    for (row, (value, label)) in values.into_iter().zip(labels).enumerate() {
        if gap == 0 && noise.uniform() < character.missing {
            gap = if noise.uniform() < 0.02 { 90 } else { 1 };
        }
        if gap > 0 && !label {
            gap -= 1;
            continue;
        }
        series.series.points.push(Datapoint { at: from + row as i64 * sampling.period(), value });
        series.labels.push(label);
    }
    series
}

/// Incidents at random times, never two within two hours (of minutes) or half a day (of hours).
fn plan(sampling: Sampling, rows: usize, noise: &mut Noise) -> Vec<Planned> {
    let day = (DAY / sampling.period()) as f64;
    let (apart, per_day) = match sampling {
        Sampling::Minute => (120.0, 0.8),
        Sampling::Hour => (12.0, 0.14),
    };
    let mut plan: Vec<Planned> = Vec::new();
    let mut row = sampling.quiet_days() as f64 * day;
    loop {
        row += apart - (1.0 - noise.uniform()).ln() * (day / per_day - apart).max(1.0);
        let incident = Incident::draw(noise);
        let (least, most) = incident.rows(sampling);
        let length = (least * (most / least).powf(noise.uniform())).round();
        if row + length >= rows as f64 {
            return plan;
        }
        let sign = if noise.uniform() < 0.3 { -1.0 } else { 1.0 };
        let short = matches!(incident, Incident::Spike | Incident::Dip) && length <= 3.0;
        let size = sign * (if short { 7.0 } else { 4.5 } + 8.0 * noise.uniform());
        plan.push(Planned { incident, first: row as usize, rows: length as usize, size });
        row += length;
    }
}

/// What an ordinary day of the series is like.
struct Character {
    level: f64,
    daily: f64,
    second: f64,
    weekend: f64,
    peak_hour: f64,
    trend_per_day: f64,
    sigma: f64,
    /// Autocorrelation of the noise from row to row, and its share.
    keep: f64,
    slow_share: f64,
    /// Exponent of the noise's tails: 1 is normal, more is heavier.
    heavy: f64,
    skewed: bool,
    proportional: bool,
    bursts_per_row: f64,
    burst_size: f64,
    burst_rows: f64,
    job: Option<(i64, i64)>,
    job_size: f64,
    step: f64,
    missing: f64,
}

/// What a series carries from row to row.
#[derive(Default)]
struct Life {
    slow: f64,
    burst: f64,
    late: i64,
}

impl Character {
    fn draw(seed: u64, sampling: Sampling, noise: &mut Noise) -> Self {
        let kind = seed % 12;
        let level = 10.0_f64.powf(1.0 + 4.0 * noise.uniform());
        let rhythmic = !matches!(kind, 1 | 5 | 9);
        let hours = sampling.period() as f64 / 3_600.0;
        let relative = 0.01 + 0.07 * noise.uniform();
        let utilisation = kind == 9;
        Self {
            level: if utilisation { 3.0 } else { level },
            daily: if rhythmic { 0.15 + 0.45 * noise.uniform() } else { 0.0 },
            second: 0.4 * noise.uniform(),
            weekend: if rhythmic && kind.is_multiple_of(2) { 0.15 + 0.4 * noise.uniform() } else { 0.0 },
            peak_hour: 24.0 * noise.uniform(),
            trend_per_day: if kind % 4 == 3 { 0.004 * noise.normal() } else { 0.0 },
            sigma: relative * if utilisation { 3.0 } else { level },
            keep: (-hours / (0.1 + 2.0 * noise.uniform())).exp(),
            slow_share: if kind.is_multiple_of(3) { 0.2 } else { 0.6 * noise.uniform() },
            heavy: if kind % 4 == 2 { 1.35 } else { 1.0 },
            skewed: kind % 6 == 5,
            proportional: kind % 3 != 1,
            bursts_per_row: if matches!(kind, 2 | 7 | 9 | 11) {
                (2.0 + 8.0 * noise.uniform()) * hours / 24.0
            } else {
                0.0
            },
            burst_size: 3.0 + 3.0 * noise.uniform(),
            burst_rows: 1.0 + 20.0 * noise.uniform() / (60.0 * hours),
            job: matches!(kind, 3 | 8 | 9)
                .then(|| ((noise.uniform() * 24.0) as i64 * HOUR, (10 + (noise.uniform() * 50.0) as i64) * MINUTE)),
            job_size: 6.0 + 6.0 * noise.uniform(),
            step: if kind == 10 { level / 50.0 } else { 0.0 },
            missing: if kind % 5 == 4 { 0.01 } else { 0.000_5 },
        }
    }

    fn usual(&self, at: i64) -> f64 {
        let turn = std::f64::consts::TAU * (at.rem_euclid(DAY) as f64 / 3_600.0 - self.peak_hour) / 24.0;
        let rhythm = 1.0 + self.daily * (turn.cos() + self.second * (2.0 * turn + 1.0).cos());
        let weekend = (2..4).contains(&(at.rem_euclid(WEEK) / DAY));
        let days = (at - 1_700_000_000) as f64 / DAY as f64;
        let trend = (1.0 + self.trend_per_day * days).max(0.2);
        self.level * rhythm.max(0.05) * trend * if weekend { 1.0 - self.weekend } else { 1.0 }
    }

    /// Noise grows with the level in series that count things.
    fn swell(&self, usual: f64) -> f64 {
        if self.proportional { (usual / self.level).clamp(0.2, 5.0) } else { 1.0 }
    }

    fn noise(&self, life: &mut Life, noise: &mut Noise) -> f64 {
        life.slow = life.slow * self.keep + noise.normal() * (1.0 - self.keep * self.keep).sqrt();
        let normal = noise.normal();
        let mut white = normal.signum() * normal.abs().powf(self.heavy);
        if self.skewed {
            white = (0.5 * normal).exp() * 1.6 - 1.8;
        }
        self.slow_share.sqrt() * life.slow + (1.0 - self.slow_share).sqrt() * white
    }

    fn ordinary_bursts(&self, at: i64, life: &mut Life, noise: &mut Noise) -> f64 {
        life.burst *= (-1.0 / self.burst_rows).exp();
        if noise.uniform() < self.bursts_per_row {
            life.burst += self.burst_size * (0.5 + noise.uniform());
        }
        let job = self.job.map_or(0.0, |(start, length)| {
            let since = at.rem_euclid(DAY) - start;
            if since == 0 {
                life.late = (noise.uniform() * 3.0) as i64 * MINUTE;
            }
            if (life.late..life.late + length).contains(&since) { self.job_size } else { 0.0 }
        });
        self.sigma * (life.burst + job)
    }

    fn measured(&self, value: f64) -> f64 {
        let value = value.max(0.0);
        if self.step > 0.0 { (value / self.step).round() * self.step } else { value }
    }
}
