//! Versions are written once, the pointer moves by one revision at a time, and what nobody names any more ends.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use nightjar_aws::stores::{ModelStore, StoreError};
use nightjar_domain::models::{Considered, ModelName, ModelScope, Pointer};
use nightjar_testkit::now;
use serde_json::{Value, json};

use crate::{Item, text};

fn store(rules: &[&Rule]) -> ModelStore {
    ModelStore::new(
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules.iter().copied()),
        "aiops-models".to_owned(),
    )
}

fn name(sha256: &str) -> ModelName {
    ModelName { version: format!("1+sha256:{sha256}"), sha256: sha256.to_owned(), trained_at: now().to_string() }
}

fn pointer(versions: &[&str]) -> Pointer {
    versions.iter().fold(Pointer::new(ModelScope::Account), |pointer, sha256| {
        pointer.after(Considered {
            model: name(sha256),
            data_sha256: (*sha256).to_owned(),
            promoted: true,
            why: "no worse".to_owned(),
            comparison: json!({ "judged": 100 }),
            by: "model-trainer".to_owned(),
            at: now(),
        })
    })
}

fn stored(pointer: &Pointer) -> Item {
    Item::from([("pointer".to_owned(), text(&serde_json::to_string(pointer).unwrap()))])
}

#[tokio::test]
async fn all_pointers_are_one_read_and_a_broken_one_hides_no_other() {
    let rule = mock!(Client::query)
        .match_requests(|request| request.expression_attribute_values().unwrap()[":kind"] == text("pointer"))
        .then_output(|| {
            let broken = Item::from([("pointer".to_owned(), text("{"))]);
            QueryOutput::builder().set_items(Some(vec![broken, stored(&pointer(&["a"]))])).build()
        });
    let pointers = store(&[&rule]).pointers().await.unwrap();
    assert_eq!(pointers.known[&ModelScope::Account], pointer(&["a"]));
    assert_eq!((pointers.unreadable.len(), rule.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_scope_without_a_pointer_has_a_new_one() {
    let rule = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let scope = ModelScope::Resource("i-1".to_owned());
    assert_eq!(store(&[&rule]).pointer(&scope).await.unwrap(), Pointer::new(scope));
}

#[tokio::test]
async fn a_version_is_never_overwritten_and_expires_unless_it_is_taken_up() {
    let rule = mock!(Client::put_item)
        .match_requests(|request| {
            request.condition_expression() == Some("attribute_not_exists(kind)")
                && request.item().unwrap().contains_key("expires_at")
        })
        .sequence()
        .output(|| PutItemOutput::builder().build())
        .error(|| PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build()))
        .build();
    let store = store(&[&rule]);
    for _ in 0..2 {
        store.put_artifact(&ModelScope::Account, &name("a"), vec![1], &Value::Null, now()).await.unwrap();
    }
    assert_eq!(rule.num_calls(), 2);
}

#[tokio::test]
async fn an_artifact_is_read_by_its_scope_and_digest() {
    let rule = mock!(Client::get_item)
        .match_requests(|request| {
            let key = request.key().unwrap();
            key["kind"] == text("artifact#account") && key["name"] == text("a")
        })
        .then_output(|| GetItemOutput::builder().item("artifact", AttributeValue::B(Blob::new([7]))).build());
    assert_eq!(store(&[&rule]).artifact(&ModelScope::Account, "a").await.unwrap(), Some(vec![7]));
}

#[tokio::test]
async fn the_pointer_moves_with_its_version_kept_and_the_oldest_ended() {
    let moved = mock!(Client::transact_write_items)
        .match_requests(|request| {
            let (put, keep) =
                (request.transact_items()[0].put().unwrap(), request.transact_items()[1].update().unwrap());
            put.condition_expression() == Some("revision = :before")
                && keep.update_expression() == "REMOVE expires_at"
                && keep.key()["name"] == text("c")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let versions = mock!(Client::query).then_output(|| {
        let items = ["a", "b", "c"].map(|sha256| Item::from([("name".to_owned(), text(sha256))]));
        QueryOutput::builder().set_items(Some(items.to_vec())).build()
    });
    let ended = mock!(Client::update_item)
        .match_requests(|request| {
            request.key().unwrap()["name"] == text("a") && request.update_expression() == Some("SET expires_at = :at")
        })
        .then_output(|| UpdateItemOutput::builder().build());
    let (pointer, newest) = (pointer(&["a", "b", "c"]), name("c"));
    assert!(store(&[&moved, &versions, &ended]).move_pointer(&pointer, Some(&newest), now()).await.unwrap());
    assert_eq!(ended.num_calls(), 1, "the one before the current is kept");
}

fn cancelled(codes: [&'static str; 2]) -> Rule {
    mock!(Client::transact_write_items).then_error(move || {
        let reasons = codes.map(|code| CancellationReason::builder().code(code).build());
        TransactWriteItemsError::TransactionCanceledException(
            TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons.to_vec())).build(),
        )
    })
}

#[tokio::test]
async fn who_moves_it_second_learns_so() {
    let rule = cancelled(["ConditionalCheckFailed", "None"]);
    assert!(!store(&[&rule]).move_pointer(&pointer(&["a"]), Some(&name("a")), now()).await.unwrap());
}

#[tokio::test]
async fn no_pointer_names_a_version_that_is_not_there() {
    let rule = cancelled(["None", "ConditionalCheckFailed"]);
    let error = store(&[&rule]).move_pointer(&pointer(&["a"]), Some(&name("a")), now()).await.unwrap_err();
    assert!(matches!(error, StoreError::Item { .. }), "{error}");
}
