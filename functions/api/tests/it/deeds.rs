//! What people do about an incident changes it once, with who and why.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use jiff::SignedDuration;
use nightjar_domain::incident::{Incident, Status};
use nightjar_testkit::{incident, now};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, api_telling, api_without_table, item, post, send};

/// A table of one incident whose version condition holds, and a topic.
struct World {
    client: Client,
    sns: aws_sdk_sns::Client,
    changes: Rule,
    published: Rule,
}

impl World {
    fn of(stored: &Incident) -> Self {
        let kept = Arc::new(Mutex::new(stored.clone()));
        let reader = Arc::clone(&kept);
        let get = mock!(Client::get_item).then_compute_output(move |_| {
            GetItemOutput::builder().set_item(Some(item(&reader.lock().unwrap()))).build()
        });
        let changes = mock!(Client::update_item).then_compute_response(move |request| {
            let values = request.expression_attribute_values().unwrap();
            let mut kept = kept.lock().unwrap();
            if values[":before"].as_n().unwrap() != &kept.version.to_string() {
                let refused = ConditionalCheckFailedException::builder().build();
                return MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(refused));
            }
            kept.status = values[":status"].as_s().unwrap().parse().unwrap();
            kept.version = values[":version"].as_n().unwrap().parse().unwrap();
            kept.assignee = values.get(":assignee").map(|value| value.as_s().unwrap().clone());
            kept.timeline = serde_dynamo::from_attribute_value(values[":timeline"].clone()).unwrap();
            MockResponse::Output(UpdateItemOutput::builder().build())
        });
        let tip = mock!(Client::query).then_output(|| QueryOutput::builder().build());
        let append = mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build());
        let published = mock!(aws_sdk_sns::Client::publish).then_output(|| PublishOutput::builder().build());
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&get, &changes, &tip, &append]);
        let sns = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&published]);
        Self { client, sns, changes, published }
    }

    async fn post(&self, deed: &str, body: &Value, if_match: Option<&str>) -> Answer {
        let path = format!("/alerts/{}/{deed}", incident().id);
        send(api_telling(self.client.clone(), self.sns.clone()), &post(&path, body, if_match)).await
    }
}

fn body() -> Value {
    json!({ "by": "alice", "why": "on it" })
}

#[tokio::test]
async fn a_change_is_stored_with_who_and_why_and_told() {
    let world = World::of(&incident());
    let answer = world.post("acknowledge", &body(), Some("\"1\"")).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
    let changed: Incident = serde_json::from_value(answer.body).unwrap();
    let last = changed.timeline.last().unwrap();
    assert_eq!((changed.status, last.why.as_str()), (Status::Acknowledged, "on it"));
    assert_eq!(last.by, "alice (through arn:aws:sts::000000000000:assumed-role/reader/cli)");
    assert_eq!(world.published.num_calls(), 1);
}

#[tokio::test]
async fn requests_at_the_same_moment_change_it_once() {
    let world = World::of(&incident());
    let body = body();
    let posts = (0..8).map(|_| world.post("acknowledge", &body, None));
    for answer in futures::future::join_all(posts).await {
        assert_eq!((answer.status, answer.body["version"].as_u64()), (StatusCode::OK, Some(2)));
    }
    assert!(world.published.num_calls() >= 1);
}

#[tokio::test]
async fn a_repeat_tells_again_and_changes_nothing() {
    let world = World::of(&incident());
    for _ in 0..2 {
        assert_eq!(world.post("resolve", &body(), None).await.body["version"], 2);
    }
    assert_eq!((world.changes.num_calls(), world.published.num_calls()), (1, 2));
}

#[tokio::test]
async fn what_was_decided_on_an_old_version_is_refused() {
    let world = World::of(&Incident { version: 3, ..incident() });
    let answer = world.post("resolve", &body(), Some("\"1\"")).await;
    assert_eq!(answer.status, StatusCode::PRECONDITION_FAILED);
    assert!(answer.body["detail"].as_str().unwrap().contains("version is 3"));
    assert_eq!((world.changes.num_calls(), world.published.num_calls()), (0, 0));
}

#[tokio::test]
async fn what_is_over_stays_over() {
    let world = World::of(&Incident { status: Status::Resolved, ..incident() });
    assert_eq!(world.post("acknowledge", &body(), None).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_suppression_has_an_end() {
    let world = World::of(&incident());
    let until = |until: jiff::Timestamp| json!({ "by": "alice", "why": "on it", "until": until });
    let past = world.post("suppress", &until(now()), None).await;
    assert_eq!(past.status, StatusCode::BAD_REQUEST);
    let future = world.post("suppress", &until(now() + SignedDuration::from_hours(1)), None).await;
    assert_eq!((future.status, &future.body["status"]), (StatusCode::OK, &json!("SUPPRESSED")));
}

#[tokio::test]
async fn an_incident_is_given_to_somebody_once_and_keeps_its_status() {
    let world = World::of(&incident());
    let body = json!({ "to": "kim@example.com", "why": "knows the heap" });
    for _ in 0..2 {
        let answer = world.post("assign", &body, None).await;
        assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
        let given: Incident = serde_json::from_value(answer.body).unwrap();
        let last = given.timeline.last().unwrap();
        assert_eq!((given.status, given.assignee.as_deref()), (Status::Open, Some("kim@example.com")));
        assert_eq!(
            (last.assignee.as_deref(), last.why.as_str()),
            (Some("kim@example.com"), "assigned to kim@example.com: knows the heap")
        );
    }
    assert_eq!((world.changes.num_calls(), world.published.num_calls()), (1, 0), "who is told what stays as it is");
    let late = world.post("assign", &json!({ "to": "sam", "why": "on leave" }), Some("\"1\"")).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let over = World::of(&Incident { status: Status::Resolved, ..incident() });
    assert_eq!(over.post("assign", &body, None).await.status, StatusCode::CONFLICT);
}

#[rstest]
#[case::no_end("suppress", json!({ "by": "a", "why": "b" }), "until")]
#[case::an_end_too_many("resolve", json!({ "by": "a", "why": "b", "until": "2027-01-01T00:00:00Z" }), "until")]
#[case::nobody("resolve", json!({ "by": " ", "why": "b" }), "by")]
#[case::no_reason("resolve", json!({ "by": "a", "why": "" }), "why")]
#[case::misspelt("resolve", json!({ "by": "a", "why": "b", "unitl": 1 }), "body")]
#[case::given_to_nobody("assign", json!({ "to": " ", "why": "b" }), "to")]
#[case::given_for_no_reason("assign", json!({ "to": "kim", "why": "" }), "why")]
#[case::no_object("resolve", json!([]), "body")]
#[tokio::test]
async fn a_deed_that_cannot_be_used_is_refused(#[case] deed: &str, #[case] body: Value, #[case] parameter: &str) {
    let path = format!("/alerts/{}/{deed}", incident().id);
    let answer = send(api_without_table(), &post(&path, &body, None)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:?}", answer.body);
    assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{:?}", answer.body);
}
