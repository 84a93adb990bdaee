//! The function behind its edge: events in, posts and records out. One binary, so that it is linked once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod answers;
mod delivery;
mod interleavings;
mod reading;
mod secrets;
mod settings;
mod slack_app;
mod smtp;
mod store;
mod storm;
mod support;
