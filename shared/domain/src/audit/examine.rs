//! One stored entry, held against its own hash.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::ChainId;
use super::entry::canonical;

pub(super) type Hash = [u8; 32];

/// An entry as text, of which only the frame is read. So entries with facts of a later version verify too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame<'a> {
    #[serde(borrow)]
    chain: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    previous_hash: Cow<'a, str>,
    #[serde(borrow, default)]
    seen: Option<&'a RawValue>,
    #[serde(borrow)]
    fact: &'a RawValue,
    #[serde(borrow)]
    hash: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct SeenHead<'a> {
    #[serde(borrow)]
    chain: Cow<'a, str>,
    seq: u64,
    #[serde(borrow)]
    hash: Cow<'a, str>,
}

/// A text that is no audit entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAnEntry(String);

/// What one entry says of itself, for [`super::Verifier`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// An error holds the name that no chain has.
    pub(super) chain: Result<ChainId, Box<str>>,
    pub(super) seq: u64,
    pub(super) previous: Hash,
    pub(super) hash: Hash,
    /// Whether the hash is that of the content.
    pub(super) intact: bool,
    /// Whether the chain is the one that its fact's id chooses.
    pub(super) in_its_shard: bool,
    pub(super) seen: Option<(ChainId, u64, Hash)>,
}

/// Reads an entry and computes its hash anew.
///
/// A text in canonical form is hashed as it is; any other, such as the entries of the chain `main`, is first put into it.
pub fn examine(text: &[u8]) -> Result<Examined, NotAnEntry> {
    let frame: Frame<'_> = serde_json::from_slice(text).map_err(|error| NotAnEntry(error.to_string()))?;
    let fact: Id<'_> =
        serde_json::from_str(frame.fact.get()).map_err(|error| NotAnEntry(format!("its fact: {error}")))?;
    let hash = read_hash(&frame.hash)?;
    let chain = ChainId::parse(&frame.chain);
    Ok(Examined {
        seq: frame.seq,
        previous: read_hash(&frame.previous_hash)?,
        hash,
        intact: digest_as_written(&frame) == hash || digest(&frame)? == hash,
        in_its_shard: chain.is_some_and(|chain| chain.takes(&fact.id)),
        chain: chain.ok_or_else(|| frame.chain.as_ref().into()),
        seen: frame.seen.map(|seen| read_seen(seen.get())).transpose()?,
    })
}

pub(super) fn read_hash(text: &str) -> Result<Hash, NotAnEntry> {
    let mut hash = Hash::default();
    hex::decode_to_slice(text, &mut hash)
        .map_err(|_| NotAnEntry(format!("{:?} is no SHA-256", text.chars().take(80).collect::<String>())))?;
    Ok(hash)
}

fn read_seen(text: &str) -> Result<(ChainId, u64, Hash), NotAnEntry> {
    let seen: SeenHead<'_> =
        serde_json::from_str(text).map_err(|error| NotAnEntry(format!("what it has seen: {error}")))?;
    let chain = ChainId::parse(&seen.chain)
        .ok_or_else(|| NotAnEntry(format!("it has seen the chain {:?}, which there is not", seen.chain)))?;
    Ok((chain, seen.seq, read_hash(&seen.hash)?))
}

/// The hash, taking the parts for canonical. Where it fits they were: it is over the very bytes that were sealed.
fn digest_as_written(frame: &Frame<'_>) -> Hash {
    let mut hasher = Sha256::new();
    let mut number = [0; 20];
    hasher.update(b"{\"chain\":\"");
    hasher.update(frame.chain.as_bytes());
    hasher.update(b"\",\"fact\":");
    hasher.update(frame.fact.get());
    hasher.update(b",\"previous_hash\":\"");
    hasher.update(frame.previous_hash.as_bytes());
    hasher.update(b"\"");
    if let Some(seen) = frame.seen {
        hasher.update(b",\"seen\":");
        hasher.update(seen.get());
    }
    hasher.update(b",\"seq\":");
    hasher.update(decimal(frame.seq, &mut number));
    hasher.update(b"}");
    hasher.finalize().into()
}

fn decimal(mut number: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut start = buffer.len();
    for (index, slot) in buffer.iter_mut().enumerate().rev() {
        *slot = b'0' + (number % 10) as u8;
        number /= 10;
        start = index;
        if number == 0 {
            break;
        }
    }
    buffer.get(start..).unwrap_or_default()
}

/// The hash over canonical JSON, however the text was written.
fn digest(frame: &Frame<'_>) -> Result<Hash, NotAnEntry> {
    let value = |raw: &RawValue| -> Result<Value, NotAnEntry> {
        serde_json::from_str(raw.get()).map_err(|error| NotAnEntry(error.to_string()))
    };
    let mut content = serde_json::json!({
        "chain": frame.chain,
        "seq": frame.seq,
        "previous_hash": frame.previous_hash,
        "fact": value(frame.fact)?,
    });
    if let Some(seen) = frame.seen {
        content["seen"] = value(seen)?;
    }
    let canonical = canonical(&content).map_err(|error| NotAnEntry(error.to_string()))?;
    Ok(Sha256::digest(canonical).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_json_writes_them() {
        for number in [0, 7, 10, 1234, u64::MAX] {
            assert_eq!(decimal(number, &mut [0; 20]), number.to_string().as_bytes());
        }
    }

    #[test]
    fn what_is_no_entry_says_why() {
        let error = |text: &str| examine(text.as_bytes()).unwrap_err().to_string();
        assert!(error("{").contains("EOF"), "{}", error("{"));
        assert!(error("{}").contains("missing field `chain`"), "{}", error("{}"));
        let odd = r#"{"chain":"main","seq":1,"previous_hash":"","fact":{"id":"x"},"hash":"","by":"me"}"#;
        assert!(error(odd).contains("unknown field `by`"), "{}", error(odd));
        let short = r#"{"chain":"main","seq":1,"previous_hash":"","fact":{"id":"x"},"hash":"ab"}"#;
        assert_eq!(error(short), "\"ab\" is no SHA-256");
    }
}
