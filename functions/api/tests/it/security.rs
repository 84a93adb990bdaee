//! Security events: listed, and the monitor asked about rules and events.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_api::context::Context;
use nightjar_api::monitor::Monitor;
use nightjar_api::routes::router;
use nightjar_testkit::{attack_story, security_incident};
use serde_json::{Value, json};

use crate::calls::{self, hearing};
use crate::support::{Answer, api, context, fixture, get, item, send};

/// The API in front of a monitor that answers `answer` to `request`.
fn with_monitor(request: Value, answer: Value, function_error: Option<&'static str>) -> Context {
    let caller = hearing(move |call| {
        assert!(call.uri().ends_with("/2015-03-31/functions/aiops-security-monitor/invocations"), "{}", call.uri());
        let payload: Value = serde_json::from_slice(call.body().bytes().unwrap()).unwrap();
        assert_eq!(payload, request);
        let mut told = calls::answer(200, answer.to_string());
        if let Some(kind) = function_error {
            told.headers_mut().insert("x-amz-function-error", kind);
        }
        told
    });
    let mut context = context(mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, []));
    context.monitor = Monitor::new(caller, Some("aiops-security-monitor".to_owned()));
    context
}

async fn post(context: Context, body: &str) -> Answer {
    let mut event = fixture("list");
    event["rawPath"] = "/security-events/detect".into();
    event["rawQueryString"] = "".into();
    event["requestContext"]["http"]["method"] = "POST".into();
    event["body"] = body.into();
    send(router(context), &event).await
}

#[tokio::test]
async fn security_events_are_listed_by_their_kind() {
    let query = mock!(Client::query)
        .match_requests(|query| {
            query.filter_expression() == Some("severity = :severity AND kind = :kind")
                && query.expression_attribute_values().unwrap()[":kind"].as_s().unwrap() == "security"
                && query.index_name() == Some("by_resource")
                && query.expression_attribute_values().unwrap()[":partition"].as_s().unwrap() == "user/eve"
        })
        .then_output(|| QueryOutput::builder().items(item(&security_incident())).build());
    let api = api(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query]));
    let answer = send(api, &get("/security-events?severity=high&resource=user/eve")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let event = &answer.body["events"][0];
    assert_eq!(event["principal"], attack_story().principal);
    assert_eq!(event["tactics"], json!(["defense-evasion", "persistence"]));
    assert_eq!(event["rules"], json!(["The trail was stopped", "A key for another user"]));
    assert_eq!(answer.body["next_cursor"], Value::Null);
}

#[tokio::test]
async fn wrong_filters_are_refused_as_for_all_events() {
    let api = api(mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, []));
    let answer = send(api, &get("/security-events?severity=awful&tactic=x")).await;
    assert_eq!((answer.status, answer.body["errors"].as_array().unwrap().len()), (StatusCode::BAD_REQUEST, 2));
}

#[tokio::test]
async fn the_types_are_the_rules_that_the_monitor_loaded() {
    let rule = json!({
        "id": "1", "title": "T", "level": "high", "tags": ["attack.impact"], "description": "why", "falsepositives": [],
        "response": "look", "file": "impact/t.yml", "kind": "rule", "feeds_only": false, "name": null,
    });
    let problem = json!({"file": "security_rules/x.yml", "rule": null, "reason": "is no YAML"});
    let answer = json!({"rules": [rule], "problems": [problem]});
    let context = with_monitor(json!({"action": "rules"}), answer, None);
    let answer = send(router(context), &get("/security-events/types")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.body["rules"][0]["title"], "T");
    assert_eq!(answer.body["problems"], json!([problem]));
}

#[tokio::test]
async fn events_are_judged_by_the_monitor() {
    let body = r#"{"Records": []}"#;
    let found = json!({
        "event_id": "1", "event_name": "StopLogging", "rule_id": "r", "title": "T", "level": "high", "tags": [], "expected": null,
    });
    let answer = json!({"events": 1, "matches": [found], "incidents": [attack_story()], "problems": ["one"]});
    let context = with_monitor(json!({"action": "detect", "body": body}), answer.clone(), None);
    let told = post(context, body).await;
    assert_eq!((told.status, told.body), (StatusCode::OK, answer));
}

#[tokio::test]
async fn a_body_that_is_empty_or_too_large_never_reaches_the_monitor() {
    for (body, expected) in [("", StatusCode::BAD_REQUEST), (&"x".repeat(3_000_001), StatusCode::PAYLOAD_TOO_LARGE)] {
        let context = with_monitor(json!("no call"), json!(null), None);
        let answer = post(context, body).await;
        assert_eq!((answer.status, &answer.body["status"]), (expected, &json!(expected.as_u16())));
    }
}

#[tokio::test]
async fn a_monitor_that_fails_or_is_not_there_is_a_503_without_its_reasons() {
    let failing =
        with_monitor(json!({"action": "rules"}), json!({"errorMessage": "table secret-name"}), Some("Unhandled"));
    let absent = context(mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, []));
    for context in [failing, absent] {
        let answer = send(router(context), &get("/security-events/types")).await;
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "2"));
        assert!(!answer.body.to_string().contains("secret-name"), "{}", answer.body);
    }
}
