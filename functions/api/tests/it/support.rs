//! Events in, answers out.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{RuleMode, mock_client};
use axum::Router;
use axum::body::to_bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use lambda_http::tower::ServiceExt;
use nightjar_api::caller::Authorization;
use nightjar_api::context::{Clients, Context};
use nightjar_api::page::PageSettings;
use nightjar_api::routes::router;
use nightjar_api::settings::Settings;
use nightjar_calls::Caller;
use nightjar_domain::identity::Role;
use nightjar_domain::incident::Incident;
use nightjar_testkit::now;
use serde_json::Value;

use crate::calls;

/// The API in front of `client`, at the testkit's instant.
pub(crate) fn api(client: Client) -> Router {
    api_with(client, calls::silent())
}

/// The API in front of a table, and of what `caller` hears.
pub(crate) fn api_with(dynamodb: Client, caller: Caller) -> Router {
    router(Context::new(Clients { caller, ..silent(dynamodb) }, settings(), now))
}

/// The API that tells changes through `sns`.
pub(crate) fn api_telling(dynamodb: Client, sns: aws_sdk_sns::Client) -> Router {
    router(Context::new(Clients { sns, ..silent(dynamodb) }, settings(), now))
}

/// Clients that fail every call, but `dynamodb`.
fn silent(dynamodb: Client) -> Clients {
    Clients {
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::Sequential, []),
        dynamodb,
        sns: mock_client!(aws_sdk_sns, RuleMode::Sequential, []),
        caller: calls::silent(),
    }
}

/// A context whose clients fail every call, for callers with tokens.
pub(crate) fn context_with_tokens() -> Context {
    let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, []);
    let mut context = Context::new(silent(dynamodb), settings(), now);
    context.authorization = Authorization::Jwt;
    context
}

/// A context in front of `dynamodb`, whose other clients fail every call.
pub(crate) fn context(dynamodb: Client) -> Context {
    Context::new(silent(dynamodb), settings(), now)
}

/// The API in front of `client`, deployed without authorization.
pub(crate) fn api_for_anybody(dynamodb: Client) -> Router {
    let mut context = Context::new(silent(dynamodb), settings(), now);
    context.authorization = Authorization::Nobody;
    router(context)
}

fn settings() -> Settings {
    Settings {
        incidents_table: "aiops-incidents".to_owned(),
        series_table: "aiops-series".to_owned(),
        remediations_table: "aiops-remediations".to_owned(),
        inventory_table: "aiops-inventory".to_owned(),
        models_table: "aiops-models".to_owned(),
        audit_table: "aiops-audit".to_owned(),
        coverage_table: "aiops-coverage".to_owned(),
        config_table: "aiops-config".to_owned(),
        anchors_bucket: "the-anchors".to_owned(),
        anchors_key_arn: "the-key".to_owned(),
        approval_key: "key".to_owned(),
        routing_table: "aiops-routing".to_owned(),
        silences_table: "aiops-silences".to_owned(),
        notifications_table: "aiops-notifications".to_owned(),
        changes_topic_arn: "arn:aws:sns:us-east-1:000000000000:aiops-incident-changes".to_owned(),
        security_function: None,
        // The events kept as files are of callers who signed.
        authorization: Authorization::Iam(Role::Admin),
        page: PageSettings::default(),
    }
}

/// The API in front of a client that fails every call it is asked for.
pub(crate) fn api_without_table() -> Router {
    api(mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, []))
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// An event kept as a file.
pub(crate) fn fixture(name: &str) -> Value {
    let file = format!("events/{name}.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The event of `GET <target>`.
pub(crate) fn get(target: &str) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut event = fixture("list");
    event["rawPath"] = path.into();
    event["rawQueryString"] = query.into();
    event
}

/// The event of `POST <path>` with a JSON body.
pub(crate) fn post(path: &str, body: &Value, if_match: Option<&str>) -> Value {
    request("POST", path, body, if_match)
}

/// The event of `<method> <path>` with a JSON body.
pub(crate) fn request(method: &str, path: &str, body: &Value, if_match: Option<&str>) -> Value {
    let mut event = get(path);
    event["requestContext"]["http"]["method"] = method.into();
    event["routeKey"] = format!("{method} {path}").into();
    event["requestContext"]["routeKey"] = event["routeKey"].clone();
    event["headers"]["content-type"] = "application/json".into();
    if let Some(etag) = if_match {
        event["headers"]["if-match"] = etag.into();
    }
    event["body"] = body.to_string().into();
    event["isBase64Encoded"] = false.into();
    event
}

/// What the API answers to an event of API Gateway.
pub(crate) async fn send(api: Router, event: &Value) -> Answer {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let response = api.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { text_or_json(&parts.headers, &bytes) };
    Answer { status: parts.status, headers: parts.headers, body }
}

fn text_or_json(headers: &HeaderMap, bytes: &[u8]) -> Value {
    if !headers[CONTENT_TYPE].to_str().unwrap().contains("json") {
        return Value::String(String::from_utf8(bytes.to_vec()).unwrap());
    }
    serde_json::from_slice(bytes).unwrap()
}

/// The incident as its table keeps it.
pub(crate) fn item(incident: &Incident) -> HashMap<String, AttributeValue> {
    serde_dynamo::to_item(incident).unwrap()
}
