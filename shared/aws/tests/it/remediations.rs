//! One claim an incident, one cooldown a resource, and the first word on an outcome stands.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::SignedDuration;
use nightjar_aws::stores::{Begun, RemediationStore};
use nightjar_domain::remediation::{Action, Announcement, Claim, ClaimState, Ledger};
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
        run: None,
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
async fn claim_ledger_switch_and_cooldown_are_one_transaction() {
    let rule = mock!(Client::transact_write_items)
        .match_requests(|request| {
            let [claim, ledger, switch, cooldown] = request.transact_items() else { return false };
            let condition = |write: &aws_sdk_dynamodb::types::TransactWriteItem| {
                write.put().and_then(|put| put.condition_expression().map(str::to_owned)).unwrap_or_default()
            };
            condition(claim) == "attribute_not_exists(id)"
                && condition(ledger) == "attribute_not_exists(id) OR ledger_version = :made_from"
                && ledger.put().unwrap().item()["ledger_version"] == number(8)
                && switch.condition_check().unwrap().condition_expression() == "attribute_not_exists(stopped_at)"
                && cooldown.update().unwrap().condition_expression().unwrap().contains("cooldown_until <= :now")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let until = Some(now() + SignedDuration::from_mins(60));
    let begun = store(&[&rule]).begin(None, &claim(), until, 7, &Ledger::default()).await.unwrap();
    assert_eq!(begun, Begun::Won);
}

#[tokio::test]
async fn a_claim_that_is_taken_is_handed_out() {
    let taken = Claim { state: ClaimState::Finished { action: Action::Reboot }, ..claim() };
    let store = store(&[&cancelled(), &stored_claim(&taken)]);
    let begun = store.begin(None, &claim(), None, 0, &Ledger::default()).await.unwrap();
    assert_eq!(begun, Begun::Taken(Box::new(taken)));
}

#[tokio::test]
async fn a_cancellation_for_any_other_reason_means_to_decide_again() {
    let store = store(&[&cancelled(), &stored("claim#", None)]);
    assert_eq!(store.begin(None, &claim(), None, 0, &Ledger::default()).await.unwrap(), Begun::Changed);
}

#[tokio::test]
async fn the_next_step_is_written_over_the_one_before_only() {
    let before = claim();
    let rule = mock!(Client::transact_write_items)
        .match_requests(|request| {
            let put = request.transact_items()[0].put().unwrap();
            request.transact_items().len() == 3 && put.condition_expression() == Some("claim = :before")
        })
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let begun = store(&[&rule]).begin(Some(&before), &claim(), None, 0, &Ledger::default()).await.unwrap();
    assert_eq!(begun, Begun::Won);
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
