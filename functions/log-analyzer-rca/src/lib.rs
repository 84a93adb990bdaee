//! Turns an anomaly into an incident with evidence from the logs, and escalates it.

mod alarms;
pub mod context;
pub mod gather;
pub mod handler;
mod place;
mod publish;
pub mod settings;
mod settle;
mod watch;
