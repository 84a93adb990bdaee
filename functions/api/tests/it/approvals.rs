//! A person's word: taken once, in time, and only with a genuine token.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::{SignedDuration, Timestamp};
use nightjar_calls::Caller;
use nightjar_domain::remediation::{Action, Announcement, Claim, ClaimState, Decision, Ledger, OpenRun, Ticket};
use nightjar_testkit::{incident, now, resource_ref};
use serde_json::{Value, json};

use crate::calls::{self, hearing, target};
use crate::support::{Answer, api_for_anybody, api_with, get, item, send};

fn until() -> Timestamp {
    now() + SignedDuration::from_mins(30)
}

fn waiting(decision: Option<Decision>, until: Timestamp) -> Claim {
    Claim {
        incident: incident().id,
        resource_arn: resource_ref().arn,
        state: ClaimState::AwaitingApproval {
            action: Action::Reboot,
            until,
            fingerprint: "as it is".to_owned(),
            decision,
        },
        claimed_at: now(),
        lease_until: now(),
        settled_at: None,
        announcement: Announcement::Done,
        run: None,
    }
}

fn document(attribute: &str, value: &impl serde::Serialize) -> HashMap<String, AttributeValue> {
    HashMap::from([(attribute.to_owned(), AttributeValue::S(serde_json::to_string(value).unwrap()))])
}

/// A table with this claim, and the rule that a word is written by.
fn table(claim: Claim) -> (Client, Rule) {
    let run = OpenRun {
        incident: claim.incident.clone(),
        resource_arn: claim.resource_arn.clone(),
        policy: "restart".to_owned(),
        since: now(),
        waiting: true,
        counted: false,
    };
    let ledger = Ledger { runs: vec![run], ..Ledger::default() };
    let read = mock!(Client::get_item).then_compute_output(move |request| {
        let id = request.key().unwrap()["id"].as_s().unwrap();
        let found = match (request.table_name().unwrap(), id.as_str()) {
            ("aiops-incidents", _) => item(&incident()),
            (_, "ledger") => document("ledger", &ledger),
            (_, id) if id.starts_with("claim#") => document("claim", &claim),
            _ => return GetItemOutput::builder().build(),
        };
        GetItemOutput::builder().set_item(Some(found)).build()
    });
    let write = mock!(Client::update_item)
        .match_requests(|request| request.condition_expression() == Some("claim = :before"))
        .then_output(|| UpdateItemOutput::builder().build());
    (mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&read, &write]), write)
}

fn kms(genuine: bool) -> Caller {
    hearing(move |request| {
        assert_eq!(target(request), "TrentService.VerifyMac");
        if genuine {
            calls::answer(200, r#"{"MacValid": true}"#)
        } else {
            calls::answer(400, r#"{"__type": "KMSInvalidMacException"}"#)
        }
    })
}

fn token(expires_at: Timestamp) -> String {
    Ticket { incident: incident().id, expires_at }.token(b"mac")
}

fn post(verb: &str, body: &Value) -> Value {
    let mut event = get(&format!("/approvals/{}/{verb}", incident().id));
    event["requestContext"]["http"]["method"] = "POST".into();
    event["headers"]["content-type"] = "application/json".into();
    event["body"] = body.to_string().into();
    event
}

async fn answer(claim: Claim, genuine: bool, token: String) -> (Answer, usize) {
    let (client, write) = table(claim);
    let event = post("approve", &json!({ "token": token, "why": "looks right" }));
    (send(api_with(client, kms(genuine)), &event).await, write.num_calls())
}

#[tokio::test]
async fn a_genuine_token_is_noted_with_who_gave_it() {
    let (answer, written) = answer(waiting(None, until()), true, token(until())).await;
    assert_eq!((answer.status.as_u16(), written), (200, 1));
    let decision = &answer.body["state"]["decision"];
    assert_eq!(decision["by"], "arn:aws:sts::000000000000:assumed-role/reader/cli");
    assert_eq!((&decision["approved"], &decision["why"]), (&json!(true), &json!("looks right")));
}

#[tokio::test]
async fn who_is_signed_in_needs_no_token() {
    let (client, write) = table(waiting(None, until()));
    let event = post("approve", &json!({ "why": "looks right" }));
    let answer = send(api_with(client, kms(true)), &event).await;
    assert_eq!((answer.status.as_u16(), write.num_calls()), (200, 1));
    let (client, write) = table(waiting(None, now()));
    assert_eq!(send(api_with(client, kms(true)), &event).await.status.as_u16(), 410);
    assert_eq!(write.num_calls(), 0);
    let (client, write) = table(waiting(None, until()));
    assert_eq!(send(api_for_anybody(client), &event).await.status.as_u16(), 400, "nobody is proven to be anybody");
    assert_eq!(write.num_calls(), 0);
}

#[tokio::test]
async fn every_other_token_is_refused_in_words_and_nothing_is_noted() {
    let used = Decision { approved: true, by: "ops".to_owned(), at: now(), why: String::new() };
    for (claim, genuine, token, status, words) in [
        (waiting(Some(used), until()), true, token(until()), 409, "ops approved it at"),
        (waiting(None, now()), true, token(now()), 410, "expired at"),
        (waiting(None, until()), false, token(until()), 403, "not genuine"),
        (waiting(None, until()), true, token(until() + SignedDuration::from_mins(1)), 403, "not genuine"),
        (waiting(None, until()), true, "yes".to_owned(), 400, "no approval token"),
        (
            Claim { state: ClaimState::Rehearsed { action: Action::Reboot }, ..waiting(None, until()) },
            true,
            token(until()),
            409,
            "nothing waits",
        ),
    ] {
        let (answer, written) = answer(claim, genuine, token).await;
        let detail = answer.body["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status.as_u16(), written), (status, 0), "{detail}");
        assert!(detail.contains(words), "{detail}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn what_waits_is_listed() {
    let (client, _) = table(waiting(None, until()));
    let answer = send(api_with(client, kms(true)), &get("/approvals")).await;
    assert_eq!(answer.body["approvals"][0]["incident"], incident().id.as_str());
}
