//! What people do about an incident: acknowledge, suppress, resolve.

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::{Envelope, Message};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::incident_change::{IncidentChange, Refused};
use serde::Deserialize;
use serde_json::json;

use crate::caller;
use crate::context::Context;
use crate::problem::{BadParameter, Problem};

/// How often a change is tried against others that are made at the same moment.
const ATTEMPTS: u32 = 5;
/// Characters of a name and of a reason.
const LONGEST_BY: usize = 200;
const LONGEST_WHY: usize = 2000;

/// Why it is done, and for whom.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// For whom the caller does it: a chat's user, for example. The caller's own name is known from the signature.
    #[serde(default)]
    #[schema(example = "alice", max_length = 200)]
    by: Option<String>,
    /// Why, for those who read the audit trail later.
    #[schema(example = "restarting the worker", max_length = 2000)]
    why: String,
    /// Of a suppression: until when.
    #[serde(default)]
    until: Option<Timestamp>,
}

type Id = Result<Path<String>, PathRejection>;
type Body = Result<Json<Deed>, JsonRejection>;
type Caller = Option<Extension<RequestContext>>;

/// Say that somebody is on it: it is neither repeated nor escalated any more.
#[utoipa::path(
    post, path = "/alerts/{id}/acknowledge", tag = "alerts", request_body = Deed,
    params(
        ("id" = IncidentId, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is changed"),
    ),
    responses(
        (status = 200, body = Incident, description = "It is acknowledged, now or already"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The reason is missing"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It is resolved"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn acknowledge(
    context: State<Context>,
    caller: Caller,
    headers: HeaderMap,
    id: Id,
    body: Body,
) -> Result<Response, Problem> {
    change(&context, caller, &headers, id, body, Status::Acknowledged).await
}

/// Hold it back until a time. If it is still open then, it is told again.
#[utoipa::path(
    post, path = "/alerts/{id}/suppress", tag = "alerts", request_body = Deed,
    params(
        ("id" = IncidentId, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is changed"),
    ),
    responses(
        (status = 200, body = Incident, description = "It is suppressed, now or already"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The reason or a future end is missing"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It is resolved"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn suppress(
    context: State<Context>,
    caller: Caller,
    headers: HeaderMap,
    id: Id,
    body: Body,
) -> Result<Response, Problem> {
    change(&context, caller, &headers, id, body, Status::Suppressed).await
}

/// Say that it is over.
#[utoipa::path(
    post, path = "/alerts/{id}/resolve", tag = "alerts", request_body = Deed,
    params(
        ("id" = IncidentId, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is changed"),
    ),
    responses(
        (status = 200, body = Incident, description = "It is resolved, now or already"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "The reason is missing"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn resolve(
    context: State<Context>,
    caller: Caller,
    headers: HeaderMap,
    id: Id,
    body: Body,
) -> Result<Response, Problem> {
    change(&context, caller, &headers, id, body, Status::Resolved).await
}

async fn change(
    context: &Context,
    caller: Caller,
    headers: &HeaderMap,
    id: Id,
    body: Body,
    to: Status,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::unknown_event("(not UTF-8)"))?;
    let parsed = IncidentId::parse(&id).ok_or_else(|| Problem::unknown_event(&id))?;
    let deed = checked(body, to)?;
    let by = who(caller.as_ref().map(|Extension(caller)| caller), deed.by.as_deref());
    let expected = expected_version(headers)?;
    let now = (context.now)();
    for _ in 0..ATTEMPTS {
        let stored = context.incidents.get(&parsed).await?.ok_or_else(|| Problem::unknown_event(&id))?;
        let before = stored.incident;
        let incident = match before.changed(to, &by, &deed.why, deed.until, now) {
            // A request that is sent again after its answer was lost tells again what is stored.
            Err(Refused::Already(_)) => return told(context, before, now).await,
            Err(refused @ Refused::Over) => return Err(Problem::conflict(refused.to_string())),
            Err(refused @ Refused::NoEnd { .. }) => return Err(bad("until", &refused.to_string(), "a future instant")),
            Ok(_) if expected.is_some_and(|version| version != before.version) => {
                return Err(Problem::changed_meanwhile(before.version));
            }
            Ok(incident) => incident,
        };
        if context.incidents.change(&incident).await? {
            return told(context, incident, now).await;
        }
    }
    Err(Problem::conflict("others change it at this moment; try again".to_owned()))
}

/// The caller as the signature proves it, and for whom it says that it acts.
fn who(caller: Option<&RequestContext>, claimed: Option<&str>) -> String {
    let proven = caller::actor(caller);
    claimed.map_or_else(|| proven.clone(), |name| format!("{} (through {proven})", name.trim()))
}

/// Records the last change and tells those who tell people. Doing so twice changes nothing.
async fn told(context: &Context, incident: Incident, now: Timestamp) -> Result<Response, Problem> {
    let changed = IncidentChange { incident };
    let incident = &changed.incident;
    if let Some(last) = incident.timeline.last() {
        let details = json!({ "to": last.to, "why": last.why, "until": last.until, "version": incident.version });
        let because_of = changed.message_id();
        let kind = FactKind::IncidentChanged;
        let fact = Fact::new(kind, &last.by, incident.id.as_str(), Some(&because_of), last.at, details);
        context.audit.record(&[fact]).await?;
    }
    let etag = format!("\"{}\"", incident.version);
    let envelope = Envelope::first(changed, now);
    context.changes.publish(&envelope, None).await.map_err(|error| Problem::untold(error.to_string()))?;
    Ok(([(ETAG, etag)], Json(envelope.body.incident)).into_response())
}

fn bad(parameter: &str, problem: &str, allowed: &str) -> Problem {
    Problem::invalid_parameters(vec![BadParameter {
        parameter: parameter.to_owned(),
        problem: problem.to_owned(),
        allowed: allowed.to_owned(),
    }])
}

/// The body, or everything that is wrong with it.
fn checked(body: Body, to: Status) -> Result<Deed, Problem> {
    let Json(deed) = body.map_err(|rejection| {
        bad(
            "body",
            &rejection.body_text(),
            "a JSON object with why, to suppress until, and where it is done for somebody by",
        )
    })?;
    let mut problems = Vec::new();
    let texts = [("by", deed.by.as_ref(), LONGEST_BY), ("why", Some(&deed.why), LONGEST_WHY)];
    for (name, value, longest) in texts.into_iter().filter_map(|(name, value, longest)| Some((name, value?, longest))) {
        if value.trim().is_empty() || value.chars().count() > longest {
            problems.push(BadParameter {
                parameter: name.to_owned(),
                problem: "is empty or too long".to_owned(),
                allowed: format!("1 to {longest} characters"),
            });
        }
    }
    if (to == Status::Suppressed) != deed.until.is_some() {
        problems.push(BadParameter {
            parameter: "until".to_owned(),
            problem: "belongs to a suppression, which needs it".to_owned(),
            allowed: "a future instant to suppress, nothing else".to_owned(),
        });
    }
    if problems.is_empty() { Ok(deed) } else { Err(Problem::invalid_parameters(problems)) }
}

/// The version that `If-Match` names; `None` without the header, or for `*`.
pub(super) fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(IF_MATCH).map(HeaderValue::to_str) else { return Ok(None) };
    let text = value.unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version
        .map(Some)
        .ok_or_else(|| bad("If-Match", "is no ETag of an event", "the ETag of the answer that was decided on"))
}
