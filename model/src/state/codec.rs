//! The state's bytes: little-endian, one version byte first, nothing that depends on the machine.

use crate::feedback::Feedback;
use crate::members::{LOCALS, LocalErrors, MEMBERS, RECENT, RHYTHMS, TAILS};
use crate::policy::AlertMemory;
use crate::tail::BINS;

use super::{CAPACITY, SeriesState};

/// A state's bytes never exceed this: it lives in one `DynamoDB` item.
pub const MAX_STATE_BYTES: usize = 16 << 10;

const CODEC_VERSION: u8 = 3;

/// Bytes before the rows and the slots.
const FIXED: usize =
    1 + 4 + 8 + 8 + 8 + 4 + 4 + 8 * MEMBERS + 4 * RHYTHMS + 4 + LOCAL + 2 * 16 + 12 + 4 * BINS * TAILS + 4;

/// Bytes of the local members' typical errors.
const LOCAL: usize = 2 * 4 * (2 * LOCALS) + 2 * 4;

const _: () = assert!(FIXED + 4 * (RECENT + CAPACITY) <= MAX_STATE_BYTES, "a full state must fit into its item");

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

impl SeriesState {
    /// The state as stored, at most [`MAX_STATE_BYTES`] long.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED + 4 * self.slots.len());
        out.push(CODEC_VERSION);
        out.extend_from_slice(&self.period_seconds.to_le_bytes());
        out.extend_from_slice(&self.last_at.unwrap_or(i64::MIN).to_le_bytes());
        out.extend_from_slice(&self.head.to_le_bytes());
        out.extend_from_slice(&self.open_sum.to_le_bytes());
        out.extend_from_slice(&self.open_count.to_le_bytes());
        out.extend_from_slice(&self.seen.to_le_bytes());
        for clock in &self.clocks {
            out.extend_from_slice(&clock.weight.to_le_bytes());
            out.extend_from_slice(&clock.total.to_le_bytes());
        }
        for error in &self.rhythm_error {
            out.extend_from_slice(&error.to_le_bytes());
        }
        out.extend_from_slice(&self.rhythm_count.to_le_bytes());
        let LocalErrors { long, short, known } = &self.local_errors;
        for error in long.iter().chain(short).flatten() {
            out.extend_from_slice(&error.to_le_bytes());
        }
        for count in known {
            out.extend_from_slice(&count.to_le_bytes());
        }
        for alerts in [&self.alerts, &self.quick_alerts] {
            let (at, surprise) = alerts.last.unwrap_or((i64::MIN, 0.0));
            out.extend_from_slice(&at.to_le_bytes());
            out.extend_from_slice(&surprise.to_le_bytes());
            out.extend_from_slice(&alerts.load.to_le_bytes());
        }
        let (raise, since) = self.feedback.to_parts();
        out.extend_from_slice(&raise.to_le_bytes());
        out.extend_from_slice(&since.to_le_bytes());
        for tail in self.tails.iter() {
            for count in &tail.counts {
                out.extend_from_slice(&count.to_le_bytes());
            }
        }
        out.extend_from_slice(&(self.recent.len() as u32).to_le_bytes());
        for value in self.recent.iter().chain(&self.slots) {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out
    }

    /// Reads what [`Self::encode`] wrote; what cannot have been written by it is refused.
    pub fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let Some((&version, body)) = bytes.split_first() else {
            return Err(StateError::Damaged("it is empty"));
        };
        if version != CODEC_VERSION {
            return Err(StateError::Version { found: version });
        }
        let history = bytes.len().checked_sub(FIXED).ok_or(StateError::Damaged("it is cut short"))?;
        if !history.is_multiple_of(4) || history / 4 > RECENT + CAPACITY {
            return Err(StateError::Damaged("its length is impossible"));
        }
        let mut reader = Reader { rest: body };
        let mut state = Self::new(reader.u32());
        state.last_at = Some(reader.i64()).filter(|&at| at != i64::MIN);
        state.head = reader.i64();
        state.open_sum = reader.f64();
        state.open_count = reader.u32();
        state.seen = reader.u32();
        for clock in &mut state.clocks {
            clock.weight = reader.f32();
            clock.total = reader.f32();
        }
        for error in &mut state.rhythm_error {
            *error = reader.f32();
        }
        state.rhythm_count = reader.u32();
        for error in state.local_errors.long.iter_mut().flatten() {
            *error = reader.f32();
        }
        for error in state.local_errors.short.iter_mut().flatten() {
            *error = reader.f32();
        }
        state.local_errors.known = [reader.u32(), reader.u32()];
        for alerts in [&mut state.alerts, &mut state.quick_alerts] {
            let last = (reader.i64(), reader.f32());
            *alerts = AlertMemory { last: Some(last).filter(|&(at, _)| at != i64::MIN), load: reader.f32() };
        }
        state.feedback = Feedback::from_parts(reader.f32(), reader.i64());
        for tail in state.tails.iter_mut() {
            for count in &mut tail.counts {
                *count = reader.f32();
            }
        }
        let recent = reader.u32() as usize;
        let slots = (history / 4).checked_sub(recent).filter(|&slots| recent <= RECENT && slots <= CAPACITY);
        let slots = slots.ok_or(StateError::Damaged("its length is impossible"))?;
        state.recent = (0..recent).map(|_| reader.f32()).collect();
        state.slots = (0..slots).map(|_| reader.f32()).collect();
        state.check()?;
        Ok(state)
    }

    /// What arithmetic could not have produced.
    fn check(&self) -> Result<(), StateError> {
        let alerted = [&self.alerts, &self.quick_alerts].map(|alerts| alerts.last);
        let times = [self.last_at, alerted[0].map(|(at, _)| at), alerted[1].map(|(at, _)| at), Some(self.head)];
        if times.into_iter().flatten().any(|at| !(0..=crate::calendar::LATEST).contains(&at)) {
            return Err(StateError::Damaged("a time is impossible"));
        }
        let amount = |number: &f32| number.is_finite() && *number >= 0.0;
        let clocks =
            self.clocks.iter().all(|clock| amount(&clock.weight) && clock.weight >= 1.0 && amount(&clock.total));
        let tails = self.tails.iter().flat_map(|tail| &tail.counts).all(amount);
        let surprises = alerted.into_iter().flatten().all(|(_, surprise)| surprise.is_finite());
        let loads = [&self.alerts.load, &self.quick_alerts.load];
        let errors = self.local_errors.long.iter().chain(&self.local_errors.short).flatten();
        if !clocks || !tails || !surprises || !self.rhythm_error.iter().chain(loads).chain(errors).all(amount) {
            return Err(StateError::Damaged("a number is impossible"));
        }
        if !self.open_sum.is_finite() || self.slots.iter().chain(&self.recent).any(|value| value.is_infinite()) {
            return Err(StateError::Damaged("its history is impossible"));
        }
        Ok(())
    }
}

/// Reads numbers off the front; zeros past the end, which the length check above rules out.
struct Reader<'b> {
    rest: &'b [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                *head
            }
            None => [0; N],
        }
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn i64(&mut self) -> i64 {
        i64::from_le_bytes(self.take())
    }

    fn f32(&mut self) -> f32 {
        f32::from_le_bytes(self.take())
    }

    fn f64(&mut self) -> f64 {
        f64::from_le_bytes(self.take())
    }
}
