//! From anomalies, alarms and log lines to incidents and their end, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod handler;
mod lifecycle;
mod memory;
