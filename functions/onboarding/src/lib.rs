//! Finds tagged resources, keeps the inventory of what is watched, and the alarms that watch it.
//!
//! Runs on a schedule and when an instance's state or a resource's tags change; each run looks at everything, so a lost event
//! is made good by the next run.

pub mod alarms;
pub mod command;
pub mod configuration;
pub mod context;
pub mod coverage;
pub mod digest;
pub mod discovery;
pub mod filters;
pub mod handler;
pub mod products;
pub mod scopes;
pub mod settings;
pub mod signed;
pub mod sources;
