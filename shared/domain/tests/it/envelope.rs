//! Messages survive the trip, fit into SNS, and what cannot be read says why.

use nightjar_domain::alert::{Notice, email};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::{LogSignals, diagnose};
use nightjar_domain::envelope::{Envelope, MAX_MESSAGE_BYTES, schema_of};
use nightjar_domain::evidence::{Change, Evidence, LogEvidence, ObservedPattern};
use nightjar_domain::incident::Incident;
use nightjar_testkit::{anomaly, change, envelope_of, evidence, incident, now, observed_pattern};
use rstest::rstest;
use serde_json::{Value, json};

#[test]
fn a_message_survives_the_trip() {
    let sent = envelope_of(incident());
    let text = serde_json::to_string(&sent).unwrap();
    assert_eq!(schema_of(&text).unwrap(), "nightjar.incident/1");
    assert_eq!(Envelope::<Incident>::parse(&text).unwrap(), sent);
}

#[test]
fn a_chain_keeps_its_trace_and_names_its_cause() {
    let first = envelope_of(anomaly());
    let second = Envelope::caused_by(&first, incident(), now());
    assert_eq!((first.caused_by.as_deref(), &first.trace), (None, &first.id));
    assert_eq!((second.caused_by.as_deref(), &second.trace), (Some(first.id.as_str()), &first.id));
    assert_ne!(second.id, first.id);
}

#[test]
fn the_same_message_has_the_same_id_whenever_it_is_sent() {
    let later = now() + jiff::SignedDuration::from_hours(1);
    assert_eq!(Envelope::first(incident(), now()).id, Envelope::first(incident(), later).id);
}

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut message = serde_json::to_value(envelope_of(anomaly())).unwrap();
    change(&mut message);
    message.to_string()
}

#[rstest]
#[case::no_json("disk full".to_owned(), "not a Nightjar envelope (a JSON object with schema, id, trace, occurred_at and body): expected value")]
#[case::empty(
    String::new(),
    "not a Nightjar envelope (a JSON object with schema, id, trace, occurred_at and body): EOF"
)]
#[case::cut_in_two(changed(|_| {}).split_off(9), "not a Nightjar envelope")]
#[case::no_schema(json!({ "id": "anm_1" }).to_string(), "not a Nightjar envelope (a JSON object with schema, id, trace, occurred_at and body): missing field `schema`")]
#[case::newer(changed(|m| m["schema"] = json!("nightjar.anomaly/2")), "schema \"nightjar.anomaly/2\" is not known here, \"nightjar.anomaly/1\" is")]
#[case::another_kind(changed(|m| m["schema"] = json!("nightjar.incident/1")), "schema \"nightjar.incident/1\" is not known here")]
#[case::no_body(changed(|m| m["body"] = json!(null)), "the body does not fit nightjar.anomaly/1: invalid type: null")]
#[case::incomplete(changed(|m| { m["body"].as_object_mut().unwrap().remove("observed"); }), "the body does not fit nightjar.anomaly/1: missing field `observed`")]
#[case::wrong_type(changed(|m| m["body"]["severity"] = json!("URGENT")), "the body does not fit nightjar.anomaly/1: unknown variant `URGENT`")]
#[case::no_number(changed(|m| m["body"]["observed"] = json!(null)), "the body does not fit nightjar.anomaly/1: invalid type: null, expected f64")]
fn what_cannot_be_read_says_why(#[case] text: String, #[case] expected: &str) {
    let error = Envelope::<Anomaly>::parse(&text).unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn a_field_that_a_newer_producer_adds_is_no_error() {
    let text = changed(|message| message["body"]["hint"] = json!("new"));
    assert_eq!(Envelope::<Anomaly>::parse(&text).unwrap().body, anomaly());
}

/// The worst that logs can do: more patterns than are kept, in long lines of characters that grow when they are written.
#[test]
fn an_incident_of_any_logs_fits_into_one_message() {
    let words: Vec<String> = (0..150_u32).map(|i| format!("{i:b}").replace('0', "a").replace('1', "b")).collect();
    let kinds = ["enospc", "out of memory", "emfile", "timed out", "econnrefused", "error"];
    let patterns: Vec<ObservedPattern> = words
        .iter()
        .zip(kinds.iter().cycle())
        .map(|(word, kind)| {
            let text = format!("{kind} {word} {}", "\u{1}\"\u{1b}é".repeat(250));
            ObservedPattern { template: text.clone(), sample: text, ..observed_pattern() }
        })
        .collect();
    let long = "\u{1}\"é".repeat(400);
    let changed = Change { event: long.clone(), by: long.clone(), resources: vec![long; 40], ..change() };
    let evidence =
        Evidence { logs: LogEvidence { patterns, ..evidence().logs }, changes: vec![changed; 200], ..evidence() };
    let finding = diagnose(&evidence, &LogSignals::bundled().unwrap());
    let envelope = envelope_of(Incident { finding, ..incident() });
    let email = email(&Notice::from(&envelope)).body;
    let message = json!({ "default": serde_json::to_string(&envelope).unwrap(), "email": email }).to_string();
    assert!(message.len() < MAX_MESSAGE_BYTES - 2048, "{}", message.len());
}
