//! What people say of an event: both tables or neither, once for each word, with who said it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_domain::incident::Incident;
use nightjar_testkit::{incident, metric};
use serde_json::{Value, json};

use crate::support::{Answer, api, api_for_anybody, api_without_table, fixture, item, send};

type Item = HashMap<String, AttributeValue>;

/// Both tables in memory, and the audit trail's facts.
#[derive(Clone, Default)]
struct Tables {
    items: Arc<Mutex<HashMap<String, Item>>>,
    facts: Arc<Mutex<Vec<Value>>>,
    /// Transactions to lose to another writer.
    lost: Arc<Mutex<usize>>,
}

impl Tables {
    fn with_series() -> Self {
        let tables = Self::with_incident(&incident());
        let series = Item::from([
            ("series".to_owned(), AttributeValue::S(metric().series().to_string())),
            ("state".to_owned(), AttributeValue::B(Blob::new([1]))),
            ("version".to_owned(), AttributeValue::N("7".to_owned())),
        ]);
        tables.items.lock().unwrap().insert("aiops-series".to_owned(), series);
        tables
    }

    fn with_incident(incident: &Incident) -> Self {
        let tables = Self::default();
        tables.items.lock().unwrap().insert("aiops-incidents".to_owned(), item(incident));
        tables
    }

    fn client(&self) -> Client {
        let t = self.clone();
        let get = mock!(Client::get_item).then_compute_output(move |request| {
            let found = t.items.lock().unwrap().get(request.table_name().unwrap()).cloned();
            GetItemOutput::builder().set_item(found).build()
        });
        let tip = mock!(Client::query).then_output(|| QueryOutput::builder().build());
        let t = self.clone();
        let taken = mock!(Client::transact_write_items)
            .match_requests(move |request| {
                let audit = request.transact_items()[0].put().is_some();
                let mut lost = t.lost.lock().unwrap();
                let loses = !audit && *lost > 0;
                *lost -= usize::from(loses);
                loses
            })
            .then_error(|| {
                let reason = CancellationReason::builder().code("ConditionalCheckFailed").build();
                TransactWriteItemsError::TransactionCanceledException(
                    TransactionCanceledException::builder().cancellation_reasons(reason).build(),
                )
            });
        let t = self.clone();
        let write = mock!(Client::transact_write_items).then_compute_output(move |request| {
            for write in request.transact_items() {
                if let Some(update) = write.update() {
                    let mut items = t.items.lock().unwrap();
                    let stored = items.get_mut(update.table_name()).unwrap();
                    let values = update.expression_attribute_values().unwrap();
                    assert_eq!(stored["version"], values[":before"], "over the version that was read");
                    stored.insert("feedback".to_owned(), values[":feedback"].clone());
                    stored.insert("version".to_owned(), values[":next"].clone());
                }
                if let Some(entry) = write.put().and_then(|put| put.item().get("entry")) {
                    let entry: Value = serde_json::from_str(entry.as_s().unwrap()).unwrap();
                    t.facts.lock().unwrap().push(entry["fact"].clone());
                }
            }
            TransactWriteItemsOutput::builder().build()
        });
        let rules: [&Rule; 4] = [&get, &tip, &taken, &write];
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules)
    }

    fn version(&self, table: &str) -> String {
        self.items.lock().unwrap()[table]["version"].as_n().unwrap().clone()
    }

    fn facts(&self) -> Vec<Value> {
        self.facts.lock().unwrap().clone()
    }
}

fn event(body: &Value) -> Value {
    let mut event = fixture("feedback");
    event["rawPath"] = format!("/alerts/{}/feedback", incident().id).into();
    event["body"] = body.to_string().into();
    event
}

async fn say(tables: &Tables, verdict: &str) -> Answer {
    send(api(tables.client()), &event(&json!({ "verdict": verdict, "why": "the nightly import" }))).await
}

#[tokio::test]
async fn a_false_positive_raises_the_bar_and_a_withdrawal_restores_it() {
    let tables = Tables::with_series();
    let said = say(&tables, "false_positive").await;
    assert_eq!((said.status, said.header("etag")), (StatusCode::OK, "\"2\""), "{:?}", said.body);
    assert_eq!((&said.body["changed"], &said.body["bar_raised_by"]), (&json!(true), &json!(0.5)));
    assert_eq!(said.body["feedback"]["by"], "arn:aws:sts::000000000000:assumed-role/oncall/cli");
    let taken_back = say(&tables, "withdrawn").await;
    assert_eq!((&taken_back.body["changed"], &taken_back.body["bar_raised_by"]), (&json!(true), &json!(0.0)));
    assert_eq!((tables.version("aiops-incidents"), tables.version("aiops-series")), ("3".into(), "9".into()));
    let facts = tables.facts();
    assert_eq!(facts.len(), 2);
    assert_ne!(facts[0]["id"], facts[1]["id"]);
    assert_eq!((&facts[1]["kind"], &facts[1]["details"]["verdict"]), (&json!("feedback.given"), &json!("withdrawn")));
}

#[tokio::test]
async fn the_same_word_twice_changes_nothing_and_is_the_same_fact() {
    let tables = Tables::with_series();
    say(&tables, "false_positive").await;
    let again = say(&tables, "false_positive").await;
    assert_eq!((again.status, &again.body["changed"]), (StatusCode::OK, &json!(false)));
    assert_eq!(again.body["bar_raised_by"], 0.5);
    assert_eq!((tables.version("aiops-incidents"), tables.version("aiops-series")), ("2".into(), "8".into()));
    let facts = tables.facts();
    assert_eq!(facts[0]["id"], facts[1]["id"], "told again, in case the first telling failed; recorded once");
}

#[tokio::test]
async fn a_write_that_loses_to_the_detector_is_tried_again() {
    let tables = Tables::with_series();
    *tables.lost.lock().unwrap() = 2;
    assert_eq!(say(&tables, "false_positive").await.body["changed"], true);
    *tables.lost.lock().unwrap() = 100;
    assert_eq!(say(&tables, "withdrawn").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn who_is_not_proven_is_said_not_to_be() {
    let tables = Tables::with_series();
    let mut event = event(&json!({ "verdict": "false_positive", "why": "x" }));
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    assert_eq!(send(api(tables.client()), &event).await.status, StatusCode::UNAUTHORIZED);
    let said = send(api_for_anybody(tables.client()), &event).await;
    assert_eq!(said.body["feedback"]["by"], "unauthenticated, from 192.0.2.10");
}

#[tokio::test]
async fn what_cannot_be_said_is_refused() {
    let nothing_said = say(&Tables::with_series(), "withdrawn").await;
    assert_eq!(nothing_said.status, StatusCode::CONFLICT);
    assert_eq!(nothing_said.body["type"], "urn:problem-type:nightjar:feedback-refused");
    let no_series = say(&Tables::with_incident(&incident()), "false_positive").await;
    assert_eq!(no_series.status, StatusCode::CONFLICT);
    let unknown = say(&Tables::default(), "false_positive").await;
    assert_eq!((unknown.status, unknown.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
}

#[rstest::rstest]
#[case::no_json(json!("x").to_string().replace('"', ""), "body")]
#[case::another_verdict(json!({ "verdict": "suppress", "why": "x" }).to_string(), "body")]
#[case::no_reason(json!({ "verdict": "withdrawn" }).to_string(), "body")]
#[case::an_empty_reason(json!({ "verdict": "withdrawn", "why": " " }).to_string(), "why")]
#[case::too_long(json!({ "verdict": "withdrawn", "why": "x".repeat(501) }).to_string(), "why")]
#[case::two_lines(json!({ "verdict": "withdrawn", "why": "a\nb" }).to_string(), "why")]
#[case::more_than_asked(json!({ "verdict": "withdrawn", "why": "x", "by": "me" }).to_string(), "body")]
#[tokio::test]
async fn a_body_that_cannot_be_used_is_refused_before_any_table_is_asked(#[case] body: String, #[case] named: &str) {
    let mut event = event(&Value::Null);
    event["body"] = body.into();
    let answer = send(api_without_table(), &event).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::BAD_REQUEST, "application/problem+json"));
    assert_eq!(answer.body["errors"][0]["parameter"], named, "{:?}", answer.body);
}
