//! The remediations table: a claim per incident, and a cooldown per resource.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::remediation::{Announcement, Claim, ClaimState};

use super::StoreError;

/// Longer than any redelivery, and long enough for a post-mortem.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);

/// How a claim ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Claimed {
    /// The claim is ours: act.
    Won,
    /// This incident was claimed before.
    Taken(Box<Claim>),
    /// Another incident's action holds the resource until then.
    CoolingDown { until: Timestamp },
}

/// Whose word is stored after a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Replaced {
    Ours(Claim),
    /// Another delivery was faster; this is what it stored.
    Theirs(Claim),
}

/// Claims, settles and reads remediations.
#[derive(Debug, Clone)]
pub struct RemediationStore {
    client: Client,
    table: String,
}

impl RemediationStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Stores `claim` if its incident has none yet. With `cooldown_until`, the resource's cooldown starts in the same
    /// transaction, on the condition that none is running: two incidents can never act on one resource at once.
    pub async fn claim(&self, claim: &Claim, cooldown_until: Option<Timestamp>) -> Result<Claimed, StoreError> {
        let mut writes = vec![self.put_claim(claim)?];
        if let Some(until) = cooldown_until {
            writes.push(self.start_cooldown(claim, until)?);
        }
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Claimed::Won),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => {
                    if let Some(taken) = self.get(&claim.incident).await? {
                        return Ok(Claimed::Taken(Box::new(taken)));
                    }
                    match self.cooldown_until(&claim.resource_arn).await? {
                        Some(until) if until > claim.claimed_at => Ok(Claimed::CoolingDown { until }),
                        // Cancelled for another reason, such as a conflict with a write at the same moment.
                        _ => Err(StoreError::request(&self.table, &error)),
                    }
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    pub async fn get(&self, incident: &IncidentId) -> Result<Option<Claim>, StoreError> {
        let Some(mut item) = self.item(&claim_key(incident)).await? else { return Ok(None) };
        match item.remove("claim") {
            Some(AttributeValue::S(text)) => {
                serde_json::from_str(&text).map(Some).map_err(|error| StoreError::item(&self.table, error))
            }
            _ => Err(StoreError::item(&self.table, "the attribute claim is missing")),
        }
    }

    /// Until when the resource is left alone, if an action was ever taken on it.
    pub async fn cooldown_until(&self, arn: &str) -> Result<Option<Timestamp>, StoreError> {
        let item = self.item(&resource_key(arn)).await?;
        let seconds = item.and_then(|item| item.get("cooldown_until")?.as_n().ok()?.parse().ok());
        Ok(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()))
    }

    /// Settles `claim` and returns what is stored then: when another delivery settled it first, that one's word stands.
    pub async fn settle(&self, claim: &Claim, state: ClaimState, now: Timestamp) -> Result<Claim, StoreError> {
        let settled = Claim { state, settled_at: Some(now), ..claim.clone() };
        match self.replace(claim, settled).await? {
            Replaced::Ours(claim) | Replaced::Theirs(claim) => Ok(claim),
        }
    }

    /// Notes how far telling people has come; `Theirs` when another delivery was faster.
    pub async fn announce(&self, claim: &Claim, announcement: Announcement) -> Result<Replaced, StoreError> {
        self.replace(claim, Claim { announcement, ..claim.clone() }).await
    }

    /// Replaces `before` by `after`, unless `before` is no longer what is stored.
    async fn replace(&self, before: &Claim, after: Claim) -> Result<Replaced, StoreError> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(claim_key(&before.incident)))
            .update_expression("SET claim = :after")
            .condition_expression("claim = :before")
            .expression_attribute_values(":before", self.json(before)?)
            .expression_attribute_values(":after", self.json(&after)?)
            .send()
            .await;
        match written {
            Ok(_) => Ok(Replaced::Ours(after)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => {
                    self.get(&before.incident).await?.map(Replaced::Theirs).ok_or_else(|| {
                        StoreError::item(&self.table, format!("the claim of {} vanished", before.incident))
                    })
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    async fn item(&self, id: &str) -> Result<Option<std::collections::HashMap<String, AttributeValue>>, StoreError> {
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

    fn put_claim(&self, claim: &Claim) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", AttributeValue::S(claim_key(&claim.incident)))
            .item("claim", self.json(claim)?)
            .item("expires_at", AttributeValue::N((claim.claimed_at.as_second() + RETENTION.as_secs()).to_string()))
            .condition_expression("attribute_not_exists(id)")
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn start_cooldown(&self, claim: &Claim, until: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("id", AttributeValue::S(resource_key(&claim.resource_arn)))
            .update_expression("SET cooldown_until = :until, expires_at = :expires")
            .condition_expression("attribute_not_exists(cooldown_until) OR cooldown_until <= :now")
            .expression_attribute_values(":until", AttributeValue::N(until.as_second().to_string()))
            .expression_attribute_values(":now", AttributeValue::N(claim.claimed_at.as_second().to_string()))
            .expression_attribute_values(
                ":expires",
                AttributeValue::N((until.as_second() + RETENTION.as_secs()).to_string()),
            )
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn json(&self, claim: &Claim) -> Result<AttributeValue, StoreError> {
        serde_json::to_string(claim).map(AttributeValue::S).map_err(|error| StoreError::item(&self.table, error))
    }
}

fn claim_key(incident: &IncidentId) -> String {
    format!("claim#{incident}")
}

fn resource_key(arn: &str) -> String {
    format!("resource#{arn}")
}
