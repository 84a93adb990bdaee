//! The page's files: as they lie in the bucket, compressed where that is taken.

use aws_smithy_mocks::{RuleMode, mock_client};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use axum::http::StatusCode;
use nightjar_api::page::{Page, PageSettings};
use nightjar_api::routes::router;
use rstest::rstest;
use serde_json::Value;

use crate::calls::{answer, hearing};
use crate::support::{Answer, context, get, send};

/// A bucket with a page that was built with Brotli, and an icon of before. What is not there, S3 refuses: the role may not list.
fn bucket(request: &HttpRequest) -> HttpResponse {
    assert!(request.uri().starts_with("https://the-page.s3.us-east-1.amazonaws.com/"), "{}", request.uri());
    let (tag, body) = match request.uri().rsplit_once(".com/").unwrap().1 {
        "index.html" => ("\"plain\"", "<!doctype html>"),
        "index.html.br" => ("\"small\"", "compressed"),
        "favicon.svg" => ("\"icon\"", "<svg/>"),
        _ => return answer(403, "<Error><Code>AccessDenied</Code></Error>"),
    };
    let mut found = answer(200, body);
    found.headers_mut().insert("etag", tag);
    found
}

async fn ask(path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut context = context(mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, []));
    let settings = PageSettings { bucket: Some("the-page".to_owned()), ..PageSettings::default() };
    context.page = Page::new(hearing(bucket), settings);
    let mut event = get(path);
    for (name, value) in headers {
        event["headers"][*name] = (*value).into();
    }
    send(router(context), &event).await
}

#[rstest]
#[case::small("/", "br, gzip", "br", "\"small\"")]
#[case::plain("/", "gzip", "", "\"plain\"")]
#[case::refused("/", "br;q=0", "", "\"plain\"")]
#[case::never_compressed("/favicon.svg", "br", "", "\"icon\"")]
#[tokio::test]
async fn a_file_comes_as_it_is_taken(
    #[case] path: &str,
    #[case] takes: &str,
    #[case] encoding: &str,
    #[case] tag: &str,
) {
    let answer = ask(path, &[("accept-encoding", takes)]).await;
    assert_eq!(
        (answer.status, answer.header("content-encoding"), answer.header("etag")),
        (StatusCode::OK, encoding, tag)
    );
    assert_eq!(answer.header("vary"), "accept-encoding");
    let kind = if path == "/" { "text/html; charset=utf-8" } else { "image/svg+xml" };
    assert_eq!(answer.header("content-type"), kind);
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_sent_again() {
    let answer = ask("/", &[("accept-encoding", "br"), ("if-none-match", "\"small\"")]).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::NOT_MODIFIED, &Value::Null));
}

#[tokio::test]
async fn what_is_not_there_is_unknown() {
    assert_eq!(ask("/assets/gone-1.js", &[("accept-encoding", "br")]).await.status, StatusCode::NOT_FOUND);
}
