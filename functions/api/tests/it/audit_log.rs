use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use axum::Router;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nightjar_domain::audit::AuditEntry;
use nightjar_testkit::{AnchorKey, Trail};
use serde_json::json;

use crate::calls::{answer, hearing, target};
use crate::support::{api, api_with, api_without_table, get, send};

fn table(entries: Vec<AuditEntry>) -> Client {
    let query = mock!(Client::query).then_compute_output(move |request| {
        let values = request.expression_attribute_values().unwrap();
        let bound = values.get(":seq").map(|seq| seq.as_n().unwrap().parse::<u64>().unwrap());
        let forward = request.scan_index_forward().unwrap();
        let mut found: Vec<&AuditEntry> = entries
            .iter()
            .filter(|entry| entry.chain == *values[":chain"].as_s().unwrap())
            .filter(|entry| bound.is_none_or(|bound| if forward { entry.seq > bound } else { entry.seq < bound }))
            .collect();
        if !forward {
            found.reverse();
        }
        found.truncate(usize::try_from(request.limit().unwrap()).unwrap());
        QueryOutput::builder().set_items(Some(found.into_iter().map(row).collect())).build()
    });
    mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query])
}

pub(crate) fn row(entry: &AuditEntry) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("seq".to_owned(), AttributeValue::N(entry.seq.to_string())),
        ("entry".to_owned(), AttributeValue::S(entry.to_canonical_json().unwrap())),
    ])
}

/// The API over a trail, its anchors and the key that they are signed with.
fn api_over(trail: &Trail, key: &AnchorKey) -> Router {
    let anchors = trail.anchors.clone();
    let der = STANDARD.encode(key.public().to_der());
    let caller = hearing(move |request| {
        if target(request) == "TrentService.GetPublicKey" {
            return answer(200, json!({ "PublicKey": der }).to_string());
        }
        let Some((_, name)) = request.uri().rsplit_once("the-anchors.s3.us-east-1.amazonaws.com/anchors/") else {
            let keys = anchors.iter().map(|named| format!("<Contents><Key>anchors/{}</Key></Contents>", named.name));
            return answer(200, format!("<ListBucketResult>{}</ListBucketResult>", keys.collect::<String>()));
        };
        let named = anchors.iter().find(|named| named.name.replace(':', "%3A") == name).unwrap();
        answer(200, serde_json::to_vec(&named.anchor).unwrap())
    });
    api_with(table(trail.entries.clone()), caller)
}

#[tokio::test]
async fn the_trail_is_read_page_by_page() {
    let trail = Trail::grown(45, 100, &AnchorKey::default());
    let (mut target, mut subjects) = ("/audit-log?limit=20".to_owned(), Vec::new());
    loop {
        let answer = send(api(table(trail.entries.clone())), &get(&target)).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, "private, no-store"));
        let entries = answer.body["entries"].as_array().unwrap().clone();
        subjects.extend(entries.iter().map(|entry| entry["fact"]["subject"].as_str().unwrap().to_owned()));
        match answer.body["next_cursor"].as_str() {
            Some(cursor) => target = format!("/audit-log?limit=20&cursor={cursor}"),
            None => break,
        }
    }
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 45);
}

#[tokio::test]
async fn a_list_is_narrowed_and_a_cursor_keeps_its_filter() {
    let trail = Trail::grown(45, 100, &AnchorKey::default());
    let answer = send(api(table(trail.entries.clone())), &get("/audit-log?subject=inc_7&kind=incident.opened")).await;
    assert_eq!(answer.body["entries"].as_array().unwrap().len(), 1);
    assert_eq!(answer.body["entries"][0]["fact"]["subject"], "inc_7");
    let first = send(api(table(trail.entries)), &get("/audit-log?limit=1&kind=incident.opened")).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let answer = send(api_without_table(), &get(&format!("/audit-log?cursor={cursor}&kind=anomaly.detected"))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body["errors"][0]["problem"], "continues a list with other filters");
}

#[tokio::test]
async fn bad_parameters_are_told_at_once() {
    let answer = send(api_without_table(), &get("/audit-log?limit=201&since=now&cursor=e30&colour=red")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let named: Vec<&str> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["parameter"].as_str().unwrap()).collect();
    assert_eq!(named, ["colour", "since", "limit", "cursor"]);
    let answer = send(api_without_table(), &get("/audit-log/verify?hours=745")).await;
    assert_eq!(answer.body["errors"][0]["allowed"], "a whole number from 1 to 744");
}

#[tokio::test]
async fn a_whole_trail_is_verified_from_an_anchor_on() {
    let key = AnchorKey::default();
    let trail = Trail::grown(130, 40, &key);
    let answer = send(api_over(&trail, &key), &get("/audit-log/verify")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["valid"], true, "{}", answer.body);
    assert_eq!(answer.body["since"], json!(trail.anchors[0].anchor.taken_at));
    assert_eq!((&answer.body["entries"], &answer.body["anchored_through"]), (&json!(90), &json!(120)));
    assert_eq!(answer.body["first_bad"], json!(null));
}

#[tokio::test]
async fn a_trail_without_anchors_is_verified_as_it_is() {
    let key = AnchorKey::default();
    let answer = send(api_over(&Trail::grown(30, 100, &key), &key), &get("/audit-log/verify?hours=1")).await;
    assert_eq!((&answer.body["valid"], &answer.body["since"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn a_trail_that_was_cut_is_told() {
    let key = AnchorKey::default();
    let mut trail = Trail::grown(120, 40, &key);
    trail.entries.truncate(100);
    let answer = send(api_over(&trail, &key), &get("/audit-log/verify")).await;
    assert_eq!((answer.status, &answer.body["valid"]), (StatusCode::OK, &json!(false)));
    assert_eq!(answer.body["first_bad"]["reason"], "truncated");
}

#[tokio::test]
async fn anchors_that_cannot_be_read_are_a_503() {
    let denied = hearing(|_| answer(400, r#"{"__type": "AccessDeniedException", "message": "the-key"}"#));
    let api = api_with(table(Vec::new()), denied);
    let answer = send(api, &get("/audit-log/verify")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.body.to_string().contains("the-key"), "{}", answer.body);
}
