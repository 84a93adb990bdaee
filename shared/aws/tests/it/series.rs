//! States are read in batches, completely, and written only over the version they follow.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use nightjar_aws::retry::Failure;
use nightjar_aws::stores::{SeriesItem, SeriesStore, StoreError};
use nightjar_domain::metric::{Metric, SeriesId};
use nightjar_testkit::{metric, now};

use crate::{Item, number, text};

const TABLE: &str = "aiops-series";

fn series(index: usize) -> SeriesId {
    Metric { name: format!("metric-{index:03}"), ..metric() }.series()
}

fn following(version: u64) -> SeriesItem {
    SeriesItem { state: vec![1], feedback: Some("{}".to_owned()), calm: None, version }
}

fn store(rules: &[&Rule]) -> SeriesStore {
    SeriesStore::new(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules.iter().copied()), TABLE.to_owned())
}

fn item(key: &Item) -> Item {
    let mut item = key.clone();
    item.insert("state".to_owned(), AttributeValue::B(Blob::new(b"state")));
    item.insert("version".to_owned(), number(7));
    item
}

/// Reads at most `most` keys of a batch and hands the others back.
fn answer(keys: &KeysAndAttributes, most: usize) -> BatchGetItemOutput {
    let (read, unread) = keys.keys().split_at(most.min(keys.keys().len()));
    let unread = (!unread.is_empty())
        .then(|| KeysAndAttributes::builder().set_keys(Some(unread.to_vec())).build().unwrap())
        .map(|keys| HashMap::from([(TABLE.to_owned(), keys)]));
    BatchGetItemOutput::builder().responses(TABLE, read.iter().map(item).collect()).set_unprocessed_keys(unread).build()
}

fn reading(most: usize) -> Rule {
    mock!(Client::batch_get_item)
        .then_compute_output(move |request| answer(&request.request_items().unwrap()[TABLE], most))
}

#[tokio::test]
async fn what_dynamodb_hands_back_is_asked_for_again() {
    let rule = reading(40);
    let all: Vec<SeriesId> = (0..100).map(series).collect();
    let found = store(&[&rule]).load(&all).await.unwrap();
    assert_eq!((found.len(), rule.num_calls()), (100, 3));
    assert_eq!(
        found[all[99].as_str()],
        SeriesItem { state: b"state".to_vec(), feedback: None, calm: None, version: 7 }
    );
}

#[tokio::test]
async fn a_batch_has_a_hundred_keys_at_most_and_no_key_twice() {
    let rule = mock!(Client::batch_get_item)
        .match_requests(|request| {
            let mut keys: Vec<_> =
                request.request_items().unwrap()[TABLE].keys().iter().map(|k| k["series"].clone()).collect();
            let count = keys.len();
            keys.dedup();
            keys.len() == count && count <= 100
        })
        .then_compute_output(|request| answer(&request.request_items().unwrap()[TABLE], 100));
    let twice: Vec<SeriesId> = (0..150).chain(0..150).map(series).collect();
    assert_eq!(store(&[&rule]).load(&twice).await.unwrap().len(), 150);
    assert_eq!(rule.num_calls(), 2);
}

#[tokio::test]
async fn a_table_that_hands_everything_back_is_throttled_not_waited_for_without_end() {
    let error = store(&[&reading(0)]).load(&[series(1)]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Request { failure: Failure::Throttled, .. }), "{error}");
    insta::assert_snapshot!(error, @"the table aiops-series: it is throttled: 1 keys were handed back unread");
}

#[tokio::test]
async fn no_series_asks_nothing() {
    assert!(store(&[]).load(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_passing_failure_is_retried_by_the_client() {
    let rule = mock!(Client::put_item)
        .sequence()
        .http_status(503, None)
        .times(2)
        .output(|| PutItemOutput::builder().build())
        .build();
    assert!(store(&[&rule]).save(&series(1), following(0), now()).await.unwrap());
    assert_eq!(rule.num_calls(), 3);
}

#[tokio::test]
async fn a_state_is_written_over_its_own_predecessor_alone() {
    let rule = mock!(Client::put_item)
        .match_requests(|request| {
            request.item().unwrap()["version"] == number(8)
                && request.item().unwrap()["feedback"] == text("{}")
                && request.expression_attribute_values().unwrap()[":before"] == number(7)
        })
        .then_error(|| {
            PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
        });
    assert!(!store(&[&rule]).save(&series(1), following(7), now()).await.unwrap(), "another run was faster");
}

#[tokio::test]
async fn a_malformed_item_names_its_attribute() {
    let rule = mock!(Client::batch_get_item).then_output(|| {
        let item = Item::from([("series".to_owned(), text("s")), ("version".to_owned(), number(1))]);
        BatchGetItemOutput::builder().responses(TABLE, vec![item]).build()
    });
    let error = store(&[&rule]).load(&[series(1)]).await.unwrap_err();
    assert!(error.to_string().ends_with("the attribute state is missing or malformed"), "{error}");
}
