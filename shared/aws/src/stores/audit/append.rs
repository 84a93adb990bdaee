//! Writing: each fact into the shard that its id chooses, and beside it a marker, so that a fact told twice is recorded once.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::Timestamp;
use nightjar_domain::audit::{AuditEntry, ChainHead, ChainId, Fact, Retention};

use super::AuditStore;
use crate::clock;
use crate::stores::StoreError;

/// Facts in one transaction. Each takes two of the 100 items that DynamoDB allows.
const FACTS_PER_TRANSACTION: usize = 25;
/// Writers compete for the end of the chain; each round one of them wins.
const ATTEMPTS: u32 = 40;
const PAUSE: Duration = Duration::from_millis(15);

/// How a transaction ended.
enum Outcome {
    Written,
    /// Another writer took the place at the end.
    Lost,
    /// These facts (by index) are recorded already.
    Known(Vec<usize>),
}

impl AuditStore {
    /// Appends `facts`, leaving out those that are recorded already. Facts of one shard keep their order.
    pub async fn record(&self, facts: &[Fact]) -> Result<(), StoreError> {
        // DynamoDB refuses a transaction that names an item twice.
        let mut told = HashSet::new();
        let mut shards: BTreeMap<ChainId, Vec<Fact>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| told.insert(&fact.id)) {
            shards.entry(ChainId::of(&fact.id)).or_default().push(fact.clone());
        }
        for (chain, facts) in shards {
            for chunk in facts.chunks(FACTS_PER_TRANSACTION) {
                self.record_chunk(chain, chunk.to_vec()).await?;
            }
        }
        Ok(())
    }

    async fn record_chunk(&self, chain: ChainId, mut facts: Vec<Fact>) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            if facts.is_empty() {
                return Ok(());
            }
            match self.append(chain, &facts).await? {
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

    async fn append(&self, chain: ChainId, facts: &[Fact]) -> Result<Outcome, StoreError> {
        let retention = Retention::bundled().map_err(|error| StoreError::item(&self.table, error))?;
        let newest = self.newest(chain).await?;
        // Never before the entry ahead of it, whatever the clocks say: a chain expires from its start only.
        let expires_at = retention.expires_at(clock::now()).max(newest.expires_at.unwrap_or(Timestamp::MIN));
        let mut tip = newest.tip;
        let mut writes = Vec::with_capacity(facts.len() * 2);
        for fact in facts {
            let seen = self.other_head(chain, tip.seq + 1).await?;
            let entry = AuditEntry::next_seeing(&chain.name(), &tip, seen, fact.clone())
                .map_err(|error| StoreError::item(&self.table, error))?;
            tip = entry.tip();
            writes.push(self.put_entry(&entry, expires_at)?);
            writes.push(self.put_marker(&entry, expires_at)?);
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

    /// The end of the chain that entry `seq` looks at, where it looks at one that has entries.
    async fn other_head(&self, chain: ChainId, seq: u64) -> Result<Option<ChainHead>, StoreError> {
        let Some(other) = chain.looks_at(seq) else { return Ok(None) };
        let tip = self.newest(other).await?.tip;
        Ok((tip.seq > 0).then(|| ChainHead { chain: other.name(), seq: tip.seq, hash: tip.hash }))
    }

    /// The entry is kept as text, in the canonical form that was hashed. The other attributes are for readers in the console.
    fn put_entry(&self, entry: &AuditEntry, expires_at: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let json = entry.to_canonical_json().map_err(|error| StoreError::item(&self.table, error))?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("chain", AttributeValue::S(entry.chain.clone()))
            .item("seq", AttributeValue::N(entry.seq.to_string()))
            .item("kind", AttributeValue::S(entry.fact.kind.as_str().to_owned()))
            .item("at", AttributeValue::S(entry.fact.at.to_string()))
            .item("subject", AttributeValue::S(entry.fact.subject.clone()))
            .item("entry", AttributeValue::S(json))
            .item("expires_at", AttributeValue::N(expires_at.as_second().to_string()))
            .condition_expression("attribute_not_exists(seq)");
        self.transaction(put)
    }

    fn put_marker(&self, entry: &AuditEntry, expires_at: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .item("chain", AttributeValue::S(format!("fact#{}", entry.fact.id)))
            .item("seq", AttributeValue::N("0".to_owned()))
            .item("recorded_as", AttributeValue::N(entry.seq.to_string()))
            .item("expires_at", AttributeValue::N(expires_at.as_second().to_string()))
            .condition_expression("attribute_not_exists(chain)");
        self.transaction(put)
    }

    fn transaction(&self, put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem, StoreError> {
        let put = put.build().map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// 0 to 15 ms, from the first fact's identity: spreads writers without a source of randomness.
fn jitter(facts: &[Fact]) -> Duration {
    let last = facts.first().and_then(|fact| fact.id.as_str().bytes().last()).unwrap_or(0);
    Duration::from_millis(u64::from(last % 16))
}
