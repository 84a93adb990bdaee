//! What is remembered of one series between two datapoints.

mod codec;

pub use codec::{MAX_STATE_BYTES, StateError};

use crate::calendar::DAY;
use crate::feedback::Feedback;
use crate::members::{LocalErrors, MEMBERS, RECENT, RHYTHMS, TAILS};
use crate::policy::AlertMemory;
use crate::tail::{Clock, Tail};

/// Eight days of five-minute slots: enough for the same hour of the same weekday.
pub(crate) const CAPACITY: usize = 2_304;

/// Nothing finer than this is remembered; shorter periods are averaged into slots.
const MIN_SLOT_SECONDS: u32 = 300;

/// The memory of one series: at most [`MAX_STATE_BYTES`] when stored, whatever came in.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesState {
    period_seconds: u32,
    last_at: Option<i64>,
    /// Number of the newest slot, `at / slot_seconds`.
    head: i64,
    /// Slot values, oldest first, the open slot last; NaN where there was no datapoint.
    slots: Vec<f32>,
    /// The newest rows at the series' own period, where that is finer than a slot; NaN where there was none.
    recent: Vec<f32>,
    /// Sum and number of the datapoints in the open slot.
    open_sum: f64,
    open_count: u32,
    /// Slots with a value, since the series began.
    seen: u32,
    /// How rare readings are, per member and side.
    pub(crate) tails: Box<[Tail; TAILS]>,
    pub(crate) clocks: [Clock; MEMBERS],
    /// Typical distance from the same time of earlier days, per smoothing.
    pub(crate) rhythm_error: [f32; RHYTHMS],
    pub(crate) rhythm_count: u32,
    pub(crate) local_errors: LocalErrors,
    pub(crate) alerts: AlertMemory,
    /// The alerts of the quick surprise.
    pub(crate) quick_alerts: AlertMemory,
    /// What people said of this series' anomalies. Changing it changes the bar, nothing else.
    pub feedback: Feedback,
}

impl SeriesState {
    /// An empty memory for a series with one datapoint every `period_seconds` (0 is taken as 1, more than a year as a year).
    pub fn new(period_seconds: u32) -> Self {
        Self {
            period_seconds: period_seconds.clamp(1, 366 * DAY as u32),
            last_at: None,
            head: 0,
            slots: Vec::new(),
            recent: Vec::new(),
            open_sum: 0.0,
            open_count: 0,
            seen: 0,
            tails: Box::new([const { Tail::EMPTY }; TAILS]),
            clocks: [Clock::NEW; MEMBERS],
            rhythm_error: [0.0; RHYTHMS],
            rhythm_count: 0,
            local_errors: LocalErrors::default(),
            alerts: AlertMemory::default(),
            quick_alerts: AlertMemory::default(),
            feedback: Feedback::default(),
        }
    }

    /// Seconds between two datapoints.
    pub fn period_seconds(&self) -> u32 {
        self.period_seconds
    }

    /// The watermark: time of the newest datapoint taken in or set aside.
    pub fn last_at(&self) -> Option<i64> {
        self.last_at
    }

    /// Slots with a value so far.
    pub fn slots_seen(&self) -> u32 {
        self.seen
    }

    /// Slots of history needed before the series is judged: a day and a half, but no fewer than 72 slots.
    pub fn slots_needed(&self) -> u32 {
        (self.slots_in(DAY) as u32).clamp(48, 288) * 3 / 2
    }

    pub(crate) fn slot_seconds(&self) -> i64 {
        i64::from(self.period_seconds.max(MIN_SLOT_SECONDS))
    }

    /// Slots of a duration, rounded, at least one.
    pub(crate) fn slots_in(&self, seconds: i64) -> usize {
        let slot = self.slot_seconds();
        ((seconds + slot / 2) / slot).max(1) as usize
    }

    pub(crate) fn period(&self) -> i64 {
        i64::from(self.period_seconds)
    }

    /// The newest rows, oldest first.
    pub(crate) fn recent(&self) -> &[f32] {
        if self.period_seconds < MIN_SLOT_SECONDS {
            &self.recent
        } else {
            &self.slots[self.slots.len().saturating_sub(RECENT)..]
        }
    }

    /// Appends a row, with NaN for those that are missing before it.
    fn remember_row(&mut self, at: i64, value: f32) {
        if self.period_seconds >= MIN_SLOT_SECONDS {
            return;
        }
        let row = |at: i64| at.div_euclid(self.period());
        let missing = self.last_at.map_or(0, |last| (row(at) - row(last) - 1).clamp(0, RECENT as i64)) as usize;
        self.recent.extend(std::iter::repeat_n(f32::NAN, missing));
        self.recent.push(value);
        let surplus = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..surplus);
    }

    pub(crate) fn slots(&self) -> &[f32] {
        &self.slots
    }

    /// Datapoints that make a slot whole.
    fn whole(&self) -> u32 {
        ((self.slot_seconds() + i64::from(self.period_seconds) / 2) / i64::from(self.period_seconds)).max(1) as u32
    }

    /// Whether the open slot has all its datapoints: only then do the tails learn from it.
    pub(crate) fn open_slot_is_whole(&self) -> bool {
        self.open_count == self.whole()
    }

    /// Takes a value in. While a slot is filling up, it stands for the trailing mean of one slot's length: what is missing is
    /// borrowed from the slot before.
    pub(crate) fn take(&mut self, at: i64, value: f64) {
        let number = at.div_euclid(self.slot_seconds());
        if self.slots.is_empty() || number != self.head {
            self.open(number);
            self.seen = self.seen.saturating_add(1);
        }
        let value = value.clamp(f64::from(f32::MIN), f64::from(f32::MAX));
        self.remember_row(at, value as f32);
        self.last_at = Some(at);
        self.open_sum += value;
        self.open_count = self.open_count.saturating_add(1);
        let missing = self.whole().saturating_sub(self.open_count);
        let before = self.slots.len().checked_sub(2).map_or(f64::NAN, |index| f64::from(self.slots[index]));
        let borrowed = if before.is_nan() { 0 } else { missing };
        let sum = self.open_sum + if borrowed == 0 { 0.0 } else { before * f64::from(borrowed) };
        let mean = sum / f64::from(self.open_count + borrowed);
        if let Some(open) = self.slots.last_mut() {
            *open = mean as f32;
        }
    }

    /// Moves the watermark over a datapoint without learning from it: maintenance, or a value known to be false. Its slot stays
    /// empty. An older time than the watermark changes nothing.
    pub fn set_aside(&mut self, at: i64) {
        if self.last_at.is_some_and(|last| at <= last) || !(0..=crate::calendar::LATEST).contains(&at) {
            return;
        }
        let number = at.div_euclid(self.slot_seconds());
        if self.slots.is_empty() || number != self.head {
            self.open(number);
        }
        self.remember_row(at, f32::NAN);
        self.last_at = Some(at);
    }

    /// Opens an empty slot, leaving NaN for slots that had nothing.
    fn open(&mut self, number: i64) {
        let gap = if self.slots.is_empty() { 1 } else { number.saturating_sub(self.head).max(1) };
        self.head = number;
        (self.open_sum, self.open_count) = (0.0, 0);
        if gap as usize >= CAPACITY {
            self.slots.clear();
        } else {
            self.slots.extend(std::iter::repeat_n(f32::NAN, gap as usize - 1));
        }
        self.slots.push(f32::NAN);
        let surplus = self.slots.len().saturating_sub(CAPACITY);
        self.slots.drain(..surplus);
    }
}
