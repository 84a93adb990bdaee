//! One claim an incident, one cooldown a resource, and the first word on an outcome stands.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::SignedDuration;
use nightjar_aws::stores::{Claimed, RemediationStore, StoreError};
use nightjar_domain::remediation::{Action, Announcement, Claim, ClaimState};
use nightjar_testkit::{incident, now, resource};

use crate::{Item, number, text};

fn claim() -> Claim {
    Claim {
        incident: incident().id,
        resource_arn: resource().reference.arn,
        state: ClaimState::Started { action: Action::Reboot },
        claimed_at: now(),
        lease_until: now() + SignedDuration::from_secs(120),
        settled_at: None,
        announcement: Announcement::Due,
    }
}

fn store(rules: &[&Rule]) -> RemediationStore {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules.iter().copied());
    RemediationStore::new(client, "aiops-remediations".to_owned())
}

fn cancelled() -> Rule {
    mock!(Client::transact_write_items).then_error(|| {
        TransactWriteItemsError::TransactionCanceledException(TransactionCanceledException::builder().build())
    })
}

/// The item under a key that begins with `prefix`.
fn stored(prefix: &'static str, item: Option<Item>) -> Rule {
    mock!(Client::get_item)
        .match_requests(move |request| request.key().unwrap()["id"].as_s().unwrap().starts_with(prefix))
        .then_output(move || GetItemOutput::builder().set_item(item.clone()).build())
}

fn stored_claim(claim: &Claim) -> Rule {
    let json = serde_json::to_string(claim).unwrap();
    stored("claim#", Some(Item::from([("claim".to_owned(), text(&json))])))
}

#[tokio::test]
async fn the_claim_and_the_cooldown_are_taken_together() {
    let rule = mock!(Client::transact_write_items)
        .match_requests(|request| {
            let writes = request.transact_items();
            writes.len() == 2
                && writes[0].put().unwrap().condition_expression() == Some("attribute_not_exists(id)")
                && writes[1].update().unwrap().condition_expression().unwrap().contains("cooldown_until <= :now")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let until = Some(now() + SignedDuration::from_mins(60));
    assert_eq!(store(&[&rule]).claim(&claim(), until).await.unwrap(), Claimed::Won);
}

#[tokio::test]
async fn a_claim_that_is_taken_is_handed_out() {
    let taken = Claim { state: ClaimState::Finished { action: Action::Reboot }, ..claim() };
    let claimed = store(&[&cancelled(), &stored_claim(&taken)]).claim(&claim(), None).await.unwrap();
    assert_eq!(claimed, Claimed::Taken(Box::new(taken)));
}

#[tokio::test]
async fn a_resource_in_its_cooldown_is_left_alone() {
    let until = now() + SignedDuration::from_mins(10);
    let cooldown = Item::from([("cooldown_until".to_owned(), number(until.as_second()))]);
    let rules = [&cancelled(), &stored("claim#", None), &stored("resource#", Some(cooldown))];
    assert_eq!(store(&rules).claim(&claim(), Some(until)).await.unwrap(), Claimed::CoolingDown { until });
}

#[tokio::test]
async fn a_cancellation_for_neither_reason_is_an_error_and_no_permission() {
    let over = Item::from([("cooldown_until".to_owned(), number(now().as_second()))]);
    let rules = [&cancelled(), &stored("claim#", None), &stored("resource#", Some(over))];
    let error = store(&rules).claim(&claim(), Some(now())).await.unwrap_err();
    assert!(matches!(error, StoreError::Request { .. }), "{error}");
}

#[tokio::test]
async fn a_claim_is_settled_once() {
    let written = mock!(Client::update_item)
        .match_requests(|request| request.condition_expression() == Some("claim = :before"))
        .then_output(|| UpdateItemOutput::builder().build());
    let state = ClaimState::Finished { action: Action::Reboot };
    let settled = store(&[&written]).settle(&claim(), state.clone(), now()).await.unwrap();
    assert_eq!((settled.state, settled.settled_at), (state, Some(now())));
}

#[tokio::test]
async fn who_settles_second_learns_what_the_first_one_said() {
    let first = Claim { state: ClaimState::Unknown { action: Action::Reboot }, settled_at: Some(now()), ..claim() };
    let refused = mock!(Client::update_item).then_error(|| {
        UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let state = ClaimState::Finished { action: Action::Reboot };
    let settled = store(&[&refused, &stored_claim(&first)]).settle(&claim(), state, now()).await.unwrap();
    assert_eq!(settled, first);
}
