//! What is remembered of one series between two datapoints, and its bytes.

use crate::calendar::DAY;

/// A state's bytes never exceed this: it lives in one `DynamoDB` item.
pub const MAX_STATE_BYTES: usize = 16 << 10;

/// Eight days of five-minute slots: enough for the same hour of the same weekday.
pub(crate) const CAPACITY: usize = 2_304;

/// Nothing finer than this is remembered; shorter periods are averaged into slots.
const MIN_SLOT_SECONDS: u32 = 300;

const CODEC_VERSION: u8 = 1;

/// Why bytes are not a state.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum StateError {
    /// Written by another version: start the series anew.
    #[error("series state of version {found}, this build reads {CODEC_VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// Cut short, too long, or holding what no state holds.
    #[error("series state is damaged: {0}")]
    Damaged(&'static str),
}

/// The memory of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesState {
    period_seconds: u32,
    pub(crate) slot_seconds: u32,
    pub(crate) last_at: Option<i64>,
    /// Number of the newest slot, `at / slot_seconds`.
    pub(crate) head: i64,
    /// Values of the closed slots and of the open one, oldest first; NaN where there was no datapoint.
    pub(crate) slots: Vec<f32>,
    /// Datapoints averaged into the newest slot.
    pub(crate) head_count: u32,
    /// Slots with a value, since the series began.
    pub(crate) seen: u32,
    /// When the last alert was raised, and at what surprise.
    pub(crate) last_alert: Option<(i64, f32)>,
}

impl SeriesState {
    /// An empty memory for a series with one datapoint every `period_seconds` (0 is taken as 1).
    pub fn new(period_seconds: u32) -> Self {
        let period_seconds = period_seconds.max(1);
        Self {
            period_seconds,
            slot_seconds: period_seconds.max(MIN_SLOT_SECONDS),
            last_at: None,
            head: 0,
            slots: Vec::new(),
            head_count: 0,
            seen: 0,
            last_alert: None,
        }
    }

    /// Seconds between two datapoints.
    pub fn period_seconds(&self) -> u32 {
        self.period_seconds
    }

    /// The watermark: time of the newest datapoint taken in.
    pub fn last_at(&self) -> Option<i64> {
        self.last_at
    }

    /// Slots of a duration, at least one.
    pub(crate) fn slots_in(&self, seconds: i64) -> usize {
        (seconds / i64::from(self.slot_seconds)).max(1) as usize
    }

    /// Slots of history needed before the series is judged: one day, but no more than 288 and no fewer than 24 slots.
    pub(crate) fn needed(&self) -> u32 {
        (self.slots_in(DAY) as u32).clamp(24, 288)
    }

    /// The value `back` slots before the newest; NaN where there is none.
    pub(crate) fn back(&self, back: usize) -> f32 {
        self.slots.len().checked_sub(back + 1).map_or(f32::NAN, |index| self.slots[index])
    }

    /// Takes a value in: averages it into the open slot or opens a new one, leaving NaN for slots that had nothing.
    pub(crate) fn take(&mut self, at: i64, value: f64) {
        let number = at.div_euclid(i64::from(self.slot_seconds));
        let gap = if self.slots.is_empty() { 1 } else { number - self.head };
        self.last_at = Some(at);
        if gap == 0 {
            self.head_count += 1;
            if let Some(open) = self.slots.last_mut() {
                let mean = f64::from(*open);
                *open = (mean + (value - mean) / f64::from(self.head_count)) as f32;
            }
            return;
        }
        self.head = number;
        self.head_count = 1;
        self.seen = self.seen.saturating_add(1);
        if gap as usize > CAPACITY {
            self.slots.clear();
        } else {
            self.slots.extend(std::iter::repeat_n(f32::NAN, gap as usize - 1));
        }
        self.slots.push(value as f32);
        let surplus = self.slots.len().saturating_sub(CAPACITY);
        self.slots.drain(..surplus);
    }

    /// The state as stored, at most [`MAX_STATE_BYTES`] long.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + 4 * self.slots.len());
        out.push(CODEC_VERSION);
        out.extend_from_slice(&self.period_seconds.to_le_bytes());
        out.extend_from_slice(&self.last_at.unwrap_or(i64::MIN).to_le_bytes());
        out.extend_from_slice(&self.head.to_le_bytes());
        out.extend_from_slice(&self.head_count.to_le_bytes());
        out.extend_from_slice(&self.seen.to_le_bytes());
        let (alert_at, alert_surprise) = self.last_alert.unwrap_or((i64::MIN, 0.0));
        out.extend_from_slice(&alert_at.to_le_bytes());
        out.extend_from_slice(&alert_surprise.to_le_bytes());
        for slot in &self.slots {
            out.extend_from_slice(&slot.to_le_bytes());
        }
        out
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let Some((&version, rest)) = bytes.split_first() else {
            return Err(StateError::Damaged("it is empty"));
        };
        if version != CODEC_VERSION {
            return Err(StateError::Version { found: version });
        }
        if bytes.len() > MAX_STATE_BYTES || rest.len() < 40 || !(rest.len() - 40).is_multiple_of(4) {
            return Err(StateError::Damaged("its length is impossible"));
        }
        let u32_at = |at: usize| u32::from_le_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
        let i64_at = |at: usize| i64::from(u32_at(at)) | (i64::from(u32_at(at + 4)) << 32);
        let mut state = Self::new(u32_at(0));
        state.last_at = Some(i64_at(4)).filter(|&at| at != i64::MIN);
        state.head = i64_at(12);
        state.head_count = u32_at(20);
        state.seen = u32_at(24);
        state.last_alert = Some((i64_at(28), f32::from_bits(u32_at(36)))).filter(|&(at, _)| at != i64::MIN);
        state.slots = (40..rest.len()).step_by(4).map(|at| f32::from_bits(u32_at(at))).collect();
        if state.slots.len() > CAPACITY || state.slots.iter().any(|slot| slot.is_infinite()) {
            return Err(StateError::Damaged("its history is impossible"));
        }
        Ok(state)
    }
}
