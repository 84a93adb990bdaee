//! The audit trail: facts, each sealed with the hash of the one before.
//!
//! A changed, removed or inserted entry breaks every hash after it. What this alone cannot show is a trail rewritten
//! from some entry to its end; anchoring the latest hash outside the table does that.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::id::FactId;

/// The hash that the first entry of a chain names as the one before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The chain everything is written to.
pub const MAIN_CHAIN: &str = "main";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum FactKind {
    #[serde(rename = "resource.onboarded")]
    ResourceOnboarded,
    #[serde(rename = "resource.retired")]
    ResourceRetired,
    #[serde(rename = "anomaly.detected")]
    AnomalyDetected,
    #[serde(rename = "incident.opened")]
    IncidentOpened,
    #[serde(rename = "alert.published")]
    AlertPublished,
    #[serde(rename = "notification.sent")]
    NotificationSent,
    #[serde(rename = "remediation.started")]
    RemediationStarted,
    #[serde(rename = "remediation.finished")]
    RemediationFinished,
    #[serde(rename = "remediation.declined")]
    RemediationDeclined,
    /// Dry run: what would have been done.
    #[serde(rename = "remediation.rehearsed")]
    RemediationRehearsed,
    /// A claim expired before its outcome was recorded.
    #[serde(rename = "remediation.unknown")]
    RemediationUnknown,
    /// A trained model took over a scope.
    #[serde(rename = "model.promoted")]
    ModelPromoted,
    /// A trained model was worse than the one in use.
    #[serde(rename = "model.rejected")]
    ModelRejected,
    /// Somebody went back to the model before.
    #[serde(rename = "model.rolled_back")]
    ModelRolledBack,
    /// Somebody called an incident a false positive, or took that back.
    #[serde(rename = "feedback.given")]
    FeedbackGiven,
}

impl FactKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResourceOnboarded => "resource.onboarded",
            Self::ResourceRetired => "resource.retired",
            Self::AnomalyDetected => "anomaly.detected",
            Self::IncidentOpened => "incident.opened",
            Self::AlertPublished => "alert.published",
            Self::NotificationSent => "notification.sent",
            Self::RemediationStarted => "remediation.started",
            Self::RemediationFinished => "remediation.finished",
            Self::RemediationDeclined => "remediation.declined",
            Self::RemediationRehearsed => "remediation.rehearsed",
            Self::RemediationUnknown => "remediation.unknown",
            Self::ModelPromoted => "model.promoted",
            Self::ModelRejected => "model.rejected",
            Self::ModelRolledBack => "model.rolled_back",
            Self::FeedbackGiven => "feedback.given",
        }
    }
}

/// One fact, before it has a place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fact {
    /// From kind, subject and cause: the same fact told twice is recorded once.
    pub id: FactId,
    pub kind: FactKind,
    pub at: Timestamp,
    /// The function or person that acted.
    pub actor: String,
    /// What it happened to: an ARN, an incident, a channel.
    pub subject: String,
    /// The message or incident that led to it.
    pub because_of: Option<String>,
    #[schema(value_type = Object)]
    pub details: Value,
}

impl Fact {
    pub fn new(
        kind: FactKind,
        actor: &str,
        subject: &str,
        because_of: Option<&str>,
        at: Timestamp,
        details: Value,
    ) -> Self {
        Self {
            id: FactId::derive(&[kind.as_str(), subject, because_of.unwrap_or_default()]),
            kind,
            at,
            actor: actor.to_owned(),
            subject: subject.to_owned(),
            because_of: because_of.map(str::to_owned),
            details,
        }
    }
}

/// A fact in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    pub chain: String,
    /// 1, 2, 3, … without gaps.
    pub seq: u64,
    pub previous_hash: String,
    pub fact: Fact,
    /// SHA-256, in hexadecimal, of the canonical JSON (RFC 8785) of all other fields.
    pub hash: String,
}

/// The end of a chain, which the next entry links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    pub seq: u64,
    pub hash: String,
}

impl Tip {
    /// The tip of a chain with no entries.
    pub fn genesis() -> Self {
        Self { seq: 0, hash: GENESIS.to_owned() }
    }
}

/// Why a chain cannot be trusted, and from where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("entry {seq}: the entry cannot be put into canonical JSON: {problem}")]
    Canonical { seq: u64, problem: String },
    #[error("entry {found} follows entry {after}: entries are missing, repeated or out of order")]
    Sequence { after: u64, found: u64 },
    #[error("entry {seq} does not link to the entry before it: one of them was replaced")]
    Link { seq: u64 },
    #[error("entry {seq} was changed after it was written: its hash does not match its content")]
    Content { seq: u64 },
}

impl AuditEntry {
    /// The entry that follows `tip`.
    pub fn next(chain: &str, tip: &Tip, fact: Fact) -> Result<Self, ChainError> {
        let mut entry = Self {
            chain: chain.to_owned(),
            seq: tip.seq + 1,
            previous_hash: tip.hash.clone(),
            fact,
            hash: String::new(),
        };
        entry.hash = entry.digest()?;
        Ok(entry)
    }

    pub fn tip(&self) -> Tip {
        Tip { seq: self.seq, hash: self.hash.clone() }
    }

    fn digest(&self) -> Result<String, ChainError> {
        let content = serde_json::json!({
            "chain": self.chain,
            "seq": self.seq,
            "previous_hash": self.previous_hash,
            "fact": self.fact,
        });
        let canonical = serde_json_canonicalizer::to_vec(&content)
            .map_err(|error| ChainError::Canonical { seq: self.seq, problem: error.to_string() })?;
        Ok(hex::encode(Sha256::digest(canonical)))
    }
}

/// Checks `entries`, oldest first, as the continuation of `tip`; returns the new tip.
pub fn verify<'a>(tip: Tip, entries: impl IntoIterator<Item = &'a AuditEntry>) -> Result<Tip, ChainError> {
    entries.into_iter().try_fold(tip, |tip, entry| {
        if entry.seq != tip.seq + 1 {
            return Err(ChainError::Sequence { after: tip.seq, found: entry.seq });
        }
        if entry.previous_hash != tip.hash {
            return Err(ChainError::Link { seq: entry.seq });
        }
        if entry.digest()? != entry.hash {
            return Err(ChainError::Content { seq: entry.seq });
        }
        Ok(entry.tip())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn chain_of(subjects: &[String]) -> Vec<AuditEntry> {
        let mut tip = Tip::genesis();
        subjects
            .iter()
            .map(|subject| {
                let fact = Fact::new(
                    FactKind::IncidentOpened,
                    "log-analyzer-rca",
                    subject,
                    None,
                    Timestamp::UNIX_EPOCH,
                    json!({ "score": 0.97, "z": 1, "a": [1, 2] }),
                );
                let entry = AuditEntry::next(MAIN_CHAIN, &tip, fact).unwrap();
                tip = entry.tip();
                entry
            })
            .collect()
    }

    #[test]
    fn an_untouched_chain_verifies_also_after_a_trip_through_json() {
        let entries = chain_of(&["a".into(), "b".into(), "c".into()]);
        let stored: Vec<AuditEntry> =
            entries.iter().map(|e| serde_json::from_str(&serde_json::to_string(e).unwrap()).unwrap()).collect();
        assert_eq!(verify(Tip::genesis(), &stored).unwrap().seq, 3);
    }

    proptest! {
        #[test]
        fn no_single_change_goes_unseen(
            subjects in proptest::collection::vec("[a-z]{1,6}", 2..8),
            victim in any::<prop::sample::Index>(),
            change in 0..4,
        ) {
            let mut entries = chain_of(&subjects);
            let index = victim.index(entries.len());
            match change {
                0 => entries[index].fact.subject.push('!'),
                1 => entries[index].fact.details = json!({}),
                // Dropping the last entry leaves a valid, shorter chain: only an anchor outside can tell.
                2 => { entries.remove(index.min(subjects.len() - 2)); }
                _ => {
                    entries[index].fact.actor = "somebody".to_owned();
                    entries[index].hash = entries[index].digest().unwrap();
                    prop_assume!(index + 1 < subjects.len());
                }
            }
            prop_assert!(verify(Tip::genesis(), &entries).is_err());
        }
    }

    #[test]
    fn the_same_fact_has_the_same_id_whenever_it_is_told() {
        let tell = |second| {
            Fact::new(
                FactKind::RemediationStarted,
                "remediation-engine",
                "i-1",
                Some("inc_1"),
                Timestamp::from_second(second).unwrap(),
                json!({}),
            )
        };
        assert_eq!(tell(1).id, tell(2).id);
    }
}
