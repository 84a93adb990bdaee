//! The remediations table: a claim per incident, a cooldown per resource, the ledger of everything under way, and the kill
//! switch.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::remediation::{Announcement, Claim, ClaimState, Control, Decision, Ledger};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// Longer than any redelivery, and long enough for a post-mortem.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);
const LEDGER: &str = "ledger";
const CONTROL: &str = "control";
/// Rounds in which a writer of the ledger looks again after another one was faster.
const ROUNDS: u32 = 20;

/// How the start of a run, or of its next step, ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// The claim is ours.
    Won,
    /// Another delivery wrote this incident's claim first.
    Taken(Box<Claim>),
    /// Something that the decision rests on changed meanwhile: look and decide again.
    Changed,
}

/// Whose word is stored after a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Replaced {
    Ours(Claim),
    /// Another delivery was faster; this is what it stored.
    Theirs(Claim),
}

impl Replaced {
    /// What is stored, whoever wrote it.
    pub fn whoever(self) -> Claim {
        let (Self::Ours(claim) | Self::Theirs(claim)) = self;
        claim
    }
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

    /// Stores a claim on which nothing is done, if its incident has none yet; else returns what is there.
    pub async fn note(&self, claim: &Claim) -> Result<Claim, StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(claim_key(&claim.incident)))
            .item("claim", self.json(claim)?)
            .item("expires_at", expiry(claim.claimed_at))
            .condition_expression("attribute_not_exists(id)")
            .send()
            .await;
        match written {
            Ok(_) => Ok(claim.clone()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => {
                    self.get(&claim.incident).await?.ok_or_else(|| self.vanished(&claim.incident))
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Writes `after` over `before` (or as the first claim), starts the cooldown, and writes `ledger` over the version it was
    /// made from: all of it or nothing, and nothing while the kill switch is on. So no two invocations can use the same
    /// place under a cap, act on one resource at once, or act after the switch was thrown.
    pub async fn begin(
        &self,
        before: Option<&Claim>,
        after: &Claim,
        cooldown_until: Option<Timestamp>,
        made_from: u64,
        ledger: &Ledger,
    ) -> Result<Begun, StoreError> {
        let mut writes =
            vec![self.write_claim(before, after)?, self.write_ledger(made_from, ledger)?, self.unstopped()?];
        if let Some(until) = cooldown_until {
            writes.push(self.start_cooldown(after, until)?);
        }
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Begun::Won),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(_)) => {
                    let stored = self.get(&after.incident).await?;
                    Ok(match stored {
                        Some(stored) if before != Some(&stored) => Begun::Taken(Box::new(stored)),
                        _ => Begun::Changed,
                    })
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    pub async fn get(&self, incident: &IncidentId) -> Result<Option<Claim>, StoreError> {
        self.document(&claim_key(incident), "claim").await
    }

    pub async fn ledger(&self) -> Result<Ledger, StoreError> {
        Ok(self.document(LEDGER, "ledger").await?.unwrap_or_default())
    }

    /// Changes the ledger, again if another writer was faster. `change` returns what the caller wants to know; the ledger
    /// is left alone when its version did not grow.
    pub async fn change_ledger<T>(&self, mut change: impl FnMut(&mut Ledger) -> T) -> Result<(Ledger, T), StoreError> {
        for _ in 0..ROUNDS {
            let mut ledger = self.ledger().await?;
            let made_from = ledger.version;
            let told = change(&mut ledger);
            if ledger.version == made_from {
                return Ok((ledger, told));
            }
            // The change may have touched the ledger more than once.
            ledger.version = made_from + 1;
            let written = self
                .client
                .put_item()
                .table_name(&self.table)
                .item("id", AttributeValue::S(LEDGER.to_owned()))
                .item("ledger", self.json(&ledger)?)
                .item("ledger_version", AttributeValue::N(ledger.version.to_string()))
                .condition_expression("attribute_not_exists(id) OR ledger_version = :made_from")
                .expression_attribute_values(":made_from", AttributeValue::N(made_from.to_string()))
                .send()
                .await;
            match written {
                Ok(_) => return Ok((ledger, told)),
                Err(error) => match error.as_service_error() {
                    Some(PutItemError::ConditionalCheckFailedException(_)) => {}
                    _ => return Err(StoreError::request(&self.table, &error)),
                },
            }
        }
        Err(StoreError::Contended { table: self.table.clone(), attempts: ROUNDS })
    }

    /// The kill switch.
    pub async fn control(&self) -> Result<Control, StoreError> {
        Ok(self.document(CONTROL, "switch").await?.unwrap_or_default())
    }

    /// Throws the kill switch, or takes it back. The last word counts.
    pub async fn set_control(&self, control: &Control) -> Result<(), StoreError> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("id", AttributeValue::S(CONTROL.to_owned()))
            .item("switch", self.json(control)?);
        if let Some(stop) = &control.stopped {
            put = put.item("stopped_at", AttributeValue::S(stop.at.to_string()));
        }
        put.send().await.map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    /// Until when the resource is left alone, if an action was ever taken on it.
    pub async fn cooldown_until(&self, arn: &str) -> Result<Option<Timestamp>, StoreError> {
        let item = self.item(&resource_key(arn)).await?;
        let seconds = item.and_then(|item| item.get("cooldown_until")?.as_n().ok()?.parse().ok());
        Ok(seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()))
    }

    /// Settles `claim` and returns what is stored then: when another delivery settled it first, that one's word stands.
    pub async fn settle(&self, claim: &Claim, state: ClaimState, now: Timestamp) -> Result<Claim, StoreError> {
        Ok(self.replace(claim, claim.settled(state, now)).await?.whoever())
    }

    /// Notes how far telling people has come; `Theirs` when another delivery was faster.
    pub async fn announce(&self, claim: &Claim, announcement: Announcement) -> Result<Replaced, StoreError> {
        self.replace(claim, Claim { announcement, ..claim.clone() }).await
    }

    /// Notes a person's word on an approval; `Theirs` when somebody else was faster.
    pub async fn decide(&self, claim: &Claim, decision: Decision) -> Result<Replaced, StoreError> {
        let mut after = claim.clone();
        if let ClaimState::AwaitingApproval { decision: word, .. } = &mut after.state {
            *word = Some(decision);
        }
        self.replace(claim, after).await
    }

    /// Replaces `before` by `after`, unless `before` is no longer what is stored.
    pub async fn replace(&self, before: &Claim, after: Claim) -> Result<Replaced, StoreError> {
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
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => self
                    .get(&before.incident)
                    .await?
                    .map(Replaced::Theirs)
                    .ok_or_else(|| self.vanished(&before.incident)),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    fn vanished(&self, incident: &IncidentId) -> StoreError {
        StoreError::item(&self.table, format!("the claim of {incident} vanished"))
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

    /// The JSON in one attribute of an item.
    async fn document<T: DeserializeOwned>(&self, id: &str, attribute: &str) -> Result<Option<T>, StoreError> {
        let Some(mut item) = self.item(id).await? else { return Ok(None) };
        match item.remove(attribute) {
            Some(AttributeValue::S(text)) => {
                serde_json::from_str(&text).map(Some).map_err(|error| StoreError::item(&self.table, error))
            }
            _ => Err(StoreError::item(&self.table, format!("the attribute {attribute} of {id} is missing"))),
        }
    }

    fn write_claim(&self, before: Option<&Claim>, after: &Claim) -> Result<TransactWriteItem, StoreError> {
        let mut put = Put::builder()
            .table_name(&self.table)
            .item("id", AttributeValue::S(claim_key(&after.incident)))
            .item("claim", self.json(after)?)
            .item("expires_at", expiry(after.claimed_at));
        put = match before {
            None => put.condition_expression("attribute_not_exists(id)"),
            Some(before) => {
                put.condition_expression("claim = :before").expression_attribute_values(":before", self.json(before)?)
            }
        };
        let put = put.build().map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn write_ledger(&self, made_from: u64, ledger: &Ledger) -> Result<TransactWriteItem, StoreError> {
        let ledger = Ledger { version: made_from + 1, ..ledger.clone() };
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", AttributeValue::S(LEDGER.to_owned()))
            .item("ledger", self.json(&ledger)?)
            .item("ledger_version", AttributeValue::N(ledger.version.to_string()))
            .condition_expression("attribute_not_exists(id) OR ledger_version = :made_from")
            .expression_attribute_values(":made_from", AttributeValue::N(made_from.to_string()))
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The condition that the kill switch is off.
    fn unstopped(&self) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("id", AttributeValue::S(CONTROL.to_owned()))
            .condition_expression("attribute_not_exists(stopped_at)")
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn start_cooldown(&self, claim: &Claim, until: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let now = claim.acted_at().unwrap_or(claim.claimed_at);
        let update = Update::builder()
            .table_name(&self.table)
            .key("id", AttributeValue::S(resource_key(&claim.resource_arn)))
            .update_expression("SET cooldown_until = :until, expires_at = :expires")
            .condition_expression("attribute_not_exists(cooldown_until) OR cooldown_until <= :now")
            .expression_attribute_values(":until", AttributeValue::N(until.as_second().to_string()))
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .expression_attribute_values(":expires", expiry(until))
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn json<T: Serialize>(&self, value: &T) -> Result<AttributeValue, StoreError> {
        serde_json::to_string(value).map(AttributeValue::S).map_err(|error| StoreError::item(&self.table, error))
    }
}

fn expiry(at: Timestamp) -> AttributeValue {
    AttributeValue::N((at.as_second() + RETENTION.as_secs()).to_string())
}

fn claim_key(incident: &IncidentId) -> String {
    format!("claim#{incident}")
}

fn resource_key(arn: &str) -> String {
    format!("resource#{arn}")
}
