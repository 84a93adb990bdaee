//! Tells people what happened: each incident and remediation outcome once per channel.
//!
//! - [`settings`]: what the environment says, all problems at once;
//! - [`context`]: the clients, built once;
//! - [`alert`]: one message of the topic, read;
//! - [`channels`]: what each channel posts;
//! - [`http`]: posting it, and what an answer means;
//! - [`handler`]: parse → load → decide → save → publish.

pub mod alert;
pub mod channels;
pub mod context;
pub mod error;
pub mod handler;
pub mod http;
pub mod settings;
