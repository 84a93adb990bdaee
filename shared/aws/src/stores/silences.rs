//! The silences table: one item per silence, gone a while after its end.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::builders::ScanFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::SilenceId;
use nightjar_domain::routing::Silence;

use super::StoreError;
use super::condition::unless_refused;

/// How long a silence can be looked up after its end.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Reads and writes silences.
#[derive(Debug, Clone)]
pub struct SilenceStore {
    client: Client,
    table: String,
}

impl SilenceStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Every silence that is kept, ended ones included.
    pub async fn all(&self) -> Result<Vec<Silence>, StoreError> {
        self.read(self.client.scan()).await
    }

    /// Silences that have ended, and whose end has not been announced.
    pub async fn ended(&self, now: Timestamp) -> Result<Vec<Silence>, StoreError> {
        let mut silences =
            self.read(self.client.scan().filter_expression("attribute_not_exists(announced_at)")).await?;
        silences.retain(|silence| silence.ends_at <= now);
        Ok(silences)
    }

    /// Notes that all that a silence held back has been woken. Doing so twice changes nothing.
    pub async fn announced(&self, id: &SilenceId, now: Timestamp) -> Result<(), StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("SET announced_at = if_not_exists(announced_at, :now)")
            .condition_expression("attribute_exists(id)")
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .send()
            .await;
        // Where there is none, it expired in the meantime.
        unless_refused(&self.table, written).map(drop)
    }

    async fn read(&self, scan: ScanFluentBuilder) -> Result<Vec<Silence>, StoreError> {
        let mut pages = scan.table_name(&self.table).consistent_read(true).into_paginator().items().send();
        let mut silences = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            let json = item.get("silence").and_then(|value| value.as_s().ok());
            let json = json.ok_or_else(|| StoreError::item(&self.table, "an item without silence"))?;
            let mut silence: Silence =
                serde_json::from_str(json).map_err(|error| StoreError::item(&self.table, error))?;
            if let Some(ended) = item.get("ended_at").and_then(|value| value.as_s().ok()?.parse().ok()) {
                silence.ends_at = silence.ends_at.min(ended);
            }
            silences.push(silence);
        }
        silences.sort_by_key(|silence| silence.ends_at);
        Ok(silences)
    }

    /// Keeps a silence. One that is there already stays as it is: the same request twice does not revive what was ended.
    pub async fn put(&self, silence: &Silence) -> Result<(), StoreError> {
        let json = serde_json::to_string(silence).map_err(|error| StoreError::item(&self.table, error))?;
        let expires_at = silence.ends_at.as_second() + RETENTION.as_secs();
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(silence.id.to_string()))
            .item("silence", AttributeValue::S(json))
            .item("expires_at", AttributeValue::N(expires_at.to_string()))
            .condition_expression("attribute_not_exists(id)")
            .send()
            .await;
        unless_refused(&self.table, written).map(drop)
    }

    /// Ends a silence now. `false`: there is none with this id.
    pub async fn expire(&self, id: &SilenceId, now: Timestamp) -> Result<bool, StoreError> {
        let ended = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("SET ended_at = if_not_exists(ended_at, :now)")
            .condition_expression("attribute_exists(id)")
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .send()
            .await;
        Ok(unless_refused(&self.table, ended)?.is_some())
    }
}
