use crate::robust::{MEAN_TO_SIGMA, median};

use super::History;

/// The newest row, and the mean of the last few.
pub(crate) const LOCALS: usize = 2;

/// Rows kept at the series' own period for these members; series no finer than a slot have them in their slots.
pub(crate) const RECENT: usize = 40;

/// Comparisons before their typical error is trusted.
const WARM: u32 = 48;

/// Days looked back for the usual course from the rows before to now.
const DAYS: usize = 7;

/// Comparison of the newest rows, at the series' own period, with the rows just before them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    /// Median of the rows before, moved by what earlier days did at this time, where that made the errors smaller.
    pub(crate) typical: [f32; LOCALS],
    /// Rows averaged.
    pub(crate) rows: [usize; LOCALS],
    /// What was seen.
    pub(crate) observed: [f32; LOCALS],
    /// Distances, signed: as they are, and with the usual course of earlier days taken off.
    errors: [[f32; 2]; LOCALS],
    /// Signed; NaN until the typical error is known.
    pub(crate) deviations: [f32; LOCALS],
}

/// Typical errors, slowly and quickly forgetting, per comparison and way of comparing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct LocalErrors {
    pub(crate) long: [[f32; 2]; LOCALS],
    pub(crate) short: [[f32; 2]; LOCALS],
    /// Comparisons so far, per way.
    pub(crate) known: [u32; 2],
}

impl Local {
    pub(crate) fn read(history: &History<'_>, recent: &[f32], period: i64, known: &LocalErrors) -> Option<Self> {
        let few = (300 / period).clamp(3, 5) as usize;
        let many = (1_800 / period).clamp(8, 30) as usize;
        let mut local = Self {
            typical: [f32::NAN; LOCALS],
            rows: [1, few],
            observed: [f32::NAN; LOCALS],
            errors: [[f32::NAN; 2]; LOCALS],
            deviations: [f32::NAN; LOCALS],
        };
        for (place, length) in local.rows.into_iter().enumerate() {
            let end = recent.len().checked_sub(length)?;
            let before = &recent[end.saturating_sub(many)..end];
            if before.iter().filter(|value| !value.is_nan()).count() * 2 < many {
                return None;
            }
            let now = mean(&recent[end..])?;
            let centre = median(before.iter().copied())?;
            let course = course(history, length, before.len(), period);
            let errors = [now - centre, course.map_or(f32::NAN, |course| now - centre - course)];
            local.observed[place] = now;
            local.errors[place] = errors;
            let tried = errors[1].is_finite() && known.known[1] >= WARM;
            let way = usize::from(tried && known.long[place][1] < known.long[place][0]);
            local.typical[place] = now - errors[way];
            if known.known[way] >= WARM {
                let unit = 0.5 * (known.long[place][way] + known.short[place][way]) * MEAN_TO_SIGMA;
                let deviation = errors[way] / unit.max(1e-6 * centre.abs()).max(1e-9);
                local.deviations[place] = if deviation.is_nan() { f32::NAN } else { deviation.clamp(-1e30, 1e30) };
            }
        }
        Some(local)
    }

    pub(crate) fn learn(&self, errors: &mut LocalErrors, rows_in_two_days: usize) {
        for way in 0..2 {
            if self.errors.iter().any(|error| !error[way].is_finite()) {
                continue;
            }
            let warm = errors.known[way] >= WARM;
            errors.known[way] = errors.known[way].saturating_add(1);
            let count = errors.known[way] as f32;
            let (slow, quick) = (1.0 / count.min(rows_in_two_days.max(48) as f32), 1.0 / count.min(60.0));
            for place in 0..LOCALS {
                let size = self.errors[place][way].abs();
                let long = &mut errors.long[place][way];
                let bounded = if warm { size.min(4.0 * *long + f32::MIN_POSITIVE) } else { size }.min(f32::MAX / 8.0);
                *long += (bounded - *long) * slow;
                let short = &mut errors.short[place][way];
                *short += (bounded - *short) * quick;
            }
        }
    }
}

/// By how much earlier days moved from the rows before to now: the median over the days.
fn course(history: &History<'_>, length: usize, before: usize, period: i64) -> Option<f32> {
    let slot = history.slot_seconds();
    let day = history.slots_in(86_400);
    if slot > 43_200 {
        return None;
    }
    let slots = |rows: usize| ((rows as i64 * period + slot / 2) / slot).max(1) as usize;
    let (now, past) = (slots(length), slots(before));
    let moves = (1..=DAYS).filter_map(|days| {
        let back = days * day;
        (back + now + past <= history.len()).then(|| history.mean(back, now) - history.mean(back + now, past))
    });
    let mut number = 0;
    let course = median(moves.inspect(|_| number += 1));
    course.filter(|_| number >= 2)
}

fn mean(values: &[f32]) -> Option<f32> {
    let there = values.iter().filter(|value| !value.is_nan());
    let (sum, count) = there.fold((0.0_f64, 0_u32), |(sum, count), value| (sum + f64::from(*value), count + 1));
    (count > 0).then(|| (sum / f64::from(count)) as f32)
}
