use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::types::error::{ProvisionedThroughputExceededException, ResourceNotFoundException};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use axum::http::StatusCode;
use nightjar_testkit::incident;

use crate::support::{api, api_without_table, fixture, get, item, send};

#[tokio::test]
async fn health_reads_nothing() {
    let answer = send(api_without_table(), &fixture("health")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["status"], "ok");
    assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(answer.header("x-request-id"), "AbCdEhealth=");
}

#[tokio::test]
async fn all_bad_parameters_are_told_at_once_and_the_table_is_not_asked() {
    let target = "/events?status=open&severity=worst&since=yesterday&limit=0&limit=5&cursor=abc&resource=&colour=red";
    let answer = send(api_without_table(), &get(target)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    insta::assert_json_snapshot!(answer.body);
}

#[rstest::rstest]
#[case::backwards("since=2026-11-21T10:00:00Z&until=2026-11-20T10:00:00Z", "is not before until")]
#[case::in_the_future("since=2027-01-01T00:00:00Z", "is not before until")]
#[case::too_long("since=2020-01-01T00:00:00Z", "is more than 366 days before until")]
#[case::limit_above("limit=101", "cannot be \"101\"")]
#[case::plus_read_as_space("since=2026-11-20T10:00:00+01:00", "cannot be \"2026-11-20T10:00:00 01:00\"")]
#[tokio::test]
async fn a_parameter_out_of_bounds_is_refused(#[case] query: &str, #[case] problem: &str) {
    let answer = send(api_without_table(), &get(&format!("/events?{query}"))).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let error = &answer.body["errors"][0];
    assert!(error["problem"].as_str().unwrap().starts_with(problem), "{error}");
}

#[tokio::test]
async fn a_path_that_is_not_served_is_unknown() {
    for path in ["/event", "/events/", "/health/live"] {
        let answer = send(api_without_table(), &get(path)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("x-request-id"), "AbCdElist00=");
    }
}

#[tokio::test]
async fn a_list_cannot_be_written_to() {
    let answer = send(api_without_table(), &fixture("write_attempt")).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "GET,HEAD");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.body["detail"], "/events does not answer POST; the Allow header lists what it answers");
}

#[tokio::test]
async fn a_table_that_stumbles_is_asked_again() {
    let found = item(&incident());
    let rule = mock!(Client::get_item)
        .sequence()
        .http_status(503, None)
        .times(2)
        .output(move || GetItemOutput::builder().set_item(Some(found.clone())).build())
        .build();
    let client = mock_client!(aws_sdk_dynamodb, [&rule]);
    let answer = send(api(client), &get(&format!("/events/{}", incident().id))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(rule.num_calls(), 3);
}

#[tokio::test]
async fn a_table_that_keeps_failing_is_a_503_that_tells_nothing_of_the_inside() {
    let rule =
        mock!(Client::query).sequence().http_status(503, Some("secret stack trace".to_owned())).repeatedly().build();
    let client = mock_client!(aws_sdk_dynamodb, [&rule]);
    let answer = send(api(client), &get("/events")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(answer.header("x-request-id"), "AbCdElist00=");
    let text = answer.body.to_string();
    assert!(!text.contains("aiops-incidents") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn throttling_is_a_503() {
    let rule = mock!(Client::query).then_error(|| {
        let metadata = ErrorMetadata::builder().code("ProvisionedThroughputExceededException").build();
        QueryError::ProvisionedThroughputExceededException(
            ProvisionedThroughputExceededException::builder().meta(metadata).build(),
        )
    });
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]);
    assert_eq!(send(api(client), &get("/events")).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_table_that_is_gone_is_a_500() {
    let rule = mock!(Client::get_item).then_error(|| {
        let metadata = ErrorMetadata::builder().code("ResourceNotFoundException").build();
        GetItemError::ResourceNotFoundException(ResourceNotFoundException::builder().meta(metadata).build())
    });
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    let answer = send(api(client), &get(&format!("/events/{}", incident().id))).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.header("retry-after"), "");
}

#[tokio::test]
async fn an_item_of_another_form_is_a_500() {
    let mut broken = item(&incident());
    broken.remove("title");
    let rule =
        mock!(Client::query).then_output(move || QueryOutput::builder().set_items(Some(vec![broken.clone()])).build());
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
    assert_eq!(send(api(client), &get("/events")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}
