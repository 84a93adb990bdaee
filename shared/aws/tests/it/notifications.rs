//! One worker sends; the others learn whether it did.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{Rule, mock, mock_client};
use jiff::SignedDuration;
use nightjar_aws::retry::Failure;
use nightjar_aws::stores::{Delivery, NotificationStore, StoreError};
use nightjar_domain::id::NotificationId;
use nightjar_testkit::now;

use crate::{number, text};

const LEASE: SignedDuration = SignedDuration::from_secs(60);

async fn claim(rules: &[&Rule]) -> Result<Delivery, StoreError> {
    let client = mock_client!(aws_sdk_dynamodb, rules.iter().copied());
    let id = NotificationId::derive(&["inc_1", "slack"]);
    NotificationStore::new(client, "aiops-notifications".to_owned()).claim(&id, "slack", LEASE, now()).await
}

fn refused() -> Rule {
    mock!(Client::update_item).then_error(|| {
        UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    })
}

#[tokio::test]
async fn a_free_notification_is_claimed_for_the_lease() {
    let update = mock!(Client::update_item)
        .match_requests(|request| {
            let values = request.expression_attribute_values().unwrap();
            values[":now"] == number(now().as_second()) && values[":until"] == number(now().as_second() + 60)
        })
        .then_output(|| UpdateItemOutput::builder().build());
    assert_eq!(claim(&[&update]).await.unwrap(), Delivery::Claimed);
}

#[tokio::test]
async fn what_went_out_is_known() {
    let look = mock!(Client::get_item)
        .match_requests(|request| request.consistent_read() == Some(true))
        .then_output(|| GetItemOutput::builder().item("sent_at", text("2026-11-21T10:00:00Z")).build());
    assert_eq!(claim(&[&refused(), &look]).await.unwrap(), Delivery::AlreadySent);
}

#[tokio::test]
async fn what_another_worker_holds_is_in_flight() {
    let look =
        mock!(Client::get_item).then_output(|| GetItemOutput::builder().item("lease_until", number(i64::MAX)).build());
    assert_eq!(claim(&[&refused(), &look]).await.unwrap(), Delivery::InFlight);
}

#[tokio::test]
async fn a_refusal_by_aws_is_told_and_classified() {
    let denied = mock!(Client::update_item).then_error(|| {
        let meta = ErrorMetadata::builder().code("AccessDeniedException").message("no dynamodb:UpdateItem").build();
        UpdateItemError::generic(meta)
    });
    let error = claim(&[&denied]).await.unwrap_err();
    assert!(matches!(&error, StoreError::Request { failure: Failure::Denied, .. }), "{error}");
    insta::assert_snapshot!(error, @"the table aiops-notifications: AccessDeniedException: no dynamodb:UpdateItem");
}
