//! A trail over several chains as the store writes it, and a key that signs anchors as KMS does.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "helpers of tests, which may stop the test")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::audit::{
    Anchor, AuditEntry, ChainHead, ChainId, Fact, FactKind, GENESIS, NamedAnchor, PublicKey, Tip, UnsignedAnchor,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use crate::now;

/// A P-256 key pair, made anew for each test.
#[derive(Debug)]
pub struct AnchorKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Default for AnchorKey {
    fn default() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { pair, random }
    }
}

impl AnchorKey {
    pub fn public(&self) -> PublicKey {
        PublicKey::from_point(self.pair.public_key().as_ref()).unwrap()
    }

    /// The signature over a message; KMS is given its SHA-256, which comes to the same.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(&self.random, message).unwrap().as_ref().to_vec()
    }

    /// Signs `anchor` under the name of its hour.
    pub fn anchor(&self, anchor: UnsignedAnchor) -> NamedAnchor {
        let signature = self.sign(&anchor.canonical().unwrap());
        let name = Anchor::name_at(anchor.taken_at);
        NamedAnchor { name, anchor: anchor.signed(&signature) }
    }
}

/// A trail that grows by facts and is anchored now and then.
#[derive(Debug, Default, Clone)]
pub struct Trail {
    pub entries: Vec<AuditEntry>,
    pub anchors: Vec<NamedAnchor>,
    heads: BTreeMap<ChainId, Tip>,
    facts: u64,
}

impl Trail {
    /// `facts` facts, one a second up to the testkit's instant, with an anchor after each `every`.
    pub fn grown(facts: u64, every: u64, key: &AnchorKey) -> Self {
        let mut trail = Self::default();
        for index in 0..facts {
            trail.grow();
            if (index + 1) % every == 0 {
                trail.take_anchor(key, now() - SignedDuration::from_hours(((facts - index - 1) / every) as i64));
            }
        }
        trail
    }

    /// Adds one fact to the chain it belongs to.
    pub fn grow(&mut self) {
        self.facts += 1;
        let subject = format!("inc_{}", self.facts);
        let details = json!({ "score": 0.97, "z": self.facts, "a": [1, 2.5] });
        let fact = Fact::new(FactKind::IncidentOpened, "log-analyzer-rca", &subject, None, now(), details);
        let chain = ChainId::of(&fact.id);
        let tip = self.heads.get(&chain).cloned().unwrap_or_else(Tip::genesis);
        let seen = chain.looks_at(tip.seq + 1).and_then(|other| self.head(other));
        let entry = AuditEntry::next_seeing(&chain.name(), &tip, seen, fact).unwrap();
        self.heads.insert(chain, entry.tip());
        self.entries.push(entry);
    }

    fn head(&self, chain: ChainId) -> Option<ChainHead> {
        let Tip { seq, hash } = self.heads.get(&chain)?.clone();
        Some(ChainHead { chain: chain.name(), seq, hash })
    }

    /// Anchors what there is.
    pub fn take_anchor(&mut self, key: &AnchorKey, taken_at: Timestamp) {
        let heads = ChainId::all().filter_map(|chain| self.head(chain)).collect();
        let previous = self.anchors.last().map(|named| named.anchor.hash().unwrap());
        self.anchors.push(key.anchor(UnsignedAnchor {
            taken_at,
            heads,
            previous_anchor_hash: previous.unwrap_or_else(|| GENESIS.to_owned()),
            key_id: "arn:aws:kms:us-east-1:111122223333:key/anchors".to_owned(),
        }));
    }
}
