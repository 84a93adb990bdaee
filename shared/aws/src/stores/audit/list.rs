//! Reading a page, newest first, over all chains.

use std::collections::VecDeque;

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::audit::{AuditEntry, ChainId};
use serde::{Deserialize, Serialize};

use super::{AuditStore, Reading, has_expired};
use crate::clock;
use crate::stores::StoreError;

/// Entries that one page looks at, however few of them the filter takes.
const LOOKED_AT: usize = 4000;

/// Facts are told within this time: an entry so much older than `since` has no wanted ones behind it.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// Which entries are wanted. What is left out does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditFilter {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl AuditFilter {
    fn takes(&self, AuditEntry { fact, .. }: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        is(&self.kind, fact.kind.as_str())
            && is(&self.actor, &fact.actor)
            && is(&self.subject, &fact.subject)
            && is(&self.because_of, fact.because_of.as_deref().unwrap_or_default())
            && self.since.is_none_or(|since| fact.at >= since)
            && self.until.is_none_or(|until| fact.at <= until)
    }

    fn is_past(&self, entry: &AuditEntry) -> bool {
        let end = self.since.and_then(|since| since.checked_sub(TOLD_WITHIN).ok());
        end.is_some_and(|end| entry.fact.at < end)
    }
}

/// Where a list continues: for each chain the number that comes next is below this; 0 where the chain is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(Vec<u64>);

impl Position {
    /// Whether a page could have ended here.
    pub fn is_possible(&self) -> bool {
        self.0.len() == ChainId::COUNT
    }
}

/// Some entries, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// `None` on the last page.
    pub next: Option<Position>,
}

/// One chain, read backwards.
struct Backwards {
    chain: ChainId,
    before: Option<u64>,
    ahead: VecDeque<AuditEntry>,
    done: bool,
}

impl AuditStore {
    /// Up to `limit` entries (1 to 1000) that the filter takes, newest first: by time between chains, by number within one. May
    /// be fewer, even none, with a position at which to go on.
    pub async fn page(
        &self,
        filter: &AuditFilter,
        limit: usize,
        from: Option<&Position>,
    ) -> Result<AuditPage, StoreError> {
        let mut chains: Vec<Backwards> = ChainId::all()
            .enumerate()
            .map(|(index, chain)| {
                let before = from.and_then(|position| position.0.get(index).copied());
                Backwards { chain, before, ahead: VecDeque::new(), done: before == Some(0) }
            })
            .collect();
        let mut entries = Vec::new();
        for _ in 0..LOOKED_AT {
            try_join_all(chains.iter_mut().map(|chain| self.look_ahead(chain, limit))).await?;
            let newest = chains
                .iter_mut()
                .filter(|chain| !chain.done)
                .max_by_key(|chain| chain.ahead.front().map(|entry| (entry.fact.at, chain.chain)));
            let Some(chain) = newest else { return Ok(AuditPage { entries, next: None }) };
            let Some(entry) = chain.ahead.pop_front() else { continue };
            if filter.is_past(&entry) {
                return Ok(AuditPage { entries, next: None });
            }
            chain.before = Some(entry.seq);
            if filter.takes(&entry) {
                entries.push(entry);
            }
            if entries.len() == limit {
                break;
            }
        }
        let position =
            chains.iter().map(|chain| if chain.done { 0 } else { chain.before.unwrap_or(u64::MAX) }).collect();
        Ok(AuditPage { entries, next: Some(Position(position)) })
    }

    async fn look_ahead(&self, chain: &mut Backwards, limit: usize) -> Result<(), StoreError> {
        if chain.done || !chain.ahead.is_empty() {
            return Ok(());
        }
        let limit = i32::try_from(limit.clamp(1, 1000)).unwrap_or(1000);
        let before = chain.before.filter(|before| *before < u64::MAX);
        let items = self.query(chain.chain, Reading::Before(before), limit).await?;
        let now = clock::now();
        for item in items.iter().filter(|item| !has_expired(item, now)) {
            chain.ahead.push_back(self.entry(item)?);
        }
        chain.done = chain.ahead.is_empty();
        Ok(())
    }
}
