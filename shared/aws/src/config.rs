//! The configuration in force: loaded at start, read anew within half a minute, and never worse than what was in force before.

use std::collections::BTreeMap;
use std::fmt::Display;

use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::configuration::{Document, Version};

use crate::stores::{AuditStore, ConfigStore};

/// How long what was read serves: a version is in force that much later at most.
const FRESH: SignedDuration = SignedDuration::from_secs(30);

/// Reads documents for one function.
#[derive(Debug, Clone)]
pub struct ConfigReader {
    /// `None`: the documents that ship are in force.
    store: Option<ConfigStore>,
    audit: AuditStore,
    /// The function, for the audit trail.
    reader: &'static str,
    fresh: SignedDuration,
    seen: BTreeMap<Document, Seen>,
}

/// What is known of a document.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Timestamp,
    /// The newest version, used or refused; 0 for none.
    newest: u64,
}

/// A version that came into force.
#[derive(Debug, Clone)]
pub struct InForce<T> {
    pub value: T,
    pub version: Version,
}

impl ConfigReader {
    /// For the function `reader`, from the table with the versions.
    pub fn new(client: Client, table: Option<String>, audit: AuditStore, reader: &'static str) -> Self {
        let store = table.map(|table| ConfigStore::new(client, table));
        Self { store, audit, reader, fresh: FRESH, seen: BTreeMap::new() }
    }

    /// Reads every time: for who acts on others' resources, a stop must not wait for half a minute.
    #[must_use]
    pub fn every_time(self) -> Self {
        Self { fresh: SignedDuration::ZERO, ..self }
    }

    /// What came into force since the last time; `None` where that is nothing. A version that `parse` refuses is told to the log
    /// and the audit trail, and what was in force stays: at start, the newest version that can be used. What was never read must
    /// be readable; later, what cannot be read leaves things as they are.
    pub async fn newer<T, E: Display>(
        &mut self,
        document: Document,
        now: Timestamp,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> anyhow::Result<Option<InForce<T>>> {
        let Some(store) = &self.store else { return Ok(None) };
        let before = self.seen.get(&document).copied();
        if before.is_some_and(|seen| now.duration_since(seen.at) < self.fresh) {
            return Ok(None);
        }
        let newest = match store.newest(document).await {
            Ok(newest) => newest,
            Err(error) => {
                let Some(seen) = before else { return Err(error.into()) };
                tracing::error!(%document, %error, version = seen.newest, "the configuration cannot be read: what was in force stays");
                self.seen.insert(document, Seen { at: now, ..seen });
                return Ok(None);
            }
        };
        let number = newest.as_ref().map_or(0, |newest| newest.version);
        let seen = Seen { at: now, newest: number };
        let Some(newest) = newest.filter(|_| before.is_none_or(|seen| seen.newest != number)) else {
            self.seen.insert(document, seen);
            return Ok(None);
        };
        let problem = match parse(&newest.json) {
            Ok(value) => {
                self.seen.insert(document, seen);
                tracing::info!(%document, version = number, by = newest.by, "a version of the configuration is in force");
                return Ok(Some(InForce { value, version: newest }));
            }
            Err(problem) => problem.to_string(),
        };
        tracing::error!(%document, version = number, problem, "the configuration cannot be used: what was in force stays");
        if let Err(error) = self.audit.record(&[newest.refusal(self.reader, &problem, now)]).await {
            tracing::error!(%error, "the audit trail could not be told of it");
        }
        if before.is_some() {
            self.seen.insert(document, seen);
            return Ok(None);
        }
        // Not seen before it is read: else the next event would go by what ships.
        let earlier = store.in_force(document, parse).await?;
        self.seen.insert(document, seen);
        Ok(earlier.map(|(value, version)| InForce { value, version }))
    }
}
