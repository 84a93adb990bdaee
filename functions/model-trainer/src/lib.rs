//! Trains a model for each metric and for the account from 14 days of history, and promotes what is no worse than the one in use.
//!
//! History ends at midnight UTC, so that every delivery of a day's event sees the same data: what was decided on them is not decided
//! again, only told again where the telling may have failed. An artifact is stored before the pointer moves; one that no pointer
//! took up expires.

pub mod context;
pub mod handler;
pub mod history;
pub mod sample;
pub mod settings;
