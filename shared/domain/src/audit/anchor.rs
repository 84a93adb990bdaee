//! The signed list of all chains' ends, and what its signature is worth.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::entry::canonical;
use super::report::{Bad, Reason};
use super::{CanonicalError, ChainHead, GENESIS};

/// What precedes the point in the DER of a P-256 public key (RFC 5480): two object identifiers, and the point's length.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;

/// An anchor before it is signed: exactly what the signature covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsignedAnchor {
    pub taken_at: Timestamp,
    /// The chains that have entries, by name.
    pub heads: Vec<ChainHead>,
    /// [`UnsignedAnchor::hash`] of the anchor before; [`GENESIS`] in the first.
    pub previous_anchor_hash: String,
    /// The key that signs: an ARN of KMS.
    pub key_id: String,
}

/// A signed anchor, as it lies in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    pub taken_at: Timestamp,
    pub heads: Vec<ChainHead>,
    pub previous_anchor_hash: String,
    pub key_id: String,
    /// ECDSA with P-256 over the SHA-256 of the other fields' canonical JSON: ASN.1 DER in base64, as KMS signs.
    pub signature: String,
}

/// An anchor with the name of its file or object, which holds its hour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedAnchor {
    /// Without folders, such as `2026-11-21T10Z.json`.
    pub name: String,
    pub anchor: Anchor,
}

/// What is wrong with an anchor or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    #[error("the key is not PEM: it starts with -----BEGIN PUBLIC KEY-----")]
    Pem,
    #[error("the key is none of the curve P-256, with which anchors are signed (ECC_NIST_P256)")]
    Curve,
}

impl UnsignedAnchor {
    /// The message that is signed, by way of its [`UnsignedAnchor::digest`].
    pub fn canonical(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical(self).map(String::into_bytes)
    }

    /// The 32 bytes that are signed (KMS: `MessageType` `DIGEST`, since a message of its own may have 4,096 bytes at most).
    pub fn digest(&self) -> Result<[u8; 32], CanonicalError> {
        Ok(Sha256::digest(self.canonical()?).into())
    }

    /// The digest in hexadecimal: what the next anchor names.
    pub fn hash(&self) -> Result<String, CanonicalError> {
        Ok(hex::encode(self.digest()?))
    }

    pub fn signed(self, signature: &[u8]) -> Anchor {
        let Self { taken_at, heads, previous_anchor_hash, key_id } = self;
        Anchor { taken_at, heads, previous_anchor_hash, key_id, signature: STANDARD.encode(signature) }
    }
}

impl Anchor {
    /// Under which name it is kept. One hour has one name, so it has one anchor.
    pub fn name_at(taken_at: Timestamp) -> String {
        taken_at.strftime("%Y-%m-%dT%HZ.json").to_string()
    }

    pub fn unsigned(&self) -> UnsignedAnchor {
        UnsignedAnchor {
            taken_at: self.taken_at,
            heads: self.heads.clone(),
            previous_anchor_hash: self.previous_anchor_hash.clone(),
            key_id: self.key_id.clone(),
        }
    }

    /// What the next anchor names.
    pub fn hash(&self) -> Result<String, CanonicalError> {
        self.unsigned().hash()
    }

    /// How many entries it vouches for, over all chains.
    pub fn entries(&self) -> u64 {
        self.heads.iter().map(|head| head.seq).sum()
    }

    /// What later heads say that cannot be if this anchor was true; `None` if they fit.
    pub fn contradiction(&self, later: &[ChainHead]) -> Option<String> {
        self.heads.iter().find_map(|ChainHead { chain, seq, hash }| {
            let at = self.taken_at;
            match later.iter().find(|head| head.chain == *chain) {
                None => Some(format!("{chain} is gone, though it had {seq} entries at {at}")),
                Some(head) if head.seq < *seq => {
                    Some(format!("{chain} ends with entry {}, though it had {seq} entries at {at}", head.seq))
                }
                Some(head) if head.seq == *seq && head.hash != *hash => {
                    Some(format!("entry {seq} of {chain} is not the one that was there at {at}"))
                }
                Some(_) => None,
            }
        })
    }

    /// Whether the holder of the key signed it as it is.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let (Ok(message), Ok(signature)) = (self.unsigned().canonical(), STANDARD.decode(&self.signature)) else {
            return false;
        };
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.point).verify(&message, &signature).is_ok()
    }
}

/// The half of the signing key that everybody may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: Vec<u8>,
}

impl PublicKey {
    /// From `-----BEGIN PUBLIC KEY-----`, as `openssl` and Terraform write it.
    pub fn from_pem(pem: &str) -> Result<Self, AnchorError> {
        let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----").ok_or(AnchorError::Pem)?;
        let (body, _) = rest.split_once("-----END PUBLIC KEY-----").ok_or(AnchorError::Pem)?;
        let body: String = body.split_whitespace().collect();
        Self::from_der(&STANDARD.decode(body).map_err(|_| AnchorError::Pem)?)
    }

    /// From the DER that KMS hands out.
    pub fn from_der(der: &[u8]) -> Result<Self, AnchorError> {
        let point = der.strip_prefix(&SPKI_PREFIX).ok_or(AnchorError::Curve)?;
        if point.len() == POINT_BYTES { Ok(Self { point: point.to_vec() }) } else { Err(AnchorError::Curve) }
    }

    /// From the point itself: 0x04, x, y.
    pub fn from_point(point: &[u8]) -> Result<Self, AnchorError> {
        Self::from_der(&[SPKI_PREFIX.as_slice(), point].concat())
    }

    pub fn to_der(&self) -> Vec<u8> {
        [&SPKI_PREFIX, self.point.as_slice()].concat()
    }

    pub fn to_pem(&self) -> String {
        let body = STANDARD.encode(self.to_der());
        let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
        for (index, digit) in body.chars().enumerate() {
            if index > 0 && index % 64 == 0 {
                pem.push('\n');
            }
            pem.push(digit);
        }
        pem + "\n-----END PUBLIC KEY-----\n"
    }
}

/// The anchors whose signature holds, oldest first, and the first thing that is wrong with any.
pub(super) fn check(anchors: &[NamedAnchor], key: &PublicKey) -> (Vec<Anchor>, Option<Bad>) {
    let mut sorted: Vec<&NamedAnchor> = anchors.iter().collect();
    sorted.sort_by(|a, b| (a.anchor.taken_at, &a.name).cmp(&(b.anchor.taken_at, &b.name)));
    let trusted: Vec<Anchor> =
        sorted.iter().map(|named| &named.anchor).filter(|anchor| anchor.is_signed_by(key)).cloned().collect();
    let problem = unsigned_one(&sorted, &trusted).or_else(|| replayed_one(&sorted)).or_else(|| gap(&trusted));
    (trusted, problem)
}

fn bad(index: usize, reason: Reason, detail: String) -> Bad {
    Bad { chain: "anchors".to_owned(), seq: index as u64 + 1, reason, detail }
}

fn unsigned_one(sorted: &[&NamedAnchor], trusted: &[Anchor]) -> Option<Bad> {
    let index = sorted.iter().position(|named| !trusted.contains(&named.anchor))?;
    let name = &sorted.get(index)?.name;
    Some(if trusted.is_empty() {
        let detail = "no anchor's signature fits the public key: it is the wrong key, or all anchors were replaced";
        bad(index, Reason::WrongKey, detail.to_owned())
    } else {
        bad(index, Reason::AnchorChanged, format!("the signature of {name} does not fit: it was changed or replaced"))
    })
}

fn replayed_one(sorted: &[&NamedAnchor]) -> Option<Bad> {
    let mut taken = BTreeSet::new();
    sorted.iter().enumerate().find_map(|(index, NamedAnchor { name, anchor })| {
        let own = Anchor::name_at(anchor.taken_at);
        let detail = if *name != own {
            format!("{name} holds the anchor of {}: an old one was put in its place", anchor.taken_at)
        } else if !taken.insert(name) {
            format!("{name} is there twice")
        } else {
            return None;
        };
        Some(bad(index, Reason::AnchorReplayed, detail))
    })
}

/// Every anchor but the oldest at hand names one that is at hand too.
fn gap(trusted: &[Anchor]) -> Option<Bad> {
    let hashes: BTreeSet<String> = trusted.iter().filter_map(|anchor| anchor.hash().ok()).collect();
    let index = trusted
        .iter()
        .skip(1)
        .position(|anchor| anchor.previous_anchor_hash == GENESIS || !hashes.contains(&anchor.previous_anchor_hash))?;
    let at = trusted.get(index + 1)?.taken_at;
    Some(bad(index + 1, Reason::AnchorMissing, format!("the anchor before the one of {at} is missing")))
}
