//! What routing goes by, as it lies in the table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use nightjar_aws::stores::{RoutingStore, StoredProduct};
use nightjar_domain::routing::product::ProductSpec;
use nightjar_domain::severity::Severity;
use nightjar_testkit::now;
use rstest::rstest;

use crate::{Item, number, text};

fn store(rules: &[&Rule]) -> RoutingStore {
    RoutingStore::new(
        mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, rules.iter().copied()),
        "aiops-routing".to_owned(),
    )
}

fn product(version: u64) -> StoredProduct {
    let spec = ProductSpec {
        matchers: vec!["tag:app=shop".to_owned()],
        owner: "team-shop".to_owned(),
        criticality: Severity::High,
        channel: None,
        runbook: None,
        thresholds: std::collections::BTreeMap::new(),
    };
    StoredProduct { name: "shop".to_owned(), spec, version, changed_by: "ops".to_owned(), changed_at: now() }
}

fn item(product: &StoredProduct) -> Item {
    Item::from([
        ("kind".to_owned(), text("product")),
        ("name".to_owned(), text(&product.name)),
        ("spec".to_owned(), text(&serde_json::to_string(&product.spec).unwrap())),
        ("version".to_owned(), number(product.version.cast_signed())),
        ("changed_by".to_owned(), text(&product.changed_by)),
        ("changed_at".to_owned(), text(&product.changed_at.to_string())),
    ])
}

#[tokio::test]
async fn products_are_listed() {
    let query = mock!(Client::query)
        .match_requests(|request| request.expression_attribute_values().unwrap()[":kind"] == text("product"))
        .then_output(|| QueryOutput::builder().items(item(&product(3))).build());
    assert_eq!(store(&[&query]).products().await.unwrap(), [product(3)]);
}

#[tokio::test]
async fn a_product_survives_the_trip() {
    let get =
        mock!(Client::get_item).then_output(|| GetItemOutput::builder().set_item(Some(item(&product(3)))).build());
    let none = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let store = store(&[&get, &none]);
    assert_eq!(store.get("shop").await.unwrap(), Some(product(3)));
    assert_eq!(store.get("shop").await.unwrap(), None);
}

#[rstest]
#[case::new(1, "attribute_not_exists(version)")]
#[case::changed(4, "version = :before")]
#[tokio::test]
async fn a_product_takes_the_place_of_the_version_before(#[case] version: u64, #[case] condition: &'static str) {
    let put = mock!(Client::put_item)
        .match_requests(move |request| request.condition_expression() == Some(condition))
        .then_output(|| PutItemOutput::builder().build());
    let late = mock!(Client::put_item).then_error(|| {
        PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let store = store(&[&put, &late]);
    let written = [store.put(&product(version)).await.unwrap(), store.put(&product(version)).await.unwrap()];
    assert_eq!(written, [true, false]);
}

#[tokio::test]
async fn only_the_version_that_was_seen_is_removed() {
    let removed = mock!(Client::delete_item)
        .match_requests(|request| request.expression_attribute_values().unwrap()[":version"] == number(3))
        .then_output(|| DeleteItemOutput::builder().build());
    let changed = mock!(Client::delete_item).then_error(|| {
        DeleteItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let store = store(&[&removed, &changed]);
    let gone = [store.remove("shop", 3).await.unwrap(), store.remove("shop", 3).await.unwrap()];
    assert_eq!(gone, [true, false]);
}
