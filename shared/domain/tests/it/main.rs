//! The decisions, on realistic examples. One binary, so that it is linked once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed, which is its purpose")]

mod alarm;
mod alert;
mod audit;
mod catalogue;
mod channels;
mod composites;
mod coverage;
mod diagnosis;
mod envelope;
mod escalation;
mod log_watch;
mod maintenance;
mod onboarding;
mod record;
mod recovery;
mod remediation;
mod routing;
mod scenarios;
mod second_look;
mod thresholds;
mod tokens;
mod world;
