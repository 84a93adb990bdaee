//! Random tampering: nothing that changes what the trail says goes unseen.

use nightjar_domain::audit::{AuditEntry, Tip};
use nightjar_testkit::{AnchorKey, Trail};
use proptest::prelude::*;

use super::{with_anchors, without_anchors};

#[derive(Debug, Clone)]
enum Change {
    Actor(prop::sample::Index, String),
    Details(prop::sample::Index, i64),
    Seal(prop::sample::Index, String),
    Remove(prop::sample::Index, usize),
    Swap(prop::sample::Index, prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index),
    Hash(prop::sample::Index, [u8; 32]),
    Cut(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), "[a-z]{1,8}").prop_map(|(at, actor)| Change::Actor(at, actor)),
        (at(), any::<i64>()).prop_map(|(at, number)| Change::Details(at, number)),
        (at(), "[a-z]{1,8}").prop_map(|(at, actor)| Change::Seal(at, actor)),
        (at(), 1..20_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        (at(), at()).prop_map(|(from, to)| Change::Copy(from, to)),
        (at(), any::<[u8; 32]>()).prop_map(|(at, hash)| Change::Hash(at, hash)),
        at().prop_map(Change::Cut),
    ]
}

fn apply(change: &Change, entries: &mut Vec<AuditEntry>) {
    let length = entries.len();
    if length == 0 {
        return;
    }
    match change {
        Change::Actor(at, actor) => entries[at.index(length)].fact.actor.clone_from(actor),
        Change::Details(at, number) => entries[at.index(length)].fact.details = serde_json::json!({ "n": number }),
        Change::Seal(at, actor) => {
            let entry = &mut entries[at.index(length)];
            entry.fact.actor.clone_from(actor);
            let tip = Tip { seq: entry.seq - 1, hash: entry.previous_hash.clone() };
            *entry = AuditEntry::next_seeing(&entry.chain, &tip, entry.seen.clone(), entry.fact.clone()).unwrap();
        }
        Change::Remove(at, count) => {
            let start = at.index(length);
            entries.drain(start..(start + count).min(length));
        }
        Change::Swap(a, b) => entries.swap(a.index(length), b.index(length)),
        Change::Copy(from, to) => {
            let copy = entries[from.index(length)].clone();
            entries.insert(to.index(length), copy);
        }
        Change::Hash(at, hash) => {
            entries[at.index(length)].hash = hex::encode(hash);
        }
        Change::Cut(at) => entries.truncate(at.index(length)),
    }
}

/// What the trail says: of each chain its entries in their order. How chains lie among each other in a file says nothing.
fn says(entries: &[AuditEntry]) -> Vec<AuditEntry> {
    let mut entries = entries.to_vec();
    entries.sort_by(|a, b| a.chain.cmp(&b.chain));
    entries
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn with_anchors_whatever_changes_what_the_trail_says_is_found(changes in prop::collection::vec(change(), 1..5)) {
        let key = AnchorKey::default();
        let whole = Trail::grown(120, 40, &key);
        let mut trail = whole.clone();
        for change in &changes {
            apply(change, &mut trail.entries);
        }
        let report = with_anchors(&trail, &key);
        prop_assert_eq!(report.valid, says(&trail.entries) == says(&whole.entries), "{:?}", report);
    }

    #[test]
    fn without_anchors_only_a_cut_tail_can_go_unseen(changes in prop::collection::vec(change(), 1..5)) {
        let key = AnchorKey::default();
        let whole = Trail::grown(120, 40, &key);
        let mut trail = whole.clone();
        for change in &changes {
            apply(change, &mut trail.entries);
        }
        let report = without_anchors(&trail);
        if report.valid {
            for entry in &trail.entries {
                // What is there is what was written, up to the last entry of a chain, which nothing follows.
                let is_last = !trail.entries.iter().any(|other| other.chain == entry.chain && other.seq > entry.seq);
                prop_assert!(is_last || whole.entries.contains(entry), "{:?}", entry);
            }
        } else {
            prop_assert!(says(&trail.entries) != says(&whole.entries), "{:?}", report);
        }
    }

    #[test]
    fn nothing_makes_the_reader_panic(line in "\\PC{0,200}") {
        let _ = nightjar_domain::audit::examine(line.as_bytes());
        let _ = nightjar_domain::audit::verify_export(line.as_bytes(), 2);
        let _ = nightjar_domain::audit::PublicKey::from_pem(&line);
    }
}
