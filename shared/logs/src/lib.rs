//! From log lines to what changed: [`event`] joins lines, [`record`] reads one event, [`miner`] groups events by template,
//! [`windows`] counts an incident beside its baseline, and [`compare`] says what is suspicious.
//!
//! Pure: no files, no clock, no randomness. The same lines in the same order give the same result.

pub mod compare;
pub mod event;
pub mod header;
pub mod level;
mod mask;
mod merge;
pub mod miner;
pub mod record;
pub mod stats;
mod timestamp;
mod token;
pub mod windows;

pub use compare::{Counted, Pattern, PatternKind, WindowCounts, compare};
pub use event::{Event, Joiner, events};
pub use header::{Header, HeaderModel};
pub use level::Level;
pub use mask::fixed_parts;
pub use miner::{Miner, MinerOptions, TemplateId};
pub use record::Record;
pub use windows::{Comparison, Exposure, Side, Windows};
