//! The audit table: the chains, each under its name, and one marker per fact.

mod append;
mod list;
mod walk;

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use jiff::Timestamp;
use nightjar_domain::audit::{AuditEntry, ChainHead, ChainId, Tip};

pub use list::{AuditFilter, AuditPage, Position};

use super::StoreError;

type Item = HashMap<String, AttributeValue>;

/// Appends to and reads the audit trail.
#[derive(Debug, Clone)]
pub struct AuditStore {
    client: Client,
    table: String,
}

/// The end of a chain.
struct Newest {
    tip: Tip,
    /// When it was recorded, by its fact.
    at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

/// Which way a chain is read.
#[derive(Clone, Copy)]
enum Reading {
    /// Oldest first, the entries after this number.
    After(u64),
    /// Newest first, the entries before this number; `None` for all.
    Before(Option<u64>),
}

impl AuditStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The ends of all chains that have entries, with the time of their newest fact.
    pub async fn heads(&self) -> Result<Vec<(ChainHead, Timestamp)>, StoreError> {
        let newest =
            try_join_all(ChainId::all().map(|chain| async move { Ok((chain, self.newest(chain).await?)) })).await?;
        let head = |(chain, Newest { tip, at, .. }): (ChainId, Newest)| {
            Some((ChainHead { chain: chain.name(), seq: tip.seq, hash: tip.hash }, at?))
        };
        Ok(newest.into_iter().filter_map(head).collect())
    }

    async fn newest(&self, chain: ChainId) -> Result<Newest, StoreError> {
        match self.query(chain, Reading::Before(None), 1).await?.first() {
            None => Ok(Newest { tip: Tip::genesis(), at: None, expires_at: None }),
            Some(item) => {
                let entry = self.entry(item)?;
                Ok(Newest { tip: entry.tip(), at: Some(entry.fact.at), expires_at: expires_at(item) })
            }
        }
    }

    async fn query(&self, chain: ChainId, reading: Reading, limit: i32) -> Result<Vec<Item>, StoreError> {
        let (condition, bound, forward) = match reading {
            Reading::After(seq) => ("chain = :chain AND seq > :seq", Some(seq), true),
            Reading::Before(Some(seq)) => ("chain = :chain AND seq < :seq", Some(seq), false),
            Reading::Before(None) => ("chain = :chain", None, false),
        };
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(condition)
            .expression_attribute_values(":chain", AttributeValue::S(chain.name()))
            .scan_index_forward(forward)
            .limit(limit)
            .consistent_read(true);
        if let Some(seq) = bound {
            query = query.expression_attribute_values(":seq", AttributeValue::N(seq.to_string()));
        }
        let answer = query.send().await.map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(answer.items.unwrap_or_default())
    }

    fn entry(&self, item: &Item) -> Result<AuditEntry, StoreError> {
        let text = text_of(item).ok_or_else(|| StoreError::item(&self.table, "the attribute entry is missing"))?;
        serde_json::from_str(text).map_err(|error| StoreError::item(&self.table, error))
    }
}

fn text_of(item: &Item) -> Option<&str> {
    item.get("entry")?.as_s().ok().map(String::as_str)
}

fn seq_of(item: &Item) -> Option<u64> {
    item.get("seq")?.as_n().ok()?.parse().ok()
}

/// DynamoDB deletes what has expired within days, in no order. Readers leave it out at once, so that a chain ends at one place.
fn has_expired(item: &Item, now: Timestamp) -> bool {
    expires_at(item).is_some_and(|end| end <= now)
}

fn expires_at(item: &Item) -> Option<Timestamp> {
    Timestamp::from_second(item.get("expires_at")?.as_n().ok()?.parse().ok()?).ok()
}
