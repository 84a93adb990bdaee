//! The decisions, on realistic examples. One binary, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod alert;
mod audit;
mod catalogue;
mod channels;
mod coverage;
mod diagnosis;
mod envelope;
mod escalation;
mod maintenance;
mod onboarding;
mod remediation;
mod remediation_histories;
mod routing;
mod scenarios;
mod tokens;
