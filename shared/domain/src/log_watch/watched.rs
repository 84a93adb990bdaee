//! What is remembered of a log group: the counts of its newest six hours.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nightjar_logs::stats;
use serde::{Deserialize, Serialize};

use super::SLICE_SECONDS;
use super::rules::LogRule;
use crate::recovery::Calm;

/// Slices that are remembered of a log group: six hours.
const SLICES: usize = 72;
/// Slices before the window that are needed to say what is usual.
const ENOUGH_SLICES: usize = 6;
/// One chance in a million a look: with a thousand groups every five minutes, about two false alarms a week.
const LEAST_P: f64 = 1e-6;

/// Lines of one slice, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// By rule; a rule without lines is absent.
    pub counts: BTreeMap<String, u64>,
}

/// What is remembered of one log group (and stream prefix).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The end of the newest slice.
    pub until: Timestamp,
    /// Oldest first, without gaps; those that could not be read are `None`.
    pub slices: Vec<Option<Slice>>,
    /// When each rule last held, and when it was last told.
    #[serde(default)]
    pub held: BTreeMap<String, Held>,
}

/// A rule that held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub until: Timestamp,
    pub told: Timestamp,
}

/// A rule's lines in its window and before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rates {
    pub(super) now: u64,
    now_slices: usize,
    before: u64,
    before_slices: usize,
}

impl Rates {
    pub(super) fn usual(&self) -> f64 {
        if self.before_slices == 0 {
            0.0
        } else {
            self.before as f64 / self.before_slices as f64 * self.now_slices as f64
        }
    }

    pub(super) fn is_trouble(&self, rule: &LogRule) -> bool {
        let Some(times) = rule.times_usual else { return self.now >= rule.at_least };
        let rare = || {
            let (now, before) = (self.now_slices as f64, self.before_slices as f64);
            stats::at_least(self.now, self.before, now / (now + before)) <= LEAST_P
        };
        self.now >= rule.at_least
            && self.before_slices >= ENOUGH_SLICES
            && self.now as f64 >= times * self.usual()
            && rare()
    }
}

impl Watched {
    /// A group that is watched from now on; `until` is the end of the slice before the first.
    pub fn from(until: Timestamp) -> Self {
        Self { until, slices: Vec::new(), held: BTreeMap::new() }
    }

    /// The end of the newest slice that has ended `lag` before `now`.
    pub fn newest_end(now: Timestamp, lag: SignedDuration) -> Timestamp {
        let second = (now - lag).as_second().div_euclid(SLICE_SECONDS) * SLICE_SECONDS;
        Timestamp::from_second(second).unwrap_or(now)
    }

    /// Slices up to `end` that were not looked at.
    pub fn missing(&self, end: Timestamp) -> usize {
        usize::try_from(end.duration_since(self.until).as_secs() / SLICE_SECONDS).unwrap_or(0)
    }

    /// Leaves `count` slices out, as what nobody read.
    pub fn skip(&mut self, count: usize) {
        for _ in 0..count.min(SLICES) {
            self.slices.push(None);
        }
        self.until += SignedDuration::from_secs(SLICE_SECONDS * count as i64);
        self.trim();
    }

    /// How long a rule has not held, in its own windows. Slices that nobody read end it.
    pub fn calm(&self, rule: &str, period_seconds: u32) -> Option<Calm> {
        let read = self.slices.iter().rposition(Option::is_some)?;
        let unread = (self.slices.len() - 1 - read) as i64;
        let until = self.until - SignedDuration::from_secs(SLICE_SECONDS * unread);
        let period = SignedDuration::from_secs(i64::from(period_seconds.max(1)));
        let oldest = self.until - SignedDuration::from_secs(SLICE_SECONDS * self.slices.len() as i64);
        let held = self.held.get(rule).map_or(oldest, |held| held.until);
        let periods = until.duration_since(held).as_secs() / period.as_secs();
        let periods = u32::try_from(periods).ok().filter(|periods| *periods > 0)?;
        Some(Calm { periods, since: held + period, until })
    }

    pub(super) fn push(&mut self, slice: Slice) {
        self.slices.push(Some(slice));
        self.until += SignedDuration::from_secs(SLICE_SECONDS);
        self.trim();
    }

    fn trim(&mut self) {
        let surplus = self.slices.len().saturating_sub(SLICES);
        self.slices.drain(..surplus);
    }

    pub(super) fn rates(&self, rule: &LogRule) -> Option<Rates> {
        let window = (rule.window_minutes / 5) as usize;
        let split = self.slices.len().checked_sub(window)?;
        let (before, now) = self.slices.split_at_checked(split)?;
        let sum = |slices: &[Option<Slice>]| -> (u64, usize) {
            let read = slices.iter().flatten();
            let count = |slice: &Slice| slice.counts.get(&rule.name).copied().unwrap_or(0);
            (read.clone().map(count).sum(), read.count())
        };
        let ((now, now_slices), (before, before_slices)) = (sum(now), sum(before));
        (now_slices > 0).then_some(Rates { now, now_slices, before, before_slices })
    }
}
