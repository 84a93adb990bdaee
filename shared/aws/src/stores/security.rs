//! The security table: which events were judged, what is remembered of each principal, and how far the sweep has come.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, KeysAndAttributes, Put, TransactWriteItem};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::FactId;

use super::StoreError;
use super::condition::unless_refused;

/// An event can come out of a dead-letter queue 14 days later.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(24 * 15);
/// A principal that does nothing for so long is forgotten; habits are remembered for 90 days.
const MEMORY_KEPT: SignedDuration = SignedDuration::from_hours(24 * 100);
/// `BatchGetItem` takes 100 keys.
const KEYS_PER_BATCH: usize = 100;
/// `TransactWriteItems` takes 100 writes, of which some are memories.
pub const EVENTS_PER_COMMIT: usize = 90;
/// DynamoDB takes keys of 2,048 bytes; a longer name than this is told apart by its hash.
const LONGEST_NAME: usize = 512;
const SWEEP: &str = "sweep";

/// What is stored of a principal or an account, and the version that guards it: 0 for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    pub state: Vec<u8>,
    pub version: u64,
}

/// Whose memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemoryKey {
    /// An account and a principal in it.
    Principal(String),
    Account(String),
}

impl MemoryKey {
    fn id(&self) -> String {
        match self {
            Self::Principal(name) => format!("principal#{}", shortened(name)),
            Self::Account(name) => format!("account#{}", shortened(name)),
        }
    }
}

/// How a commit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    Done,
    /// These events were judged before; nothing was written.
    Known(BTreeSet<String>),
    /// Somebody wrote one of the memories since it was loaded; nothing was written.
    Contended,
}

/// Reads and writes what the security monitor remembers.
#[derive(Debug, Clone)]
pub struct SecurityStore {
    client: Client,
    table: String,
}

impl SecurityStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub async fn load(&self, key: &MemoryKey) -> Result<Remembered, StoreError> {
        let Some(mut item) = self.item(&key.id()).await? else { return Ok(Remembered::default()) };
        let missing = |name: &str| StoreError::item(&self.table, format!("{name} of {} is missing", key.id()));
        let version = number(&item, "version").ok_or_else(|| missing("version"))?;
        match item.remove("state") {
            Some(AttributeValue::B(state)) => Ok(Remembered { state: state.into_inner(), version }),
            _ => Err(missing("state")),
        }
    }

    /// Writes the memories over the versions they carry, and that `events` were judged: all of it or nothing. At most
    /// [`EVENTS_PER_COMMIT`] events.
    pub async fn commit(
        &self,
        memories: &[(MemoryKey, Remembered)],
        events: &[String],
        now: Timestamp,
    ) -> Result<Commit, StoreError> {
        let mut writes = Vec::with_capacity(memories.len() + events.len());
        for (key, remembered) in memories {
            writes.push(self.put_memory(key, remembered, now)?);
        }
        for event in events {
            writes.push(self.put_event(event, now)?);
        }
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Commit::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    let refused = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
                    let of_events = reasons.get(memories.len()..).unwrap_or_default();
                    let known: BTreeSet<String> = of_events
                        .iter()
                        .zip(events)
                        .filter(|(reason, _)| refused(reason))
                        .map(|(_, event)| event.clone())
                        .collect();
                    if !known.is_empty() {
                        return Ok(Commit::Known(known));
                    }
                    let conflict = |reason: &CancellationReason| reason.code() == Some("TransactionConflict");
                    if reasons.iter().any(|reason| refused(reason) || conflict(reason)) {
                        return Ok(Commit::Contended);
                    }
                    Err(StoreError::request(&self.table, &error))
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => Ok(Commit::Contended),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Which of `events` were judged before. One that DynamoDB did not get to counts as new: a commit finds out.
    pub async fn known(&self, events: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let mut known = BTreeSet::new();
        for batch in events.chunks(KEYS_PER_BATCH) {
            let by_key: HashMap<String, &String> = batch.iter().map(|event| (event_key(event), event)).collect();
            let keys = by_key.keys().map(|key| [("id".to_owned(), AttributeValue::S(key.clone()))].into()).collect();
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .projection_expression("id")
                .build()
                .map_err(|error| StoreError::item(&self.table, error))?;
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .send()
                .await
                .map_err(|error| StoreError::request(&self.table, &error))?;
            let found = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
            let ids = found.iter().filter_map(|item| item.get("id")?.as_s().ok());
            known.extend(ids.filter_map(|id| by_key.get(id)).map(|event| (*event).clone()));
        }
        Ok(known)
    }

    /// Until when the account's history was swept; `None` before the first sweep.
    pub async fn swept_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let Some(item) = self.item(SWEEP).await? else { return Ok(None) };
        let until = item.get("swept_until").and_then(|value| value.as_s().ok()?.parse().ok());
        until.map(Some).ok_or_else(|| StoreError::item(&self.table, "swept_until is missing or no instant"))
    }

    /// Notes that the history was swept until `until`; an earlier instant than the noted one changes nothing.
    pub async fn note_swept(&self, until: Timestamp) -> Result<(), StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(SWEEP.to_owned()))
            .update_expression("SET swept_until = :until")
            .condition_expression("attribute_not_exists(swept_until) OR swept_until < :until")
            .expression_attribute_values(":until", AttributeValue::S(until.to_string()))
            .send()
            .await;
        unless_refused(&self.table, written).map(drop)
    }

    async fn item(&self, id: &str) -> Result<Option<HashMap<String, AttributeValue>>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(answer.item)
    }

    fn put_memory(
        &self,
        key: &MemoryKey,
        remembered: &Remembered,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let condition = if remembered.version == 0 { "attribute_not_exists(id)" } else { "#version = :before" };
        let mut put = Put::builder()
            .table_name(&self.table)
            .item("id", AttributeValue::S(key.id()))
            .item("state", AttributeValue::B(Blob::new(remembered.state.clone())))
            .item("version", AttributeValue::N((remembered.version + 1).to_string()))
            .item("updated_at", AttributeValue::S(now.to_string()))
            .item("expires_at", expiry(now, MEMORY_KEPT))
            .condition_expression(condition);
        if remembered.version > 0 {
            put = put
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", AttributeValue::N(remembered.version.to_string()));
        }
        self.write(put.build())
    }

    fn put_event(&self, event: &str, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", AttributeValue::S(event_key(event)))
            .item("expires_at", expiry(now, EVENTS_KEPT))
            .condition_expression("attribute_not_exists(id)");
        self.write(put.build())
    }

    fn write(
        &self,
        put: Result<Put, aws_smithy_types::error::operation::BuildError>,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = put.map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn event_key(event: &str) -> String {
    format!("event#{}", shortened(event))
}

fn shortened(name: &str) -> String {
    if name.len() <= LONGEST_NAME { name.to_owned() } else { FactId::derive(&[name]).to_string() }
}

fn expiry(now: Timestamp, kept: SignedDuration) -> AttributeValue {
    AttributeValue::N((now.as_second() + kept.as_secs()).to_string())
}

fn number(item: &HashMap<String, AttributeValue>, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
