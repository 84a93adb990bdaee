//! The log-watch table: the counts of each log group's last hours.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::log_watch::Watched;
use nightjar_domain::resource::LogSource;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// A group that nobody watches any more is forgotten after this.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 7);

/// One item: the counts, and the version that guards them (0 for a new group).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchedItem {
    pub watched: Watched,
    pub version: u64,
}

/// Reads and writes counts.
#[derive(Debug, Clone)]
pub struct LogWatchStore {
    client: Client,
    table: String,
}

impl LogWatchStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub async fn get(&self, source: &LogSource) -> Result<Option<WatchedItem>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("source", AttributeValue::S(key(source)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let read = |item| serde_dynamo::from_item(item).map_err(|error| StoreError::item(&self.table, error));
        answer.item.map(read).transpose()
    }

    /// Writes the counts over the version they were read at. `false`: another run was faster, and has counted the same lines.
    pub async fn save(&self, source: &LogSource, read: &WatchedItem, now: Timestamp) -> Result<bool, StoreError> {
        let watched =
            serde_dynamo::to_attribute_value(&read.watched).map_err(|error| StoreError::item(&self.table, error))?;
        let number = |number: String| AttributeValue::N(number);
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("source", AttributeValue::S(key(source)))
            .item("watched", watched)
            .item("version", number((read.version + 1).to_string()))
            .item("expires_at", number((now.as_second() + RETENTION.as_secs()).to_string()))
            .condition_expression("attribute_not_exists(#source) OR #version = :before")
            .expression_attribute_names("#source", "source")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", number(read.version.to_string()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }
}

/// A group's name has no blank.
fn key(source: &LogSource) -> String {
    match &source.stream_prefix {
        Some(prefix) => format!("{} {prefix}", source.group),
        None => source.group.clone(),
    }
}
