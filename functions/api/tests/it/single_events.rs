use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_domain::audit::{AuditEntry, Fact, FactKind, Tip};
use nightjar_domain::incident::Incident;
use nightjar_testkit::{at, incident};
use serde_json::{Value, json};

use crate::audit_log::row;
use crate::support::{api, api_without_table, fixture, get, item, send};

fn stored(incident: &Incident) -> Rule {
    let item = item(incident);
    mock!(Client::get_item).then_output(move || GetItemOutput::builder().set_item(Some(item.clone())).build())
}

/// A fixture, with the incident's id in place of the one in the file.
fn fixture_for(name: &str, incident: &Incident) -> Value {
    let mut event = fixture(name);
    event["rawPath"] = format!("/events/{}", incident.id).into();
    event
}

#[tokio::test]
async fn an_event_comes_with_its_evidence_and_its_version() {
    let rule = stored(&incident());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &fixture_for("show", &incident())).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(answer.header("x-request-id"), "AbCdEshow00=");
    assert_eq!(serde_json::from_value::<Incident>(answer.body).unwrap(), incident());
}

#[tokio::test]
async fn an_event_that_has_not_changed_is_not_sent_again() {
    let rule = stored(&incident());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &fixture_for("show_unchanged", &incident())).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::NOT_MODIFIED, &Value::Null));
    assert_eq!(answer.header("etag"), "\"1\"");
}

#[tokio::test]
async fn an_event_that_has_changed_is_sent() {
    let changed = Incident { version: 2, ..incident() };
    let rule = stored(&changed);
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &fixture_for("show_unchanged", &changed)).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
}

#[tokio::test]
async fn an_event_that_is_not_stored_is_unknown() {
    let rule = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &fixture("show")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.body["type"], "urn:problem-type:nightjar:unknown-event");
}

#[tokio::test]
async fn an_id_that_cannot_exist_is_unknown_without_asking_the_table() {
    for id in ["inc_1", "%20", "%FF", &"x".repeat(3000)] {
        let answer = send(api_without_table(), &get(&format!("/events/{id}"))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn a_record_tells_what_the_trail_has_about_the_event_and_nothing_else() {
    let (about, of_another) = (incident().id.to_string(), "inc_ffffffffffffffffffff");
    let sent = |subject: &str, because: &str| {
        let details = json!({ "receiver": subject });
        Fact::new(
            FactKind::NotificationSent,
            "alert-handler",
            subject,
            Some(because),
            at("2026-11-21T10:09:00Z"),
            details,
        )
    };
    let mut tip = Tip::genesis();
    let mut rows = Vec::new();
    for fact in [sent("slack", &about), sent("pagerduty", of_another), sent(&about, "again")] {
        let entry = AuditEntry::next("main", &tip, fact).unwrap();
        tip = entry.tip();
        rows.insert(0, row(&entry));
    }
    let query = mock!(Client::query).then_compute_output(move |request| {
        let values = request.expression_attribute_values().unwrap();
        let is_read = values[":chain"].as_s().unwrap() == "main" && !values.contains_key(":seq");
        QueryOutput::builder().set_items(Some(if is_read { rows.clone() } else { Vec::new() })).build()
    });
    let stored = stored(&incident());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&stored, &query]);
    let answer = send(api(client), &get(&format!("/events/{}/record", incident().id))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "text/markdown; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{about}.md\""));
    let told = answer.body.as_str().unwrap();
    assert!(told.contains("notification.sent slack"), "{told}");
    assert_eq!(told.matches("notification.sent").count(), 2, "{told}");
    assert!(!told.contains("pagerduty"), "{told}");
}

#[tokio::test]
async fn there_is_no_record_of_an_unknown_event() {
    let rule = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &get(&format!("/events/{}/record", incident().id))).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_list_that_has_not_changed_is_not_sent_again() {
    let list = |incident: Incident, tag: Option<String>| async move {
        let query = mock!(Client::query).then_output(move || QueryOutput::builder().items(item(&incident)).build());
        let mut event = get("/events?resource=i-0a1b2c3d4e5f60718");
        if let Some(tag) = tag {
            event["headers"]["if-none-match"] = tag.into();
        }
        send(api(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query])), &event).await
    };
    let first = list(incident(), None).await;
    let tag = first.header("etag").to_owned();
    assert_eq!((first.status, tag.len()), (StatusCode::OK, 34), "{}", first.body);
    let again = list(incident(), Some(tag.clone())).await;
    assert_eq!(
        (again.status, &again.body, again.header("etag")),
        (StatusCode::NOT_MODIFIED, &Value::Null, tag.as_str())
    );
    let changed = list(Incident { version: 2, ..incident() }, Some(tag.clone())).await;
    assert_eq!((changed.status, changed.header("etag") == tag), (StatusCode::OK, false));
}
