//! The series table: the detector's small state per series.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::metric::SeriesId;
use nightjar_domain::recovery::Calm;

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

/// One item: the encoded state, what people said of the series, and the version that guards both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesItem {
    pub state: Vec<u8>,
    /// JSON, beside the state and not only inside it: it outlives a state that has to be learnt anew, and the API changes it
    /// without knowing a state's form.
    pub feedback: Option<String>,
    /// How long the series has been within its expected range; `None` while it is not.
    pub calm: Option<Calm>,
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
        let feedback = item.get("feedback").and_then(|v| v.as_s().ok()).cloned();
        let calm = item.get("calm").cloned().map(serde_dynamo::from_attribute_value).transpose();
        let calm = calm.map_err(|error| StoreError::item(&self.table, error))?;
        Ok((id.clone(), SeriesItem { state: state.as_ref().to_vec(), feedback, calm, version }))
    }

    pub async fn get(&self, series: &SeriesId) -> Result<Option<SeriesItem>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("series", AttributeValue::S(series.as_str().to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.item.map(|item| Ok(self.item(&item)?.1)).transpose()
    }

    /// Writes `after` over the version that it carries, which is the one it was loaded at (0 for a new series), and counts it up. Returns `false` when somebody was faster: another run,
    /// whose state holds the same datapoints, or a person's feedback, after which the next run judges them again.
    pub async fn save(&self, series: &SeriesId, after: SeriesItem, now: Timestamp) -> Result<bool, StoreError> {
        let before = after.version;
        let expires_at = now.as_second() + RETENTION.as_secs();
        let mut put = self.client.put_item();
        if let Some(feedback) = after.feedback {
            put = put.item("feedback", AttributeValue::S(feedback));
        }
        if let Some(calm) = after.calm {
            let calm = serde_dynamo::to_attribute_value(calm).map_err(|error| StoreError::item(&self.table, error))?;
            put = put.item("calm", calm);
        }
        let written = put
            .table_name(&self.table)
            .item("series", AttributeValue::S(series.as_str().to_owned()))
            .item("state", AttributeValue::B(Blob::new(after.state)))
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
