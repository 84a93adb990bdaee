//! The stores and the publisher through the real clients, with AWS's answers mocked. One binary, linked once.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

mod alert_groups;
mod audit;
mod config;
mod incidents;
mod inventory;
mod models;
mod notifications;
mod publisher;
mod remediations;
mod retry;
mod routing;
mod scopes;
mod series;
mod silences;
mod writers;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

type Item = HashMap<String, AttributeValue>;

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
