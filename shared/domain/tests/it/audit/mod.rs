//! The audit trail under attack.

mod attacks;
mod export;
mod matrix;
mod tampering;

use jiff::Timestamp;
use nightjar_domain::audit::{AuditEntry, PublicKey, Report, Retention, Verifier, examine};
use nightjar_testkit::{AnchorKey, Trail, now};

/// A few hundred facts over all shards, anchored every 100.
fn trail(key: &AnchorKey) -> Trail {
    Trail::grown(400, 100, key)
}

fn push_all(entries: &[AuditEntry]) -> Verifier {
    let mut verifier = Verifier::default();
    for entry in entries {
        verifier.push(&examine(entry.to_canonical_json().unwrap().as_bytes()).unwrap());
    }
    verifier
}

fn verify_at(trail: &Trail, key: Option<&PublicKey>, now: Timestamp) -> Report {
    let anchors = key.map(|key| (trail.anchors.as_slice(), key));
    push_all(&trail.entries).finish(anchors, &Retention::bundled().unwrap(), now)
}

fn with_anchors(trail: &Trail, key: &AnchorKey) -> Report {
    verify_at(trail, Some(&key.public()), now())
}

fn without_anchors(trail: &Trail) -> Report {
    verify_at(trail, None, now())
}
