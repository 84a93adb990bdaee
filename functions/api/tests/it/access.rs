//! Who may do what: every operation for every kind of caller.

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::routing::{MethodFilter, get as getting, on};
use nightjar_api::access::{Needs, TABLE, needs};
use nightjar_api::late::Late;
use nightjar_api::routes::{guarded, router, routes};
use nightjar_domain::identity::Role;
use serde_json::{Value, json};

use crate::support::{api_without_table, context_with_tokens, fixture, get, send};

fn api() -> Router {
    router(context_with_tokens())
}

/// The event of a request whose token carries `claims`; without a token for `None`.
fn event(method: &str, path: &str, claims: Option<Value>) -> Value {
    let mut event = fixture("list");
    event["rawPath"] = path.replace("{id}", "inc_0123456789abcdef0123").replace("{file}", "index.js").into();
    event["rawQueryString"] = "".into();
    event["requestContext"]["http"]["method"] = method.into();
    event["requestContext"]["authorizer"] = match claims {
        None => Value::Null,
        Some(claims) => json!({ "jwt": { "claims": claims, "scopes": null } }),
    };
    event
}

fn person(groups: &str) -> Value {
    json!({ "token_use": "access", "username": "ops@example.com", "client_id": "c1", "cognito:groups": groups })
}

fn machine(scope: &str) -> Value {
    json!({ "token_use": "access", "client_id": "c1", "scope": scope })
}

/// The whole table with handlers that always succeed, so that what is refused is refused by the guard.
fn willing() -> Router {
    let routes = TABLE.iter().fold(Router::<Late>::new(), |routes, (method, path, _)| {
        let filter = MethodFilter::try_from(method.parse::<Method>().unwrap()).unwrap();
        routes.route(path, on(filter, || async { "{}" }))
    });
    guarded(routes, context_with_tokens())
}

async fn status(method: &str, path: &str, claims: Option<Value>) -> StatusCode {
    send(willing(), &event(method, path, claims)).await.status
}

#[tokio::test]
async fn every_operation_asks_for_its_role() {
    for (method, path, needs) in TABLE {
        let callers = [
            (None, None),
            (Some(person("[]")), None),
            (Some(person("[viewer]")), Some(Role::Viewer)),
            (Some(person("[operator]")), Some(Role::Operator)),
            (Some(person("[ops admin]")), Some(Role::Admin)),
            (Some(machine("nightjar/viewer")), Some(Role::Viewer)),
            (Some(machine("nightjar/operator")), Some(Role::Operator)),
            (Some(machine("openid nightjar/admin")), Some(Role::Admin)),
        ];
        for (claims, role) in callers {
            let refused = match needs {
                Needs::Nothing => None,
                Needs::Role(_) if claims.is_none() => Some(StatusCode::UNAUTHORIZED),
                Needs::Role(needed) => role.is_none_or(|role| role < *needed).then_some(StatusCode::FORBIDDEN),
            };
            let status = status(method, path, claims.clone()).await;
            assert_eq!(status, refused.unwrap_or(StatusCode::OK), "{method} {path} {claims:?}");
        }
    }
}

#[tokio::test]
async fn only_the_health_check_and_the_files_of_the_page_are_open() {
    let open: Vec<_> =
        TABLE.iter().filter(|(_, _, needs)| *needs == Needs::Nothing).map(|(_, path, _)| *path).collect();
    assert_eq!(open, ["/health", "/", "/assets/{file}", "/favicon.svg", "/config.json"]);
}

#[tokio::test]
async fn the_table_the_description_and_the_gateway_know_the_same_operations() {
    let document = send(api_without_table(), &get("/openapi.json")).await.body;
    let mut described: Vec<String> = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            described.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    described.sort();
    let mut tabled: Vec<String> = TABLE.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    tabled.sort();
    assert_eq!(described, tabled, "the description (left) and the table (right)");
    let terraform = std::fs::read_to_string("../../infrastructure/api.tf").unwrap();
    for operation in &tabled {
        assert!(terraform.contains(&format!("\"{operation}\"")), "infrastructure/api.tf has no route {operation}");
    }
}

#[tokio::test]
async fn a_route_that_nobody_entered_into_the_table_is_shut() {
    let context = context_with_tokens();
    let api = guarded(routes().route("/secret", getting(|| async { "told" })), context);
    let answer = send(api, &event("GET", "/secret", Some(person("[admin]")))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(needs("GET", "/secret"), None);
}

#[tokio::test]
async fn a_handler_of_a_known_path_that_is_not_in_the_table_is_not_run() {
    let context = context_with_tokens();
    let api = guarded(Router::new().route("/health", getting(|| async { "" }).delete(|| async { "done" })), context);
    let answer = send(api, &event("DELETE", "/health", Some(person("[admin]")))).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET,HEAD"));
}

#[tokio::test]
async fn an_id_token_is_not_an_access_token() {
    let mut claims = person("[admin]");
    claims["token_use"] = "id".into();
    assert_eq!(status("GET", "/events", Some(claims)).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_signature_is_no_token() {
    assert_eq!(send(api(), &fixture("list")).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn everybody_may_ask_who_he_is() {
    let answer = send(api(), &event("GET", "/me", Some(person("[viewer]")))).await;
    let expected = json!({ "who": "ops@example.com", "role": "viewer", "authenticated_by": "cognito" });
    assert_eq!(answer.body, expected);
    let signed = send(api_without_table(), &get("/me")).await.body;
    assert_eq!(signed["who"], "arn:aws:sts::000000000000:assumed-role/reader/cli");
    let refused = send(api(), &event("GET", "/me", Some(person("[]")))).await;
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.body["type"], "urn:problem-type:nightjar:forbidden");
}
