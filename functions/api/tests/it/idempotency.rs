//! A POST with a key is done once, however often it is sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_testkit::now;
use serde_json::{Value, json};

use crate::support::{Answer, api, post, send};

type Item = HashMap<String, AttributeValue>;

/// The table of answers, and the silences that are set.
struct World {
    client: Client,
    kept: Arc<Mutex<HashMap<String, Item>>>,
    set: Rule,
}

fn id(key: &Item) -> String {
    key["id"].as_s().unwrap().clone()
}

/// `fails`: how often a silence cannot be written.
fn world(fails: usize) -> World {
    let kept: Arc<Mutex<HashMap<String, Item>>> = Arc::default();
    let claim = {
        let kept = Arc::clone(&kept);
        mock!(Client::put_item)
            .match_requests(|request| request.table_name() == Some("aiops-notifications"))
            .then_compute_response(move |request| {
                let (item, mut kept) = (request.item().unwrap(), kept.lock().unwrap());
                assert!(
                    id(item).starts_with("request#")
                        && item["lease_until"].as_n().unwrap() < item["expires_at"].as_n().unwrap()
                );
                if kept.contains_key(&id(item)) {
                    let failed = ConditionalCheckFailedException::builder().build();
                    return MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed));
                }
                kept.insert(id(item), item.clone());
                MockResponse::Output(PutItemOutput::builder().build())
            })
    };
    let look = {
        let kept = Arc::clone(&kept);
        mock!(Client::get_item)
            .match_requests(|request| request.table_name() == Some("aiops-notifications"))
            .then_compute_output(move |request| {
                assert_eq!(request.consistent_read(), Some(true));
                GetItemOutput::builder()
                    .set_item(kept.lock().unwrap().get(&id(request.key().unwrap())).cloned())
                    .build()
            })
    };
    let keep = {
        let kept = Arc::clone(&kept);
        mock!(Client::update_item)
            .match_requests(|request| request.table_name() == Some("aiops-notifications"))
            .then_compute_output(move |request| {
                let values = request.expression_attribute_values().unwrap();
                let mut kept = kept.lock().unwrap();
                let item = kept.get_mut(&id(request.key().unwrap())).unwrap();
                assert_eq!(values[":claimed_at"], item["claimed_at"]);
                item.insert("answer".to_owned(), values[":answer"].clone());
                UpdateItemOutput::builder().build()
            })
    };
    let release = {
        let kept = Arc::clone(&kept);
        mock!(Client::delete_item)
            .match_requests(|request| request.table_name() == Some("aiops-notifications"))
            .then_compute_output(move |request| {
                kept.lock().unwrap().remove(&id(request.key().unwrap()));
                DeleteItemOutput::builder().build()
            })
    };
    let settings =
        mock!(Client::query).then_output(|| aws_sdk_dynamodb::operation::query::QueryOutput::builder().build());
    let failures = Mutex::new(fails);
    let set = mock!(Client::put_item)
        .match_requests(|request| request.table_name() == Some("aiops-silences"))
        .then_compute_response(move |_| {
            let mut failures = failures.lock().unwrap();
            if *failures == 0 {
                return MockResponse::Output(PutItemOutput::builder().build());
            }
            *failures -= 1;
            let throttled = aws_smithy_types::error::ErrorMetadata::builder().code("AccessDeniedException").build();
            MockResponse::Error(PutItemError::generic(throttled))
        });
    let audit = mock!(Client::transact_write_items)
        .then_output(|| aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput::builder().build());
    let rules = [&claim, &look, &keep, &release, &settings, &set, &audit];
    World { client: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules), kept, set }
}

impl World {
    async fn silence(&self, key: &str, reason: &str) -> Answer {
        let ends_at = (now() + jiff::SignedDuration::from_hours(1)).to_string();
        let mut event =
            post("/silences", &json!({ "matchers": ["severity=low"], "reason": reason, "ends_at": ends_at }), None);
        event["headers"]["idempotency-key"] = key.into();
        send(api(self.client.clone()), &event).await
    }

    /// As if the first of them were not answered yet.
    fn forget_answers(&self) {
        self.kept.lock().unwrap().values_mut().for_each(|item| {
            item.remove("answer");
        });
    }
}

#[tokio::test]
async fn the_same_again_is_not_done_again_and_gets_the_same_answer() {
    let world = world(0);
    let first = world.silence("k1", "deploy").await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (StatusCode::CREATED, ""), "{}", first.body);
    let again = world.silence("k1", "deploy").await;
    assert_eq!((again.status, &again.body, again.header("idempotency-replayed")), (first.status, &first.body, "true"));
    for name in ["content-type", "etag", "location"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(world.set.num_calls(), 1);
    assert_eq!(world.silence("k2", "deploy").await.header("idempotency-replayed"), "");
    assert_eq!(world.set.num_calls(), 2);
}

#[tokio::test]
async fn the_same_key_for_something_else_is_refused() {
    let world = world(0);
    world.silence("k1", "deploy").await;
    let other = world.silence("k1", "another reason").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other.header("content-type"), "application/problem+json");
    assert_eq!(other.body["type"], "urn:problem-type:nightjar:idempotency-key-reused");
    assert_eq!(world.set.num_calls(), 1);
}

#[tokio::test]
async fn a_repetition_that_comes_too_early_is_told_to_come_back() {
    let world = world(0);
    world.silence("k1", "deploy").await;
    world.forget_answers();
    let early = world.silence("k1", "deploy").await;
    assert_eq!((early.status, early.header("retry-after")), (StatusCode::CONFLICT, "2"));
    assert_eq!(early.body["type"], "urn:problem-type:nightjar:request-under-way");
    assert_eq!(world.set.num_calls(), 1);
}

#[tokio::test]
async fn what_failed_by_our_fault_is_done_again() {
    let world = world(1);
    assert!(world.silence("k1", "deploy").await.status.is_server_error());
    assert!(world.kept.lock().unwrap().is_empty());
    assert_eq!(world.silence("k1", "deploy").await.status, StatusCode::CREATED);
    assert_eq!(world.set.num_calls(), 2);
}

#[tokio::test]
async fn a_refusal_is_an_answer_too() {
    let world = world(0);
    for replayed in ["", "true"] {
        let refused = world.silence("k1", "").await;
        assert_eq!((refused.status, refused.header("idempotency-replayed")), (StatusCode::BAD_REQUEST, replayed));
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused_before_anything_is_done() {
    let world = world(0);
    for key in ["", "a b", &"k".repeat(256)] {
        let refused = world.silence(key, "deploy").await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["parameter"]),
            (StatusCode::BAD_REQUEST, &json!("idempotency-key"))
        );
    }
    assert_eq!(world.set.num_calls(), 0);
}

#[tokio::test]
async fn whose_role_is_too_low_learns_nothing_of_a_key() {
    let mut event = post("/silences", &Value::Null, None);
    event["headers"]["idempotency-key"] = "k1".into();
    event["requestContext"]["authorizer"] = Value::Null;
    let answer = send(api(world(0).client), &event).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
