//! Finds tagged resources and keeps the inventory of what is watched.
//!
//! Runs on a schedule and at every change of an instance's state; each run looks at everything, so a lost event is
//! made good by the next run.

pub mod context;
pub mod discovery;
pub mod handler;
pub mod settings;
