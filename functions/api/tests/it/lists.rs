use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_domain::incident::Incident;
use nightjar_testkit::{INSTANCE, incidents};
use serde_json::{Value, json};

use crate::support::{api, api_without_table, fixture, get, item, send};

fn page_of(incidents: &[Incident]) -> QueryOutput {
    QueryOutput::builder().set_items(Some(incidents.iter().map(item).collect())).build()
}

fn value<'a>(query: &'a QueryInput, name: &str) -> Option<&'a str> {
    query.expression_attribute_values()?.get(name)?.as_s().ok().map(String::as_str)
}

fn ids(events: &Value) -> Vec<&str> {
    events.as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let stored = incidents(3);
    let (first, second) = (page_of(&stored), page_of(&stored[2..]));
    let from_the_start = mock!(Client::query)
        .match_requests(|query| {
            query.exclusive_start_key().is_none()
                && value(query, ":partition") == Some("2026-11")
                && query.index_name() == Some("by_month")
                && query.filter_expression() == Some("#status = :status")
        })
        .then_output(move || first.clone());
    let after = stored[1].id.to_string();
    let continued = mock!(Client::query)
        .match_requests(move |query| {
            let start = query.exclusive_start_key().and_then(|key| key.get("id")).and_then(|id| id.as_s().ok());
            start == Some(&after)
        })
        .then_output(move || second.clone());
    // The months before November.
    let nothing = mock!(Client::query)
        .match_requests(|query| query.exclusive_start_key().is_none())
        .then_output(|| QueryOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&from_the_start, &continued, &nothing]);
    let api = api(client);

    let first = send(api.clone(), &fixture("list")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(ids(&first.body["events"]), [stored[0].id.as_str(), stored[1].id.as_str()]);
    assert_eq!(first.header("x-request-id"), "AbCdElist00=");

    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = send(api, &get(&format!("/events?status=OPEN&limit=2&cursor={cursor}"))).await;
    assert_eq!(ids(&second.body["events"]), [stored[2].id.as_str()]);
    assert_eq!(second.body["next_cursor"], Value::Null);
}

#[tokio::test]
async fn an_event_in_a_list_tells_what_a_reader_chooses_by() {
    let page = page_of(&incidents(1));
    let rule = mock!(Client::query)
        .match_requests(|query| query.index_name() == Some("by_resource"))
        .then_output(move || page.clone());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &get(&format!("/events?resource={INSTANCE}"))).await;
    insta::assert_json_snapshot!(answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn no_events_is_an_empty_list() {
    let rule = mock!(Client::query).then_output(|| QueryOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]);
    let answer = send(api(client), &get("/events")).await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, json!({ "events": [], "next_cursor": null })));
    assert_eq!(rule.num_calls(), 4, "90 days before 21 November reach into August");
}

#[tokio::test]
async fn bounds_are_whole_seconds_within_what_was_asked() {
    let rule = mock!(Client::query)
        .match_requests(|query| {
            value(query, ":since") == Some("2026-11-20T10:00:01Z")
                && value(query, ":until") == Some("2026-11-21T09:00:00Z")
        })
        .then_output(|| QueryOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let target = "/events?since=2026-11-20T10:00:00.5Z&until=2026-11-21T10:00:00.9%2B01:00";
    assert_eq!(send(api(client), &get(target)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cursor_keeps_the_filters_of_its_list() {
    let stored = incidents(2);
    let page = page_of(&stored);
    let rule = mock!(Client::query).then_output(move || page.clone());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let first = send(api(client), &get("/events?severity=critical&limit=1")).await;
    let cursor = first.body["next_cursor"].as_str().unwrap();

    let target = format!("/events?severity=low&status=OPEN&cursor={cursor}");
    let refused = send(api_without_table(), &get(&target)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let named: Vec<&Value> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| &error["parameter"]).collect();
    assert_eq!(named, ["status", "severity"]);
}

#[rstest::rstest]
#[case::its_page_and_whether_there_is_another("limit=20", 21)]
#[case::many_where_a_filter_may_leave_few("limit=20&status=OPEN", 100)]
#[case::never_more_than_that("limit=100", 100)]
#[tokio::test]
async fn a_page_reads_no_more_than_it_needs(#[case] query: &str, #[case] read: i32) {
    let rule = mock!(Client::query)
        .match_requests(move |query| query.limit() == Some(read))
        .then_output(|| QueryOutput::builder().build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]);
    let answer = send(api(client), &get(&format!("/events?{query}"))).await;
    assert_eq!((answer.status, rule.num_calls()), (StatusCode::OK, 4));
}
