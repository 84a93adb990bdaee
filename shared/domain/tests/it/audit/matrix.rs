//! Which attack is found by what: the table in docs/audit.md is this test's.

use jiff::SignedDuration;
use nightjar_domain::audit::Reason;
use nightjar_testkit::{AnchorKey, Trail, now};

use super::attacks::{ATTACKS, attacked};
use super::{trail, verify_at, with_anchors, without_anchors};

#[test]
fn an_untouched_trail_is_whole_with_and_without_anchors() {
    let key = AnchorKey::default();
    let trail = trail(&key);
    let report = with_anchors(&trail, &key);
    assert_eq!(
        (report.valid, report.entries, report.anchored_through, report.anchors),
        (true, 400, 400, 4),
        "{report:?}"
    );
    assert_eq!(report.newest_anchor_at, Some(now()));
    assert!(trail.entries.iter().any(|entry| entry.seen.is_some()));
    let report = without_anchors(&trail);
    assert_eq!((report.valid, report.anchored_through), (true, 0), "{report:?}");
}

#[test]
fn every_attack_is_found_and_named() {
    let key = AnchorKey::default();
    for attack in ATTACKS {
        let trail = attacked(attack, &key);
        let found = |report: nightjar_domain::audit::Report| report.first_bad.map(|bad| bad.reason);
        assert_eq!(found(with_anchors(&trail, &key)), Some(attack.with_anchors), "{}, with anchors", attack.name);
        assert_eq!(found(without_anchors(&trail)), attack.without_anchors, "{}, without", attack.name);
    }
}

#[test]
fn the_table_in_the_documentation_is_this_one() {
    let rows = ATTACKS.iter().map(|attack| {
        let alone =
            attack.without_anchors.map_or_else(|| "not found".to_owned(), |reason| format!("`{}`", reason.as_str()));
        format!("| {} | {alone} | `{}` |\n", attack.name, attack.with_anchors.as_str())
    });
    let table: String =
        ["| attack | the entries alone | with anchors |\n|---|---|---|\n".to_owned()].into_iter().chain(rows).collect();
    let docs = std::fs::read_to_string("../../docs/audit.md").unwrap();
    assert!(docs.contains(&table), "docs/audit.md should hold this table:\n\n{table}");
}

#[test]
fn the_entry_at_fault_is_named() {
    let key = AnchorKey::default();
    let report = with_anchors(&attacked(&ATTACKS[0], &key), &key);
    let bad = report.first_bad.unwrap();
    assert_eq!((bad.seq, bad.reason), (5, Reason::Edited));
    assert!(bad.chain.starts_with("shard-") && bad.detail.contains(&bad.chain), "{bad:?}");
}

#[test]
fn what_has_reached_its_age_may_be_gone_if_an_anchor_shows_its_age() {
    let key = AnchorKey::default();
    let whole = Trail::grown(400, 100, &key);
    // What stood before the second anchor, of which one is younger than the retention.
    let mut expired = whole.clone();
    expired.entries.drain(..200);
    let age = SignedDuration::from_hours(24 * 400);
    let (young, old) = (now() + age - SignedDuration::from_hours(3), now() + age);
    assert_eq!(verify_at(&expired, Some(&key.public()), young).first_bad.unwrap().reason, Reason::MissingStart);
    let report = verify_at(&expired, Some(&key.public()), old);
    assert!(report.valid, "{report:?}");
    assert_eq!(report.entries, 200);
    assert!(report.chains.iter().all(|chain| chain.first_seq > 1));
}

#[test]
fn anchors_may_begin_anywhere_and_entries_may_be_younger_than_the_newest() {
    let key = AnchorKey::default();
    let mut trail = Trail::grown(430, 100, &key);
    trail.anchors.drain(..2);
    let report = with_anchors(&trail, &key);
    assert!(report.valid, "{report:?}");
    assert_eq!((report.entries, report.anchored_through), (430, 400));
}

#[test]
fn a_verification_may_start_at_an_anchor() {
    use nightjar_domain::audit::{Retention, Verifier, examine};
    let key = AnchorKey::default();
    let trail = trail(&key);
    let start = &trail.anchors[1].anchor;
    let verify = |skip: usize| {
        let mut verifier = Verifier::after(start).unwrap();
        for entry in trail.entries.iter().skip(skip) {
            verifier.push(&examine(entry.to_canonical_json().unwrap().as_bytes()).unwrap());
        }
        verifier.finish(Some((&trail.anchors, &key.public())), &Retention::bundled().unwrap(), now())
    };
    let report = verify(200);
    assert!(report.valid, "{report:?}");
    assert_eq!((report.entries, report.anchored_through), (200, 400));
    assert_eq!(verify(201).first_bad.map(|bad| bad.reason), Some(Reason::Deleted));
}
