//! How things stand, what is watched, and what all answers carry.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_domain::incident::{Incident, Status, StatusChange};
use nightjar_testkit::{at, incident, resource};
use serde_json::{Value, json};

use crate::support::{api, api_without_table, fixture, get, item, send};

/// The incidents of a status, as the index by status knows them; others are none.
fn by_status(incidents: &[Incident]) -> Vec<Rule> {
    Status::ALL
        .into_iter()
        .map(|status| {
            let items: Vec<_> = incidents.iter().filter(|incident| incident.status == status).map(item).collect();
            mock!(Client::query)
                .match_requests(move |request| {
                    let values = request.expression_attribute_values().unwrap();
                    request.index_name() == Some("by_status")
                        && values[":status"].as_s().map(String::as_str) == Ok(status.as_str())
                })
                .then_output(move || {
                    QueryOutput::builder().set_items(Some(items.clone())).count(items.len() as i32).build()
                })
        })
        .collect()
}

fn with(status: Status, minutes: i64) -> Incident {
    let mut incident = incident();
    let at = incident.opened_at + jiff::SignedDuration::from_mins(minutes);
    incident.timeline.push(StatusChange {
        at,
        by: "ops".to_owned(),
        to: status,
        why: "x".to_owned(),
        ..incident.timeline[0].clone()
    });
    incident.status = status;
    incident
}

async fn asked(path: &str, rules: &[Rule]) -> crate::support::Answer {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
    send(api(client), &get(path)).await
}

#[tokio::test]
async fn a_summary_counts_and_names_the_worst() {
    let rules = by_status(&[incident(), with(Status::Acknowledged, 4), with(Status::Resolved, 9)]);
    let answer = asked("/summary?n=1", &rules).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        (&answer.body["open"], &answer.body["acknowledged"], &answer.body["suppressed"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert_eq!(answer.body["worst"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn means_rest_on_examples_alone() {
    let mut rules = by_status(&[incident(), with(Status::Acknowledged, 4), with(Status::Resolved, 9)]);
    rules.push(mock!(Client::get_item).then_output(|| GetItemOutput::builder().build()));
    let body = asked("/metrics/summary", &rules).await.body;
    assert_eq!((&body["mtta_seconds"], &body["acknowledged_after"]), (&json!(240.0), &json!(1)));
    assert_eq!((&body["mttr_seconds"], &body["resolved"]), (&json!(540.0), &json!(1)));
    assert_eq!((&body["healed"], &body["complete"]), (&json!(0), &json!(true)));
    let mut nothing = by_status(&[]);
    nothing.push(mock!(Client::get_item).then_output(|| GetItemOutput::builder().build()));
    assert_eq!(asked("/metrics/summary?days=90", &nothing).await.body["mtta_seconds"], Value::Null);
}

#[tokio::test]
async fn what_is_watched_is_listed_with_what_is_open() {
    let found: std::collections::HashMap<_, _> = serde_dynamo::to_item(resource()).unwrap();
    let scan = mock!(Client::scan).then_output(move || ScanOutput::builder().items(found.clone()).build());
    let mut rules = by_status(&[incident()]);
    rules.push(scan);
    let body = asked("/resources?limit=5", &rules).await.body;
    assert_eq!(body["resources"][0]["id"], resource().reference.id);
    assert_eq!((&body["resources"][0]["open_events"], &body["next_cursor"]), (&json!(1), &Value::Null));
    let tag = asked("/resources?limit=5", &rules).await.header("etag").to_owned();
    let mut event = get("/resources?limit=5");
    event["headers"]["if-none-match"] = tag.clone().into();
    let again = send(api(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &rules)), &event).await;
    assert_eq!(
        (again.status, again.header("etag"), &again.body),
        (StatusCode::NOT_MODIFIED, tag.as_str(), &Value::Null)
    );
    event["rawQueryString"] = "q=no-such-name".into();
    let other = send(api(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &rules)), &event).await;
    assert_eq!((other.status, other.header("cache-control")), (StatusCode::OK, "private, no-cache"));
    let none = asked("/resources?q=no-such-name", &rules).await.body;
    assert_eq!(none["resources"], json!([]));
    let unknown = asked("/resources/i-0000", &rules).await;
    assert_eq!(
        (unknown.status, &unknown.body["type"]),
        (StatusCode::NOT_FOUND, &json!("urn:problem-type:nightjar:unknown-resource"))
    );
}

#[rstest::rstest]
#[case("/summary?n=0")]
#[case("/summary?n=51")]
#[case("/metrics/summary?days=x")]
#[case("/resources?limit=201")]
#[case("/resources?cursor=abc")]
#[case("/resources/i-1/metrics?from=2026-11-22T00:00:00Z")]
#[case("/resources/i-1/metrics?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z")]
#[case("/analyze")]
#[case("/analyze?resource=a&resource=b")]
#[tokio::test]
async fn a_parameter_out_of_bounds_is_refused_without_asking_aws(#[case] target: &str) {
    let answer = send(api_without_table(), &get(target)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{target}");
    assert!(!answer.body["errors"][0]["allowed"].as_str().unwrap().is_empty());
}

fn posted(body: &str) -> Value {
    let mut event = fixture("feedback");
    event["rawPath"] = "/analyze".into();
    event["requestContext"]["http"]["path"] = "/analyze".into();
    event["body"] = body.into();
    event
}

#[tokio::test]
async fn datapoints_that_are_handed_over_are_judged() {
    let start = at("2026-11-01T00:00:00Z");
    let points: Vec<Value> = (0..3)
        .map(|i| json!({ "at": (start + jiff::SignedDuration::from_mins(i * 5)).to_string(), "value": 30.0 }))
        .collect();
    let body = json!({ "period_seconds": 300, "direction": "above", "datapoints": points });
    let answer = send(api_without_table(), &posted(&body.to_string())).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["points"][2]["verdict"], "learning");
    assert_eq!(answer.body["anomalies"], json!([]));
}

#[rstest::rstest]
#[case("{", "body")]
#[case(r#"{"period_seconds":90,"direction":"above","datapoints":[]}"#, "period_seconds")]
#[case(r#"{"period_seconds":60,"direction":"up","datapoints":[]}"#, "body")]
#[case(r#"{"period_seconds":60,"direction":"both","datapoints":[{"at":"2026-11-21T10:00:00Z","value":1},{"at":"2026-11-21T10:00:00Z","value":1}]}"#, "datapoints")]
#[case(
    r#"{"period_seconds":60,"direction":"both","datapoints":[{"at":"1900-11-21T10:00:00Z","value":1}]}"#,
    "datapoints"
)]
#[tokio::test]
async fn datapoints_that_cannot_be_used_are_refused(#[case] body: &str, #[case] parameter: &str) {
    let answer = send(api_without_table(), &posted(body)).await;
    assert_eq!((answer.status, &answer.body["errors"][0]["parameter"]), (StatusCode::BAD_REQUEST, &json!(parameter)));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_houses_form() {
    let answer = send(api_without_table(), &posted(&"x".repeat(3 * 1024 * 1024))).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do() {
    for path in ["/health", "/nowhere", "/events?limit=0"] {
        let answer = send(api_without_table(), &get(path)).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(answer.header("strict-transport-security").contains("max-age"), "{path}");
    }
}

#[tokio::test]
async fn a_large_answer_is_compressed_where_that_is_taken() {
    use axum::body::to_bytes;
    use lambda_http::tower::ServiceExt as _;
    let mut event = get("/openapi.json");
    event["headers"]["accept-encoding"] = "gzip, br".into();
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = api_without_table().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text).unwrap();
    assert!(text.len() > bytes.len() && text.contains("\"openapi\": \"3.1.0\""));
}

#[tokio::test]
async fn without_a_page_there_is_none_and_clients_still_learn_where_to_sign_in() {
    let page = send(api_without_table(), &get("/")).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
    let config = send(api_without_table(), &get("/config.json")).await.body;
    assert_eq!(config, json!({ "version": 1, "api": "", "auth": { "mode": "iam" }, "live": null }));
}
