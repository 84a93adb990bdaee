//! Tells open pages what changes.
//!
//! Two kinds of events arrive ([`event`]): what happens on a WebSocket connection ([`socket`]), and what changed in the incidents
//! table ([`fanout`]). What is told is one of four frames ([`frame`]). Deltas are kept for an hour, so that whoever was away catches up.

pub mod context;
pub mod event;
pub mod fanout;
pub mod frame;
pub mod handler;
pub mod image;
pub mod keys;
pub mod post;
pub mod settings;
pub mod socket;
