//! A step asked back: noted with who and why, only where it can be taken back, and carried out by others.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use nightjar_domain::remediation::{Action, Announcement, Claim, ClaimState, Remembered, Run, Step};
use nightjar_testkit::{incident, now, resource_ref};
use serde_json::{Value, json};

use crate::support::{Answer, api, get, send};

fn ended(action: Action, remembered: Option<Remembered>, state: ClaimState) -> Claim {
    let run = Run {
        policy: "quarantine".to_owned(),
        steps: vec![Step::from(action)],
        step: 0,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: Some(now()),
        approved_by: None,
        remembered,
    };
    Claim {
        incident: incident().id,
        resource_arn: resource_ref().arn,
        state,
        claimed_at: now(),
        lease_until: now(),
        settled_at: Some(now()),
        announcement: Announcement::Done,
        run: Some(run),
    }
}

fn isolated(state: ClaimState) -> Claim {
    let groups = vec!["sg-1".to_owned()];
    ended(Action::Isolate, Some(Remembered::SecurityGroups { groups }), state)
}

/// A table with this claim, the rule that the wish is written by, and that of the engine's list.
fn table(claim: Option<Claim>) -> (Client, Rule, Rule) {
    let read = mock!(Client::get_item).then_compute_output(move |request| {
        let id = request.key().unwrap()["id"].as_s().unwrap();
        let claim = claim.as_ref().filter(|_| id.starts_with("claim#"));
        let text = claim.map(|claim| AttributeValue::S(serde_json::to_string(claim).unwrap()));
        GetItemOutput::builder().set_item(text.map(|text| HashMap::from([("claim".to_owned(), text)]))).build()
    });
    let wish = mock!(Client::update_item)
        .match_requests(|request| request.condition_expression() == Some("claim = :before"))
        .then_output(|| UpdateItemOutput::builder().build());
    let list = mock!(Client::put_item)
        .match_requests(|request| request.item().is_some_and(|item| item["id"].as_s().is_ok_and(|id| id == "ledger")))
        .then_output(|| PutItemOutput::builder().build());
    let tip = mock!(Client::query).then_output(|| QueryOutput::builder().build());
    let audit = mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build());
    (mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&read, &wish, &list, &tip, &audit]), wish, list)
}

fn post(id: &str) -> Value {
    let mut event = get(&format!("/remediations/{id}/undo"));
    event["requestContext"]["http"]["method"] = "POST".into();
    event["headers"]["content-type"] = "application/json".into();
    event["body"] = json!({ "why": "it was our own scanner" }).to_string().into();
    event
}

async fn ask(claim: Option<Claim>) -> (Answer, usize, usize) {
    let (client, wish, list) = table(claim);
    let answer = send(api(client), &post(incident().id.as_str())).await;
    (answer, wish.num_calls(), list.num_calls())
}

#[tokio::test]
async fn the_wish_is_noted_with_who_and_why_and_put_on_the_engines_list() {
    let (answer, wish, list) = ask(Some(isolated(ClaimState::Contained { action: Action::Isolate }))).await;
    assert_eq!((answer.status.as_u16(), wish, list), (200, 1, 1), "{:?}", answer.body);
    let state = &answer.body["state"];
    assert_eq!((&state["state"], &state["why"]), (&json!("undo_requested"), &json!("it was our own scanner")));
    assert_eq!(state["by"], "arn:aws:sts::000000000000:assumed-role/reader/cli");
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_refused_in_words_and_nothing_is_noted() {
    let healed = ClaimState::Healed { action: Action::Reboot, unread: Vec::new() };
    for (claim, status, words) in [
        (None, 404, "there is no event"),
        (Some(isolated(ClaimState::Finished { action: Action::Isolate })), 409, "it has not ended yet"),
        (Some(ended(Action::Reboot, None, healed)), 409, "its last step cannot be taken back"),
        (
            Some(isolated(ClaimState::Undone { action: Action::Isolate, by: "ops".to_owned() })),
            409,
            "it was taken back already",
        ),
    ] {
        let (answer, wish, list) = ask(claim).await;
        let detail = answer.body["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status.as_u16(), wish, list), (status, 0, 0), "{detail}");
        assert!(detail.contains(words), "{detail}");
    }
}
