//! The API as API Gateway calls it: its events in, HTTP answers out, DynamoDB mocked behind the real client.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which may stop the test")]

mod access;
mod approvals;
mod audit_log;
mod calls;
mod coverage;
mod deeds;
mod feedback;
mod idempotency;
mod lists;
mod openapi;
mod page;
mod products;
mod reading;
mod refusals;
mod security;
mod silences;
mod single_events;
mod support;
mod thresholds;
mod undo;
