//! What is looked for: the security rules as the monitor loaded them.

use axum::Json;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::problem::Problem;

/// The rules, and those that do not load.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecurityTypes {
    rules: Vec<SecurityRule>,
    problems: Vec<SecurityRuleProblem>,
}

/// One rule or correlation.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecurityRule {
    id: String,
    title: String,
    /// Sigma's word: informational, low, medium, high or critical. An incident begins at medium.
    level: String,
    /// ATT&CK tactics and techniques, such as `attack.persistence` and `attack.t1098.001`.
    tags: Vec<String>,
    /// Why the rule exists.
    description: String,
    falsepositives: Vec<String>,
    /// What to do first when it matches.
    response: String,
    file: String,
    /// `rule` or `correlation`.
    kind: String,
}

/// A rule that does not load and looks for nothing.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecurityRuleProblem {
    file: String,
    /// The rule's title, where the file could be read that far.
    rule: Option<String>,
    reason: String,
}

/// List the kinds of security events that are looked for.
#[utoipa::path(
    get, path = "/security-events/types", tag = "security",
    responses(
        (status = 200, body = SecurityTypes),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The security monitor does not answer at the moment"),
    )
)]
pub async fn list(State(context): State<Context>) -> Result<Response, Problem> {
    let types: SecurityTypes = context.monitor.ask(&json!({ "action": "rules" })).await?;
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(types)).into_response())
}
