//! From anomalies, alarms and log lines to incidents and their end, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod ec2;
mod handler;
mod lifecycle;
mod memory;
mod windows;
