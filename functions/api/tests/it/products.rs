//! Products are named, changed and removed by somebody, once, and only as they were seen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, api, api_without_table, request, send};

type Item = std::collections::HashMap<String, AttributeValue>;

/// A routing table whose conditions hold, and the audit trail.
struct World {
    client: Client,
    recorded: Rule,
}

impl World {
    fn new() -> Self {
        let kept: Arc<Mutex<BTreeMap<String, Item>>> = Arc::default();
        let version = |item: Option<&Item>| item.map(|item| item["version"].as_n().unwrap().clone());
        let table = Arc::clone(&kept);
        let get = mock!(Client::get_item).then_compute_output(move |request| {
            let name = request.key().unwrap()["name"].as_s().unwrap();
            GetItemOutput::builder().set_item(table.lock().unwrap().get(name).cloned()).build()
        });
        let table = Arc::clone(&kept);
        let put = mock!(Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap();
            let name = item["name"].as_s().unwrap().clone();
            let expected =
                request.expression_attribute_values().map(|values| values[":before"].as_n().unwrap().clone());
            let mut table = table.lock().unwrap();
            if version(table.get(&name)) != expected {
                let refused = ConditionalCheckFailedException::builder().build();
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(refused));
            }
            table.insert(name, item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let table = Arc::clone(&kept);
        let delete = mock!(Client::delete_item).then_compute_response(move |request| {
            let name = request.key().unwrap()["name"].as_s().unwrap();
            let expected = request.expression_attribute_values().unwrap()[":version"].as_n().unwrap().clone();
            let mut table = table.lock().unwrap();
            if version(table.get(name)) != Some(expected) {
                let refused = ConditionalCheckFailedException::builder().build();
                return MockResponse::Error(DeleteItemError::ConditionalCheckFailedException(refused));
            }
            table.remove(name);
            MockResponse::Output(DeleteItemOutput::builder().build())
        });
        let list = mock!(Client::query).then_compute_output(move |request| {
            let of_products = request.table_name() == Some("aiops-routing");
            let items = kept.lock().unwrap().values().filter(|_| of_products).cloned().collect();
            QueryOutput::builder().set_items(Some(items)).build()
        });
        let recorded = mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build());
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&get, &put, &delete, &list, &recorded]);
        Self { client, recorded }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value, if_match: Option<&str>) -> Answer {
        send(api(self.client.clone()), &request(method, path, body, if_match)).await
    }
}

fn shop() -> Value {
    json!({ "matchers": ["tag:app=\"shop\""], "owner": "team-shop", "criticality": "high", "channel": "shop", "runbook": "https://wiki.example.com/shop" })
}

#[tokio::test]
async fn a_product_is_named_changed_and_removed() {
    let world = World::new();
    let named = world.ask("PUT", "/products/shop", &shop(), None).await;
    assert_eq!((named.status, named.header("etag")), (StatusCode::CREATED, "\"1\""));
    assert_eq!(named.body["changed_by"], "arn:aws:sts::000000000000:assumed-role/reader/cli");

    let same = world.ask("PUT", "/products/shop", &shop(), Some("\"1\"")).await;
    assert_eq!((same.status, &same.body["version"]), (StatusCode::OK, &json!(1)), "the same again changes nothing");
    let mut other = shop();
    other["owner"] = "team-sales".into();
    let changed = world.ask("PUT", "/products/shop", &other, Some("\"1\"")).await;
    assert_eq!((changed.status, changed.header("etag")), (StatusCode::OK, "\"2\""));
    let late = world.ask("PUT", "/products/shop", &shop(), Some("\"1\"")).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);

    let list = world.ask("GET", "/products", &Value::Null, None).await;
    assert_eq!(
        (&list.body["products"][0]["name"], &list.body["products"][0]["owner"]),
        (&json!("shop"), &json!("team-sales"))
    );
    assert_eq!(
        world.ask("DELETE", "/products/shop", &Value::Null, Some("\"1\"")).await.status,
        StatusCode::PRECONDITION_FAILED
    );
    assert_eq!(world.ask("DELETE", "/products/shop", &Value::Null, Some("\"2\"")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.ask("GET", "/products/shop", &Value::Null, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.ask("DELETE", "/products/shop", &Value::Null, None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(world.recorded.num_calls(), 3, "named, changed, removed");
}

#[rstest]
#[case::no_owner(json!({ "matchers": ["tag:app=shop"], "owner": " ", "criticality": "high" }), "owner")]
#[case::no_matcher(json!({ "matchers": [], "owner": "a", "criticality": "high" }), "matchers")]
#[case::everything(json!({ "matchers": ["tag:app=~\".*\""], "owner": "a", "criticality": "high" }), "matchers")]
#[case::no_label_of_resources(json!({ "matchers": ["severity=high"], "owner": "a", "criticality": "high" }), "matchers[0]")]
#[case::no_link(json!({ "matchers": ["tag:app=shop"], "owner": "a", "criticality": "high", "runbook": "javascript:alert(1)" }), "runbook")]
#[case::misspelt(json!({ "matchers": ["tag:app=shop"], "owner": "a", "criticality": "hihg" }), "body")]
#[case::unknown(json!({ "matchers": ["tag:app=shop"], "owner": "a", "criticality": "high", "ownr": 1 }), "body")]
#[tokio::test]
async fn what_is_no_product_is_refused(#[case] body: Value, #[case] parameter: &str) {
    let answer = send(api_without_table(), &request("PUT", "/products/shop", &body, None)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:?}", answer.body);
    assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{:?}", answer.body);
}

#[tokio::test]
async fn a_name_is_a_name() {
    for name in ["a%20b", &"x".repeat(65), "a.b"] {
        let answer = send(api_without_table(), &request("PUT", &format!("/products/{name}"), &shop(), None)).await;
        assert_eq!((answer.status, &answer.body["errors"][0]["parameter"]), (StatusCode::BAD_REQUEST, &json!("name")));
    }
}
