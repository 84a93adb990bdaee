//! What the API answered to requests that carry a key of their own: an item a request, in the table of what was told once already.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::idempotency::Known;

use super::StoreError;
use super::condition::unless_refused;

/// How long a key is known.
const RETENTION: SignedDuration = SignedDuration::from_hours(24);
/// Longer than the API works on a request, which is 29 seconds at most.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Claims requests and keeps their answers.
#[derive(Debug, Clone)]
pub struct AnswerStore {
    client: Client,
    table: String,
}

/// The right to answer a request, until the lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    id: String,
    /// When it was taken: a claim that was taken over is another one.
    claimed_at: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    Ours(Claim),
    /// Somebody else has it, or had it.
    Theirs(Known),
}

impl AnswerStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Takes the right to answer the request `id`, whose content is `fingerprint`. A claim that its function died with is taken over
    /// when its lease ends, for the same content.
    pub async fn claim_request(&self, id: &str, fingerprint: &str, now: Timestamp) -> Result<Claimed, StoreError> {
        let key = key(id);
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(key.clone()))
            .item("fingerprint", AttributeValue::S(fingerprint.to_owned()))
            .item("claimed_at", AttributeValue::S(now.to_string()))
            .item("lease_until", seconds_after(now, LEASE))
            .item("expires_at", seconds_after(now, RETENTION))
            .condition_expression(
                "attribute_not_exists(id) OR expires_at <= :now OR \
                 (attribute_not_exists(answer) AND lease_until <= :now AND fingerprint = :fingerprint)",
            )
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .expression_attribute_values(":fingerprint", AttributeValue::S(fingerprint.to_owned()))
            .send()
            .await;
        if unless_refused(&self.table, written)?.is_some() {
            return Ok(Claimed::Ours(Claim { id: key, claimed_at: now }));
        }
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        // Given back in between: whoever asks again may have it.
        let item = found.item.unwrap_or_default();
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Ok(Claimed::Theirs(Known { fingerprint: text("fingerprint"), answer: text("answer") }))
    }

    /// Keeps the answer of a claim that is still ours; another's is left alone.
    pub async fn keep_answer(&self, claim: &Claim, answer: &str) -> Result<(), StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(claim.id.clone()))
            .update_expression("SET answer = :answer REMOVE lease_until")
            .condition_expression("claimed_at = :claimed_at AND attribute_not_exists(answer)")
            .expression_attribute_values(":answer", AttributeValue::S(answer.to_owned()))
            .expression_attribute_values(":claimed_at", AttributeValue::S(claim.claimed_at.to_string()))
            .send()
            .await;
        unless_refused(&self.table, written).map(|_| ())
    }

    /// Gives a claim back, so that the request may be made again at once.
    pub async fn release_request(&self, claim: &Claim) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(claim.id.clone()))
            .condition_expression("claimed_at = :claimed_at AND attribute_not_exists(answer)")
            .expression_attribute_values(":claimed_at", AttributeValue::S(claim.claimed_at.to_string()))
            .send()
            .await;
        unless_refused(&self.table, deleted).map(|_| ())
    }
}

/// Apart from the notices that the table holds as well.
fn key(id: &str) -> String {
    format!("request#{id}")
}

fn seconds_after(at: Timestamp, duration: SignedDuration) -> AttributeValue {
    AttributeValue::N((at.as_second() + duration.as_secs()).to_string())
}
