//! The inventory is read to its last page, and an item survives the trip.

use std::sync::Mutex;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use nightjar_aws::stores::InventoryStore;
use nightjar_domain::resource::Resource;
use nightjar_testkit::resource;

use crate::{Item, text};

fn store(rules: &[&Rule]) -> InventoryStore {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules.iter().copied());
    InventoryStore::new(client, "aiops-inventory".to_owned())
}

fn item(resource: &Resource) -> Item {
    serde_dynamo::to_item(resource).unwrap()
}

#[tokio::test]
async fn every_page_is_read() {
    let page = |last: Option<&str>| {
        let key = last.map(|arn| Item::from([("arn".to_owned(), text(arn))]));
        ScanOutput::builder().items(item(&resource())).set_last_evaluated_key(key).build()
    };
    let first = mock!(Client::scan)
        .match_requests(|request| request.exclusive_start_key().is_none())
        .then_output(move || page(Some("arn:1")));
    let second = mock!(Client::scan)
        .match_requests(|request| request.exclusive_start_key().is_some_and(|key| key["arn"] == text("arn:1")))
        .then_output(move || page(None));
    assert_eq!(store(&[&first, &second]).all().await.unwrap(), [resource(), resource()]);
    assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
}

#[tokio::test]
async fn an_item_survives_the_trip() {
    let written: &'static Mutex<Option<Item>> = Box::leak(Box::default());
    let put = mock!(Client::put_item).then_compute_output(move |request| {
        *written.lock().unwrap() = request.item().cloned();
        PutItemOutput::builder().build()
    });
    let get = mock!(Client::get_item)
        .then_output(move || GetItemOutput::builder().set_item(written.lock().unwrap().clone()).build());
    let store = store(&[&put, &get]);
    assert_eq!(store.get("arn:absent").await.unwrap(), None);
    store.put(&resource()).await.unwrap();
    assert_eq!(store.get(&resource().reference.arn).await.unwrap(), Some(resource()));
}

#[tokio::test]
async fn an_item_of_another_form_is_an_error_that_names_the_table() {
    let scan = mock!(Client::scan)
        .then_output(|| ScanOutput::builder().items(Item::from([("arn".to_owned(), text("arn:1"))])).build());
    let error = store(&[&scan]).all().await.unwrap_err().to_string();
    assert!(error.starts_with("the table aiops-inventory: an item does not have the expected form: "), "{error}");
}
