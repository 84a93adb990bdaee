//! The audit table: the chain `main`, and beside it one marker per fact, so that a fact told twice is recorded once.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use nightjar_domain::audit::{AuditEntry, Fact, MAIN_CHAIN, Tip};

use super::StoreError;

/// Facts in one transaction. Each takes two of the 100 items that DynamoDB allows.
const FACTS_PER_TRANSACTION: usize = 25;
/// Writers compete for the end of the chain; each round one of them wins.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(15);

/// Appends to and reads the audit trail.
#[derive(Debug, Clone)]
pub struct AuditStore {
    client: Client,
    table: String,
}

/// How a transaction ended.
enum Outcome {
    Written,
    /// Another writer took the place at the end.
    Lost,
    /// These facts (by index) are recorded already.
    Known(Vec<usize>),
}

impl AuditStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Appends `facts` in their order, leaving out those that are recorded already.
    pub async fn record(&self, facts: &[Fact]) -> Result<(), StoreError> {
        // DynamoDB refuses a transaction that names an item twice.
        let mut seen = HashSet::new();
        let facts: Vec<Fact> = facts.iter().filter(|fact| seen.insert(&fact.id)).cloned().collect();
        for chunk in facts.chunks(FACTS_PER_TRANSACTION) {
            self.record_chunk(chunk.to_vec()).await?;
        }
        Ok(())
    }

    async fn record_chunk(&self, mut facts: Vec<Fact>) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            if facts.is_empty() {
                return Ok(());
            }
            match self.append(&facts).await? {
                Outcome::Written => return Ok(()),
                Outcome::Known(indices) => {
                    let mut index = 0;
                    facts.retain(|_| {
                        index += 1;
                        !indices.contains(&(index - 1))
                    });
                }
                // Writers that lost the same round wait for different times: the pause grows with the attempt and
                // differs by fact.
                Outcome::Lost => tokio::time::sleep(PAUSE * attempt.min(8) + jitter(&facts)).await,
            }
        }
        Err(StoreError::Contended { table: self.table.clone(), attempts: ATTEMPTS })
    }

    async fn append(&self, facts: &[Fact]) -> Result<Outcome, StoreError> {
        let mut tip = self.tip().await?;
        let mut writes = Vec::with_capacity(facts.len() * 2);
        for fact in facts {
            let entry = AuditEntry::next(MAIN_CHAIN, &tip, fact.clone())
                .map_err(|error| StoreError::item(&self.table, error))?;
            tip = entry.tip();
            writes.push(self.put_entry(&entry)?);
            writes.push(self.put_marker(&entry)?);
        }
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Outcome::Written),
            Err(error) => self.cancelled(&error),
        }
    }

    fn cancelled<R: std::fmt::Debug>(
        &self,
        error: &SdkError<TransactWriteItemsError, R>,
    ) -> Result<Outcome, StoreError> {
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
            _ => return Err(StoreError::request(&self.table, error)),
        };
        let known: Vec<usize> = reasons
            .iter()
            .enumerate()
            .filter(|(index, reason)| index % 2 == 1 && reason.code() == Some("ConditionalCheckFailed"))
            .map(|(index, _)| index / 2)
            .collect();
        if !known.is_empty() {
            return Ok(Outcome::Known(known));
        }
        let lost = |code: Option<&str>| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
        if reasons.iter().any(|reason| lost(reason.code())) {
            return Ok(Outcome::Lost);
        }
        Err(StoreError::request(&self.table, error))
    }

    /// The end of the chain.
    async fn tip(&self) -> Result<Tip, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("chain = :chain")
            .expression_attribute_values(":chain", AttributeValue::S(MAIN_CHAIN.to_owned()))
            .scan_index_forward(false)
            .limit(1)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        match answer.items().first() {
            None => Ok(Tip::genesis()),
            Some(item) => Ok(self.entry(item)?.tip()),
        }
    }

    /// Up to `limit` entries after number `after`, oldest first.
    pub async fn read(&self, after: u64, limit: i32) -> Result<Vec<AuditEntry>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("chain = :chain AND seq > :after")
            .expression_attribute_values(":chain", AttributeValue::S(MAIN_CHAIN.to_owned()))
            .expression_attribute_values(":after", AttributeValue::N(after.to_string()))
            .limit(limit)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.items().iter().map(|item| self.entry(item)).collect()
    }

    /// The entry is kept as the JSON text that was hashed: an attribute map would lose the difference between 1 and 1.0.
    fn put_entry(&self, entry: &AuditEntry) -> Result<TransactWriteItem, StoreError> {
        let json = serde_json::to_string(entry).map_err(|error| StoreError::item(&self.table, error))?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("chain", AttributeValue::S(entry.chain.clone()))
            .item("seq", AttributeValue::N(entry.seq.to_string()))
            .item("kind", AttributeValue::S(entry.fact.kind.as_str().to_owned()))
            .item("at", AttributeValue::S(entry.fact.at.to_string()))
            .item("subject", AttributeValue::S(entry.fact.subject.clone()))
            .item("entry", AttributeValue::S(json))
            .condition_expression("attribute_not_exists(seq)");
        self.transaction(put)
    }

    fn put_marker(&self, entry: &AuditEntry) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("chain", AttributeValue::S(format!("fact#{}", entry.fact.id)))
            .item("seq", AttributeValue::N("0".to_owned()))
            .item("recorded_as", AttributeValue::N(entry.seq.to_string()))
            .condition_expression("attribute_not_exists(chain)");
        self.transaction(put)
    }

    fn transaction(&self, put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem, StoreError> {
        let put = put.build().map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn entry(&self, item: &std::collections::HashMap<String, AttributeValue>) -> Result<AuditEntry, StoreError> {
        let text = item
            .get("entry")
            .and_then(|value| value.as_s().ok())
            .ok_or_else(|| StoreError::item(&self.table, "the attribute entry is missing"))?;
        serde_json::from_str(text).map_err(|error| StoreError::item(&self.table, error))
    }
}

/// 0 to 15 ms, from the first fact's identity: spreads writers without a source of randomness.
fn jitter(facts: &[Fact]) -> Duration {
    let last = facts.first().and_then(|fact| fact.id.as_str().bytes().last()).unwrap_or(0);
    Duration::from_millis(u64::from(last % 16))
}
