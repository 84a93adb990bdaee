//! Exports, old and new, whole and broken.

use nightjar_domain::audit::{ExportError, ExportLine, PublicKey, Reason, Retention, verify_export};
use nightjar_testkit::{AnchorKey, now};

use super::{push_all, trail};

/// Written by version 0.1.0: one chain, fields in the order of the types.
const OF_THE_FIRST_VERSION: &str = include_str!("main_chain.jsonl");

fn lines(key: &AnchorKey) -> Vec<String> {
    let trail = trail(key);
    let key = serde_json::to_string(&ExportLine::PublicKey(key.public().to_pem())).unwrap();
    let anchors = trail.anchors.into_iter().map(|anchor| serde_json::to_string(&ExportLine::Anchor(anchor)).unwrap());
    [key]
        .into_iter()
        .chain(anchors)
        .chain(trail.entries.iter().map(|entry| entry.to_canonical_json().unwrap()))
        .collect()
}

#[test]
fn an_export_brings_entries_anchors_and_key_whatever_the_number_of_threads() {
    let key = AnchorKey::default();
    let text = lines(&key).join("\n");
    for workers in [0, 1, 2, 7] {
        let export = verify_export(text.as_bytes(), workers).unwrap();
        let public = PublicKey::from_pem(&export.public_key.unwrap()).unwrap();
        assert_eq!(public, key.public());
        let report = export.verifier.finish(Some((&export.anchors, &public)), &Retention::bundled().unwrap(), now());
        assert_eq!((report.valid, report.entries, report.anchored_through), (true, 400, 400), "{report:?}");
    }
}

#[test]
fn blocks_of_many_megabytes_are_linked_in_their_order() {
    // Spaces between entries: every line moves to another place in its block.
    let text = lines(&AnchorKey::default()).join(&format!("{}\n", " ".repeat(20_000)));
    let export = verify_export(text.as_bytes(), 2).unwrap();
    assert!(export.verifier.finish(None, &Retention::bundled().unwrap(), now()).valid);
}

#[test]
fn the_chain_of_the_first_version_still_verifies() {
    let export = verify_export(OF_THE_FIRST_VERSION.as_bytes(), 1).unwrap();
    let report = export.verifier.finish(None, &Retention::bundled().unwrap(), now());
    assert_eq!((report.valid, report.entries), (true, 3), "{report:?}");
    let edited = OF_THE_FIRST_VERSION.replacen("0.985", "0.123", 1);
    let report =
        verify_export(edited.as_bytes(), 1).unwrap().verifier.finish(None, &Retention::bundled().unwrap(), now());
    assert_eq!(report.first_bad.map(|bad| bad.reason), Some(Reason::Edited));
}

#[test]
fn another_spelling_of_the_same_json_is_the_same_entry() {
    let trail = trail(&AnchorKey::default());
    let pretty = |entry| serde_json::to_string(&serde_json::to_value(entry).unwrap()).unwrap().replace("\":", "\": ");
    let text: Vec<String> = trail.entries.iter().map(pretty).collect();
    let export = verify_export(text.join("\n").as_bytes(), 2).unwrap();
    let retention = Retention::bundled().unwrap();
    assert_eq!(
        export.verifier.finish(None, &retention, now()),
        push_all(&trail.entries).finish(None, &retention, now())
    );
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    let mut broken = lines(&AnchorKey::default());
    broken[300].truncate(40);
    let error = verify_export(broken.join("\n").as_bytes(), 2).unwrap_err();
    assert!(matches!(error, ExportError::Line { line: 301, .. }), "{error}");
    for empty in ["", "\n\n", "{\"public_key\":\"x\"}\n"] {
        assert!(matches!(verify_export(empty.as_bytes(), 2), Err(ExportError::Empty)), "{empty:?}");
    }
}

#[test]
fn keys_of_another_kind_are_refused() {
    for pem in
        ["", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n", "-----BEGIN PUBLIC KEY-----"]
    {
        assert!(PublicKey::from_pem(pem).is_err(), "{pem}");
    }
}
