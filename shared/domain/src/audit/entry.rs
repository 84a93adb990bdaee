//! A fact in its place, and the place itself.

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Fact;

/// The hash that the first entry of a chain, and the first anchor, names as the one before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The end of a chain at some moment: its newest entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChainHead {
    pub chain: String,
    pub seq: u64,
    pub hash: String,
}

/// A fact in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditEntry {
    /// `main`, or `shard-0` to `shard-f` by the last digit of the fact's id.
    pub chain: String,
    /// 1, 2, 3, … without gaps.
    pub seq: u64,
    pub previous_hash: String,
    /// The end of another chain when this entry was written: that chain was at least so long then. In every eighth entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub seen: Option<ChainHead>,
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

/// A value that has no canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be put into canonical JSON: {0}")]
pub struct CanonicalError(pub(super) String);

/// RFC 8785.
pub(super) fn canonical(value: &impl Serialize) -> Result<String, CanonicalError> {
    serde_json_canonicalizer::to_string(value).map_err(|error| CanonicalError(error.to_string()))
}

impl AuditEntry {
    /// The entry that follows `tip`.
    pub fn next(chain: &str, tip: &Tip, fact: Fact) -> Result<Self, CanonicalError> {
        Self::next_seeing(chain, tip, None, fact)
    }

    /// The entry that follows `tip`, by a writer that saw the end of another chain.
    pub fn next_seeing(chain: &str, tip: &Tip, seen: Option<ChainHead>, fact: Fact) -> Result<Self, CanonicalError> {
        let mut entry = Self {
            chain: chain.to_owned(),
            seq: tip.seq + 1,
            previous_hash: tip.hash.clone(),
            seen,
            fact,
            hash: String::new(),
        };
        entry.hash = entry.digest()?;
        Ok(entry)
    }

    pub fn tip(&self) -> Tip {
        Tip { seq: self.seq, hash: self.hash.clone() }
    }

    /// The form in which it is stored and exported: verifying it then needs no second canonicalisation.
    pub fn to_canonical_json(&self) -> Result<String, CanonicalError> {
        canonical(self)
    }

    fn digest(&self) -> Result<String, CanonicalError> {
        let mut content = json!({
            "chain": self.chain,
            "seq": self.seq,
            "previous_hash": self.previous_hash,
            "fact": self.fact,
        });
        if let Some(seen) = &self.seen {
            content["seen"] = json!(seen);
        }
        Ok(hex::encode(Sha256::digest(canonical(&content)?)))
    }
}
