//! The engine as Lambda calls it, with AWS mocked behind the real clients.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod attacks;
mod handler;
mod steps;
mod support;
mod symptoms;
