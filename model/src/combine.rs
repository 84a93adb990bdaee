//! From the members' readings to one surprise.
//!
//! Each reading becomes `-log10` of its tail probability in the series' own past. The surprises meet in a weighted power mean,
//! which lets a few loud members speak without letting one shout alone. What the series has shown before is then held back:
//! unless the value or the shape itself is new ([`Tuning::novelty`]), the surprise falls quickly. Last, the rarity "one in n
//! slots" becomes a rarity in time, so that five-minute and hourly series share one bar.

use serde::{Deserialize, Serialize};

use crate::members::{MEMBERS, Member, Readings};
use crate::state::SeriesState;
use crate::tail::TailOptions;

/// The members whose surprise counts as "never seen before".
const NOVELTY: [Member; 3] = [Member::Range, Member::ShapeTwoHours, Member::ShapeSixHours];

/// The detector's frozen numbers. They were chosen once, for all series; `nightjar backtest --ablation` shows what each is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Weight of each member in the mean, in the order of [`Member::ALL`]; 0 leaves it out.
    pub weights: [f32; MEMBERS],
    /// Exponent of the power mean, ≥ 1.
    pub exponent: i32,
    /// Surprise that a member without enough history is taken to have.
    pub absent: f32,
    /// Novelty (as a surprise) below which the score is held back.
    pub novelty: f32,
    /// How much it is held back per missing unit of novelty.
    pub novelty_weight: f32,
    /// Tails of the members' readings.
    pub tails: TailOptions,
    /// Surprise that is just worth an alert.
    pub bar: f32,
    /// The quick surprise that is: rows finer than a slot together with the last half hour, -log10 of a rarity in slots.
    pub quick_bar: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        // The level members and the range explain and inform the forest and the novelty; in the mean they did not earn a place.
        const RHYTHM: f32 = 0.25;
        Self {
            weights: [0.0, 0.0, 0.0, 0.0, RHYTHM, RHYTHM, RHYTHM, 0.0, 0.0, 0.0, 2.8, 0.1, 0.15, 4.7, 0.2],
            exponent: 2,
            absent: 0.15,
            novelty: 2.38,
            novelty_weight: 1.75,
            tails: TailOptions {
                memory_days: 60.0,
                memory_slots: 1_000.0,
                fraction: 0.006,
                prior_weight: 30.0,
                prior_octaves: 0.17,
                counted: 0.3,
            },
            bar: 0.84,
            quick_bar: 1.75,
        }
    }
}

/// A signed member has two tails and so two chances to be rare: its probabilities are doubled. The unsigned members' are too, so
/// that all are on one scale.
const TWO_SIDED: f32 = std::f32::consts::LOG10_2;

/// Surprise of each member's reading; NaN where there is none.
pub(crate) fn member_surprises(state: &SeriesState, readings: &Readings, tuning: &Tuning) -> [f32; MEMBERS] {
    std::array::from_fn(|index| {
        let (member, reading) = (Member::ALL[index], readings.values[index]);
        if reading.is_nan() {
            return f32::NAN;
        }
        let surprise = state.tails[member.tail(reading)].surprise(reading, state.clocks[index], &tuning.tails);
        (surprise - TWO_SIDED).max(0.0)
    })
}

/// The one surprise: how rare, in time, what the members see together is. A value near 0 is ordinary, [`Tuning::bar`] is worth an
/// alert; it can be negative and is always finite.
pub(crate) fn surprise(members: &[f32; MEMBERS], slot_seconds: i64, tuning: &Tuning) -> f32 {
    let (mut sum, mut weights) = (0.0_f32, 0.0_f32);
    for (surprise, weight) in members.iter().zip(tuning.weights) {
        let surprise = if surprise.is_nan() { tuning.absent } else { *surprise };
        sum += weight * surprise.powi(tuning.exponent);
        weights += weight;
    }
    let mean = (sum / weights.max(1e-9)).powf(1.0 / tuning.exponent.max(1) as f32);
    let novelty = NOVELTY.iter().map(|member| members[member.index()]).fold(f32::NAN, f32::max);
    let familiar = if novelty.is_nan() { 0.0 } else { (tuning.novelty - novelty).max(0.0) };
    let in_time = (slot_seconds as f32 / 300.0).log10();
    mean - tuning.novelty_weight * familiar + in_time
}

/// The quick surprise, for series sampled more finely than a slot: the mean of what the rows themselves and the course of the last
/// half hour say, as rarities in time, put so that it shares [`Tuning::bar`]. `None` for slower series, whose every row is a slot.
pub(crate) fn quick(members: &[f32; MEMBERS], state: &SeriesState, tuning: &Tuning) -> Option<f32> {
    let rows = LOCAL.map(|index| members[index]).into_iter().fold(f32::NAN, f32::max);
    if state.period() >= state.slot_seconds() || rows.is_nan() {
        return None;
    }
    let in_time = (state.period() as f32 / state.slot_seconds() as f32).log10();
    let course = members[Member::ShapeHalfHour.index()].max(0.0);
    Some(tuning.bar + 0.5 * (rows + in_time + course) - tuning.quick_bar)
}

/// What the members say on average, for ranking the rows that do not alert.
pub(crate) fn average(members: &[f32; MEMBERS], tuning: &Tuning) -> f32 {
    let there = members.iter().map(|surprise| if surprise.is_nan() { tuning.absent } else { *surprise });
    there.sum::<f32>() / MEMBERS as f32
}

/// The members that look at rows, not slots.
const LOCAL: [usize; 2] = [Member::LocalPoint as usize, Member::LocalStep as usize];

/// Lets the tails learn the readings: the local members' at every row, the others' once per slot.
pub(crate) fn learn(state: &mut SeriesState, readings: &Readings, tuning: &Tuning) {
    let whole = state.open_slot_is_whole();
    for (index, &reading) in readings.values.iter().enumerate() {
        let local = LOCAL.contains(&index);
        if reading.is_nan() || !(local || whole) {
            continue;
        }
        let seconds = if local { state.period() } else { state.slot_seconds() };
        let memory = (tuning.tails.memory_days * 86_400.0 / seconds as f32).max(tuning.tails.memory_slots);
        let member = Member::ALL[index];
        state.clocks[index].tick(memory);
        let clock = state.clocks[index];
        state.tails[member.tail(reading)].learn(reading, clock);
        if let Some(scale) = state.clocks[index].settle() {
            let (first, last) = (member.tail(1.0), member.tail(-1.0));
            for tail in &mut state.tails[first..=last] {
                tail.counts.iter_mut().for_each(|count| *count *= scale);
            }
        }
    }
    if let Some(local) = &readings.local {
        let rows = (2 * crate::calendar::DAY / state.period()) as usize;
        local.learn(&mut state.local_errors, rows);
    }
    if let Some(rhythm) = readings.rhythm.as_ref().filter(|_| whole) {
        let two_days = state.slots_in(2 * crate::calendar::DAY);
        let mut known = state.rhythm_count;
        rhythm.learn(&mut state.rhythm_error, &mut known, two_days);
        state.rhythm_count = known;
    }
}
