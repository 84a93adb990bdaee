//! The alert-groups table: groups on their way, the alerts in them, and what was told.
//!
//! One partition per group holds its header (`#group`), what was told (`#told`) and an item per alert (`alert#…`). Alerts
//! arrive in any number at once and never wait for each other: each writes its own item and counts up `arrivals` of the
//! header. Who looks at a group holds a lease, and settles on the condition that nobody has arrived since.

mod channels;
mod claims;
mod due;
mod members;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::StoreError;
use super::condition::unless_refused;

type Item = HashMap<String, AttributeValue>;

/// How long an item outlives the last word about it.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);
const HEADER: &str = "#group";
const TOLD: &str = "#told";
const THREAD: &str = "#thread";
const MEMBER: &str = "alert#";
/// The partition of the index that holds what is due.
const SHARD: &str = "due";
/// The partition of the alerts that may inhibit others.
const ACTIVE: &str = "#active";

/// Reads and writes groups.
#[derive(Debug, Clone)]
pub struct AlertGroupStore {
    client: Client,
    table: String,
}

/// A channel that the other side has closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    pub destination: String,
    pub since: Timestamp,
    pub because: String,
}

impl AlertGroupStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    fn update(&self, group: &str, item: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(group.to_owned()))
            .key("item", AttributeValue::S(item.to_owned()))
    }

    fn json<T: serde::Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::item(&self.table, error))
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::item(&self.table, error))
    }
}

fn text<'a>(item: Option<&'a Item>, name: &str) -> Option<&'a str> {
    item?.get(name)?.as_s().ok().map(String::as_str)
}

fn instant(item: Option<&Item>, name: &str) -> Option<Timestamp> {
    text(item, name)?.parse().ok()
}

fn count(item: Option<&Item>, name: &str) -> u64 {
    item.and_then(|item| item.get(name)?.as_n().ok()?.parse().ok()).unwrap_or(0)
}

fn second(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn expires(now: Timestamp) -> AttributeValue {
    second(now + RETENTION)
}
