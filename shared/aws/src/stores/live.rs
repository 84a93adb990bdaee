//! The live table: who is connected, and what was told lately. Both end by themselves.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use super::StoreError;

type Item = HashMap<String, AttributeValue>;

const CONNECTION: &str = "connection";
const DELTA: &str = "delta";
/// API Gateway ends a connection after two hours.
const LONGEST_CONNECTION: SignedDuration = SignedDuration::from_hours(2);
/// How long a delta can be caught up with.
pub const DELTAS_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// An open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// API Gateway's id.
    pub id: String,
    /// Whose it is.
    pub who: String,
    /// The end of the token that it was opened with.
    pub until: Timestamp,
}

/// What was told at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta {
    /// Sorts by time.
    pub cursor: String,
    /// JSON.
    pub content: String,
}

/// Reads and writes the live table.
#[derive(Debug, Clone)]
pub struct LiveStore {
    client: Client,
    table: String,
}

impl LiveStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub async fn put_connection(&self, connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
        let expires_at = now.as_second() + LONGEST_CONNECTION.as_secs();
        let mut item = self.key(CONNECTION, &connection.id);
        item.insert("who".to_owned(), AttributeValue::S(connection.who.clone()));
        item.insert("until".to_owned(), AttributeValue::N(connection.until.as_second().to_string()));
        self.put(item, expires_at).await
    }

    pub async fn remove_connection(&self, id: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(self.key(CONNECTION, id)))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    /// Everyone who is connected.
    pub async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let items = self.query(CONNECTION, "").await?;
        items.into_iter().map(|item| self.connection(&item)).collect()
    }

    pub async fn put_delta(&self, delta: &Delta, now: Timestamp) -> Result<(), StoreError> {
        let mut item = self.key(DELTA, &delta.cursor);
        item.insert("content".to_owned(), AttributeValue::S(delta.content.clone()));
        self.put(item, now.as_second() + DELTAS_KEPT.as_secs()).await
    }

    /// What was told after `cursor`, oldest first.
    pub async fn deltas_after(&self, cursor: &str) -> Result<Vec<Delta>, StoreError> {
        let items = self.query(DELTA, cursor).await?;
        let read = |item: Item| Ok(Delta { cursor: self.text(&item, "id")?, content: self.text(&item, "content")? });
        items.into_iter().map(read).collect()
    }

    async fn put(&self, mut item: Item, expires_at: i64) -> Result<(), StoreError> {
        item.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    async fn query(&self, kind: &str, after: &str) -> Result<Vec<Item>, StoreError> {
        // A key is never empty, and a space sorts before everything that is one.
        let after = if after.is_empty() { " " } else { after };
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("kind = :kind AND id > :after")
            .expression_attribute_values(":kind", AttributeValue::S(kind.to_owned()))
            .expression_attribute_values(":after", AttributeValue::S(after.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.map_err(|error| StoreError::request(&self.table, &error))?);
        }
        Ok(items)
    }

    #[allow(clippy::unused_self, reason = "beside the other readers of an item")]
    fn key(&self, kind: &str, id: &str) -> Item {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        Item::from([("kind".to_owned(), text(kind)), ("id".to_owned(), text(id))])
    }

    fn connection(&self, item: &Item) -> Result<Connection, StoreError> {
        let until = item.get("until").and_then(|value| value.as_n().ok()?.parse().ok());
        let until = until.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let until = until.ok_or_else(|| StoreError::item(&self.table, "a connection without an end"))?;
        Ok(Connection { id: self.text(item, "id")?, who: self.text(item, "who")?, until })
    }

    fn text(&self, item: &Item, name: &str) -> Result<String, StoreError> {
        let text = item.get(name).and_then(|value| value.as_s().ok()).cloned();
        text.ok_or_else(|| StoreError::item(&self.table, format!("the attribute {name} is missing or malformed")))
    }
}
