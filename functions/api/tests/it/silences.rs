//! Silences are set with an end and a reason, listed, and ended, by somebody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use jiff::SignedDuration;
use nightjar_testkit::now;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, api, api_without_table, request, send};

type Item = std::collections::HashMap<String, AttributeValue>;

/// A silences table whose conditions hold, the audit trail, and the routes of the deployment, if it has its own.
struct World {
    client: Client,
    recorded: Rule,
}

impl World {
    fn new(routes: Option<&'static str>) -> Self {
        let kept: Arc<Mutex<BTreeMap<String, Item>>> = Arc::default();
        let refused = || ConditionalCheckFailedException::builder().build();
        let table = Arc::clone(&kept);
        let put = mock!(Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap();
            let id = item["id"].as_s().unwrap().clone();
            let mut table = table.lock().unwrap();
            if table.contains_key(&id) {
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(refused()));
            }
            table.insert(id, item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let table = Arc::clone(&kept);
        let end = mock!(Client::update_item).then_compute_response(move |request| {
            let mut table = table.lock().unwrap();
            let Some(item) = table.get_mut(request.key().unwrap()["id"].as_s().unwrap()) else {
                return MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(refused()));
            };
            let at = request.expression_attribute_values().unwrap()[":now"].clone();
            item.entry("ended_at".to_owned()).or_insert(at);
            MockResponse::Output(UpdateItemOutput::builder().build())
        });
        let list = mock!(Client::scan).then_compute_output(move |request| {
            assert_eq!(request.table_name(), Some("aiops-silences"));
            ScanOutput::builder().set_items(Some(kept.lock().unwrap().values().cloned().collect())).build()
        });
        let published = mock!(Client::query)
            .match_requests(|request| request.table_name() == Some("aiops-config"))
            .then_compute_output(move |_| {
                QueryOutput::builder().set_items(Some(routes.map(version).into_iter().collect())).build()
            });
        let tip = mock!(Client::query)
            .match_requests(|request| request.table_name() == Some("aiops-audit"))
            .then_output(|| QueryOutput::builder().build());
        let recorded = mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build());
        let rules = [&put, &end, &list, &published, &tip, &recorded];
        Self { client: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules), recorded }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        send(api(self.client.clone()), &request(method, path, body, None)).await
    }

    async fn ids(&self) -> Vec<Value> {
        let list = self.ask("GET", "/silences", &Value::Null).await;
        assert_eq!(list.status, StatusCode::OK, "{:?}", list.body);
        list.body["silences"].as_array().unwrap().iter().map(|silence| silence["id"].clone()).collect()
    }
}

/// The first version of a document that was published.
fn version(json: &str) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    Item::from([
        ("version".to_owned(), AttributeValue::N("1".to_owned())),
        ("json".to_owned(), text(json)),
        ("by".to_owned(), text("terraform")),
        ("at".to_owned(), text("2026-11-21T09:00:00Z")),
        ("why".to_owned(), text("deployed")),
    ])
}

fn upgrade() -> Value {
    json!({ "matchers": ["tag:app=shop", "severity=~\"low|medium\""], "reason": "kernel upgrade", "ends_at": now() + SignedDuration::from_hours(4) })
}

#[tokio::test]
async fn a_silence_is_set_listed_and_ended() {
    let world = World::new(None);
    let set = world.ask("POST", "/silences", &upgrade()).await;
    assert_eq!(set.status, StatusCode::CREATED, "{:?}", set.body);
    assert_eq!(set.body["matchers"], json!(["tag:app=\"shop\"", "severity=~\"low|medium\""]));
    assert_eq!(set.body["owner"], "arn:aws:sts::000000000000:assumed-role/reader/cli");
    assert_eq!(set.body["starts_at"], json!(now()));
    assert_eq!(world.ids().await, [set.body["id"].clone()]);

    let path = format!("/silences/{}", set.body["id"].as_str().unwrap());
    assert_eq!(world.ask("DELETE", &path, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert!(world.ids().await.is_empty(), "it has ended");
    let again = world.ask("POST", "/silences", &upgrade()).await;
    assert_eq!((again.status, &again.body["id"]), (StatusCode::CREATED, &set.body["id"]));
    assert!(world.ids().await.is_empty(), "a request that is sent again does not revive what was ended");
    assert_eq!(world.recorded.num_calls(), 3);
}

#[tokio::test]
async fn somebody_may_be_named_for_whom_it_is_set() {
    let mut body = upgrade();
    body["by"] = json!("kim");
    let set = World::new(None).ask("POST", "/silences", &body).await;
    assert_eq!(set.body["owner"], "kim (through arn:aws:sts::000000000000:assumed-role/reader/cli)");
}

#[tokio::test]
async fn the_routes_in_force_say_how_long_it_may_be() {
    const SHORT: &str =
        r#"{"route": {"receiver": "ops"}, "receivers": {"ops": {"channels": []}}, "silences": {"max_length": "1h"}}"#;
    let refused = World::new(Some(SHORT)).ask("POST", "/silences", &upgrade()).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body["detail"].as_str().unwrap().contains("longer than 1h"), "{:?}", refused.body);
}

#[rstest]
#[case::no_matcher(json!({ "matchers": [] }), "matchers")]
#[case::no_label(json!({ "matchers": ["colour=blue"] }), "matchers[0]")]
#[case::no_operator(json!({ "matchers": ["severity=high", "shop"] }), "matchers[1]")]
#[case::too_many(json!({ "matchers": vec!["severity=high"; 21] }), "matchers")]
#[case::no_reason(json!({ "reason": " " }), "reason")]
#[case::nobody(json!({ "by": "" }), "by")]
#[case::misspelt(json!({ "until": 1 }), "body")]
#[case::no_instant(json!({ "ends_at": "tomorrow" }), "body")]
#[tokio::test]
async fn what_is_no_silence_is_refused(#[case] change: Value, #[case] parameter: &str) {
    let mut body = upgrade();
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let answer = send(api_without_table(), &request("POST", "/silences", &body, None)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:?}", answer.body);
    assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{:?}", answer.body);
}

#[rstest]
#[case::over(json!({ "ends_at": now() - SignedDuration::from_mins(1) }), "before it can begin")]
#[case::everything(json!({ "matchers": ["resource=~\".*\""] }), "silence everything")]
#[tokio::test]
async fn a_silence_has_an_end_and_a_bound(#[case] change: Value, #[case] expected: &str) {
    let mut body = upgrade();
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let answer = World::new(None).ask("POST", "/silences", &body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.body["detail"].as_str().unwrap().contains(expected), "{:?}", answer.body);
}

#[rstest]
#[case::unknown("/silences/sil_0123456789abcdef0123")]
#[case::no_id("/silences/x")]
#[tokio::test]
async fn what_nobody_set_cannot_be_ended(#[case] path: &str) {
    assert_eq!(World::new(None).ask("DELETE", path, &Value::Null).await.status, StatusCode::NOT_FOUND);
}
