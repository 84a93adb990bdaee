//! Who may do what: one table, asked before every handler. What is not in it is denied to everybody.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::ALLOW;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use nightjar_domain::identity::Role;

use crate::caller::{self, Authorization, Caller};
use crate::problem::Problem;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// It tells nothing of the account.
    Nothing,
    /// A proven caller of this role or a higher one.
    Role(Role),
}

const OPEN: Needs = Needs::Nothing;
const VIEWER: Needs = Needs::Role(Role::Viewer);
const ADMIN: Needs = Needs::Role(Role::Admin);
const OPERATOR: Needs = Needs::Role(Role::Operator);

/// Every operation of the API, by method and path. A test compares it with the description and with Terraform's routes.
pub const TABLE: &[(&str, &str, Needs)] = &[
    ("GET", "/health", OPEN),
    // The page's own files, and where it signs in: needed before anybody can.
    ("GET", "/", OPEN),
    ("GET", "/assets/{file}", OPEN),
    ("GET", "/favicon.svg", OPEN),
    ("GET", "/config.json", OPEN),
    ("GET", "/me", VIEWER),
    ("GET", "/docs", VIEWER),
    ("GET", "/summary", VIEWER),
    ("GET", "/metrics/summary", VIEWER),
    ("GET", "/resources", VIEWER),
    ("GET", "/resources/{id}", VIEWER),
    ("GET", "/resources/{id}/metrics", VIEWER),
    ("GET", "/analyze", VIEWER),
    ("POST", "/analyze", VIEWER),
    ("GET", "/openapi.json", VIEWER),
    ("GET", "/events", VIEWER),
    ("GET", "/events/{id}", VIEWER),
    ("GET", "/events/{id}/record", VIEWER),
    ("POST", "/alerts/{id}/acknowledge", OPERATOR),
    ("POST", "/alerts/{id}/suppress", OPERATOR),
    ("POST", "/alerts/{id}/resolve", OPERATOR),
    ("POST", "/alerts/{id}/assign", OPERATOR),
    ("POST", "/alerts/{id}/feedback", OPERATOR),
    ("GET", "/silences", VIEWER),
    ("POST", "/silences", OPERATOR),
    ("DELETE", "/silences/{id}", OPERATOR),
    ("GET", "/remediations", VIEWER),
    ("POST", "/remediations/stop", OPERATOR),
    ("POST", "/remediations/resume", ADMIN),
    ("POST", "/remediations/policies/{policy}/reset", ADMIN),
    ("POST", "/remediations/{id}/undo", OPERATOR),
    ("GET", "/approvals", VIEWER),
    ("GET", "/approvals/{id}", VIEWER),
    ("POST", "/approvals/{id}/approve", OPERATOR),
    ("POST", "/approvals/{id}/deny", OPERATOR),
    ("GET", "/products", VIEWER),
    ("GET", "/products/{name}", VIEWER),
    ("PUT", "/products/{name}", OPERATOR),
    ("DELETE", "/products/{name}", OPERATOR),
    ("GET", "/security-events", VIEWER),
    ("GET", "/security-events/types", VIEWER),
    ("POST", "/security-events/detect", VIEWER),
    ("GET", "/audit-log", VIEWER),
    ("GET", "/audit-log/verify", VIEWER),
    ("GET", "/coverage", VIEWER),
    ("GET", "/thresholds", VIEWER),
    ("PUT", "/thresholds", OPERATOR),
    ("POST", "/thresholds/revert", OPERATOR),
    ("GET", "/thresholds/preview", VIEWER),
];

/// What an operation asks; `None` where the table does not know it.
pub fn needs(method: &str, path: &str) -> Option<Needs> {
    // axum answers HEAD with what GET would say.
    let method = if method == "HEAD" { "GET" } else { method };
    TABLE.iter().find(|(m, p, _)| *m == method && *p == path).map(|(_, _, needs)| *needs)
}

/// Whether reading a path asks for nobody.
pub fn is_open(path: &str) -> bool {
    needs("GET", path) == Some(Needs::Nothing)
}

/// A middleware: lets a request through to its handler if its caller may make it.
pub async fn guard(State(authorization): State<Authorization>, mut request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        // No handler: the answer is that nothing is served there.
        return next.run(request).await;
    };
    let caller = caller::prove(request.extensions().get::<RequestContext>(), authorization);
    match decide(request.method(), &path, caller.as_ref()) {
        Ok(()) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(refusal) => *refusal,
    }
}

fn decide(method: &Method, path: &str, caller: Option<&Caller>) -> Result<(), Box<Response>> {
    let Some(needed) = needs(method.as_str(), path) else { return Err(Box::new(unknown(method, path))) };
    let Needs::Role(needed) = needed else { return Ok(()) };
    let Some(caller) = caller else { return Err(Box::new(Problem::unauthenticated().into_response())) };
    if caller.role.is_some_and(|role| role >= needed) {
        return Ok(());
    }
    let detail = match caller.role {
        Some(role) => format!("{} is {role}, and this takes {needed}", caller.who),
        None => format!("{} has no role, and this takes {needed}: an administrator adds people to a group", caller.who),
    };
    Err(Box::new(Problem::forbidden(detail).into_response()))
}

/// A known path with another method is answered as HTTP wants it; a path that nobody entered into the table is shut.
fn unknown(method: &Method, path: &str) -> Response {
    let mut allowed: Vec<&str> = TABLE.iter().filter(|(_, p, _)| *p == path).map(|(method, _, _)| *method).collect();
    if allowed.is_empty() {
        return Problem::forbidden(format!("nobody may use {path}: it is not in the table of who may do what"))
            .into_response();
    }
    if allowed.contains(&"GET") {
        allowed.insert(1, "HEAD");
    }
    let mut response = Problem::method_not_allowed(method.as_str(), path).into_response();
    if let Ok(value) = HeaderValue::from_str(&allowed.join(",")) {
        response.headers_mut().insert(ALLOW, value);
    }
    response
}
