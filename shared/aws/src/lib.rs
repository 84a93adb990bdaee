//! Nightjar's edge to AWS: what every function needs before and after its decision.

pub mod clients;
pub mod clock;
pub mod config;
pub mod envelope;
pub mod lambda;
pub mod retry;
pub mod scopes;
pub mod settings;
pub mod signing;
pub mod stores;
pub mod telemetry;
