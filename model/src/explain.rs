//! Why: the expected range, the severity and the members' findings in words.

use crate::members::{MEMBERS, Member, Readings};
use crate::verdict::{Datapoint, Expected, Reason, Severity};

/// Half-width of the expected range, robust standard deviations.
const BAND: f64 = 4.0;

/// A member's finding is worth telling from this surprise on (one in a hundred).
const WORTH_TELLING: f32 = 2.0;

/// The range the newest slot was expected in: around the same time of earlier days where there are any, else around the
/// trailing day's median.
pub(crate) fn expected(readings: &Readings) -> Expected {
    let day = readings.levels.day;
    let (typical, unit) = match &readings.rhythm {
        Some(rhythm) => (rhythm.typical[0], rhythm.units[0]),
        None => (day.median, day.unit(1.0)),
    };
    let (typical, unit) = (f64::from(typical), f64::from(unit));
    Expected { low: typical - BAND * unit, high: typical + BAND * unit, typical }
}

/// From how many times the bar's surprise was reached.
pub(crate) fn severity(bars: f32) -> Severity {
    match bars {
        bars if bars >= 3.0 => Severity::Critical,
        bars if bars >= 2.0 => Severity::High,
        bars if bars >= 1.25 => Severity::Medium,
        _ => Severity::Low,
    }
}

/// The findings, rarest first: at most one per kind, at least one.
pub(crate) fn reasons(
    point: Datapoint,
    readings: &Readings,
    surprises: &[f32; MEMBERS],
    slot_seconds: i64,
) -> Vec<Reason> {
    let mut ranked: Vec<(f32, Member)> =
        surprises.iter().copied().zip(Member::ALL).filter(|(surprise, _)| !surprise.is_nan()).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reasons: Vec<Reason> = Vec::new();
    for (surprise, member) in ranked {
        if surprise < WORTH_TELLING && !reasons.is_empty() {
            break;
        }
        let reason = reason(member, point, readings, slot_seconds);
        let told = |other: &Reason| std::mem::discriminant(other) == std::mem::discriminant(&reason);
        if !reasons.iter().any(told) {
            reasons.push(reason);
        }
    }
    reasons
}

fn reason(member: Member, point: Datapoint, readings: &Readings, slot_seconds: i64) -> Reason {
    let levels = &readings.levels;
    let level = |place: usize| Reason::Level {
        over_seconds: levels.seconds[place] as u32,
        observed: f64::from(levels.means[place]),
        typical: f64::from(levels.window(place).median),
        deviations: f64::from(levels.deviations[place]),
    };
    let rhythm = |place: usize| match &readings.rhythm {
        Some(rhythm) => Reason::TimeOfDay {
            at: point.at,
            observed: f64::from(rhythm.typical[place] + rhythm.errors[place]),
            typical: f64::from(rhythm.typical[place]),
            deviations: f64::from(rhythm.deviations[place]),
        },
        None => level(0),
    };
    let local = |place: usize| match &readings.local {
        Some(local) => Reason::Step {
            over_rows: local.rows[place] as u32,
            observed: f64::from(local.observed[place]),
            typical: f64::from(local.typical[place]),
            deviations: f64::from(local.deviations[place]),
        },
        None => level(0),
    };
    let shape = |seconds: i64| Reason::Novelty { over_seconds: seconds.max(6 * slot_seconds) as u32 };
    match member {
        Member::LevelNow => level(0),
        Member::LevelHalfHour => level(1),
        Member::LevelTwoHours => level(2),
        Member::LevelSixHours => level(3),
        Member::RhythmNow => rhythm(0),
        Member::RhythmHour => rhythm(1),
        Member::RhythmThreeHours => rhythm(2),
        Member::Range => Reason::Range { observed: point.value, deviations: f64::from(levels.range) },
        Member::LocalPoint => local(0),
        Member::LocalStep => local(1),
        Member::ShapeHalfHour => shape(1_800),
        Member::ShapeTwoHours => shape(7_200),
        Member::ShapeFourHours => shape(14_400),
        Member::ShapeSixHours => shape(21_600),
        Member::Forest => Reason::Forest { score: readings.forest },
    }
}
