//! What the security rules say of given events; nothing is kept and nobody is told.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use nightjar_domain::security::AttackStory;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::problem::{BadParameter, Problem};

/// Bytes of a body. Lambda takes 6 MB a call, and a text within JSON is longer than by itself.
pub(super) const LARGEST: usize = 3_000_000;

/// What the rules say.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Detection {
    /// Events that were judged.
    events: u64,
    matches: Vec<SecurityMatch>,
    /// The incidents that these events would open, each one attack.
    incidents: Vec<AttackStory>,
    /// What could not be read.
    problems: Vec<String>,
}

/// One rule that one event, or for a correlation the last of several, satisfied.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SecurityMatch {
    event_id: String,
    event_name: String,
    rule_id: String,
    title: String,
    level: String,
    tags: Vec<String>,
    /// Why the noise control expects it; null where it does not.
    #[schema(required = true)]
    expected: Option<String>,
}

/// Judge CloudTrail events by the security rules.
///
/// The body is a single event, a list, `{"Records": […]}`, the output of LookupEvents, an EventBridge envelope, or JSON lines; at
/// most 3 MB and 5,000 events. They are judged in the order of their time, as if the account had done nothing before. Nothing is
/// stored.
#[utoipa::path(
    post, path = "/security-events/detect", tag = "security",
    request_body(content = serde_json::Value, description = "CloudTrail events", content_type = "application/json"),
    responses(
        (status = 200, body = Detection),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A body that is no text"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The security monitor does not answer at the moment"),
    )
)]
pub async fn detect(State(context): State<Context>, body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let body = body.map_err(|rejection| Problem::of_status(rejection.status(), rejection.body_text()))?;
    let text = readable(&body).map_err(|bad| Problem::invalid_parameters(vec![bad]))?;
    let detection: Detection = context.monitor.ask(&json!({ "action": "detect", "body": text })).await?;
    Ok(([(CACHE_CONTROL, "private, no-store")], Json(detection)).into_response())
}

fn readable(body: &[u8]) -> Result<&str, BadParameter> {
    let bad = |problem: String| BadParameter {
        parameter: "body".to_owned(),
        problem,
        allowed: format!("CloudTrail events as JSON, at most {LARGEST} bytes"),
    };
    if body.is_empty() {
        return Err(bad("is empty".to_owned()));
    }
    std::str::from_utf8(body).map_err(|error| bad(format!("is no UTF-8 text: {error}")))
}
