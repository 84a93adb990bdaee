//! The series table: the detector's small state per series.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::metric::SeriesId;

use super::StoreError;
use crate::retry::Failure;

/// `BatchGetItem` takes 100 keys.
const KEYS_PER_BATCH: usize = 100;
/// Rounds in a row that may bring nothing while keys are handed back unread, and the pause before the next one, which
/// doubles each time.
const IDLE_ROUNDS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(25);
/// A series that brings no datapoint for this long is forgotten.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 45);

/// One item: the encoded state, and the version that guards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesItem {
    pub state: Vec<u8>,
    pub version: u64,
}

/// Reads and writes series states.
#[derive(Debug, Clone)]
pub struct SeriesStore {
    client: Client,
    table: String,
}

impl SeriesStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The states of `series` that exist.
    pub async fn load(&self, series: &[SeriesId]) -> Result<HashMap<String, SeriesItem>, StoreError> {
        let mut found = HashMap::with_capacity(series.len());
        // DynamoDB refuses a batch that names a key twice.
        let distinct: Vec<&SeriesId> = series.iter().collect::<BTreeSet<_>>().into_iter().collect();
        for chunk in distinct.chunks(KEYS_PER_BATCH) {
            self.load_batch(self.keys(chunk)?, &mut found).await?;
        }
        Ok(found)
    }

    async fn load_batch(
        &self,
        keys: KeysAndAttributes,
        found: &mut HashMap<String, SeriesItem>,
    ) -> Result<(), StoreError> {
        let mut idle = 0;
        let mut next = Some(keys);
        while let Some(keys) = next.take() {
            let asked = keys.keys().len();
            let answer = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .send()
                .await
                .map_err(|error| StoreError::request(&self.table, &error))?;
            for item in answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default() {
                let (id, item) = self.item(&item)?;
                found.insert(id, item);
            }
            // DynamoDB hands back what it did not get to: above 16 MB at once, or when it is busy.
            next = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
            if let Some(keys) = &next {
                idle = if keys.keys().len() < asked { 0 } else { idle + 1 };
                if idle == IDLE_ROUNDS {
                    let problem = format!("it is throttled: {} keys were handed back unread", keys.keys().len());
                    return Err(StoreError::Request {
                        table: self.table.clone(),
                        problem,
                        failure: Failure::Throttled,
                    });
                }
                tokio::time::sleep(PAUSE * 2_u32.pow(idle)).await;
            }
        }
        Ok(())
    }

    fn keys(&self, series: &[&SeriesId]) -> Result<KeysAndAttributes, StoreError> {
        let keys = series
            .iter()
            .map(|id| HashMap::from([("series".to_owned(), AttributeValue::S(id.as_str().to_owned()))]))
            .collect();
        KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|error| StoreError::item(&self.table, error))
    }

    fn item(&self, item: &HashMap<String, AttributeValue>) -> Result<(String, SeriesItem), StoreError> {
        let missing =
            |name: &str| StoreError::item(&self.table, format!("the attribute {name} is missing or malformed"));
        let id = item.get("series").and_then(|v| v.as_s().ok()).ok_or_else(|| missing("series"))?;
        let state = item.get("state").and_then(|v| v.as_b().ok()).ok_or_else(|| missing("state"))?;
        let version =
            item.get("version").and_then(|v| v.as_n().ok()?.parse().ok()).ok_or_else(|| missing("version"))?;
        Ok((id.clone(), SeriesItem { state: state.as_ref().to_vec(), version }))
    }

    /// Writes the state that follows version `before` (0 for a new series). Returns `false` when another run was
    /// faster: its state stands, and holds the same datapoints.
    pub async fn save(
        &self,
        series: &SeriesId,
        state: Vec<u8>,
        before: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let expires_at = now.as_second() + RETENTION.as_secs();
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("series", AttributeValue::S(series.as_str().to_owned()))
            .item("state", AttributeValue::B(Blob::new(state)))
            .item("version", AttributeValue::N((before + 1).to_string()))
            .item("updated_at", AttributeValue::S(now.to_string()))
            .item("expires_at", AttributeValue::N(expires_at.to_string()))
            .condition_expression("attribute_not_exists(series) OR #version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", AttributeValue::N(before.to_string()))
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
