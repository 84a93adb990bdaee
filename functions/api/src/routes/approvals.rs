//! What waits for a person's word. The word is only noted here: remediation-engine takes it up within a minute, asks every
//! belt again, and acts. This function may repair nothing.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use nightjar_aws::stores::Replaced;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Status;
use nightjar_domain::remediation::{Claim, ClaimState, Decision, Refusal, Ticket};
use serde::{Deserialize, Serialize};

use crate::caller::{Authorization, actor};
use crate::context::{Context, Repairs};
use crate::problem::Problem;

/// Everything that waits.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Approvals {
    approvals: Vec<Claim>,
}

/// A person's word.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// From the message that asked. Who is signed in may leave it out: his role speaks for him.
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    why: String,
}

/// List what waits for approval.
#[utoipa::path(
    get, path = "/approvals", tag = "approvals",
    responses(
        (status = 200, body = Approvals),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "They cannot be read at the moment"),
    )
)]
pub async fn list(State(context): State<Context>) -> Result<Response, Problem> {
    let store = &context.repairs.store;
    let mut approvals = Vec::new();
    for run in store.ledger().await?.runs.into_iter().filter(|run| run.waiting) {
        approvals.extend(store.get(&run.incident).await?.filter(is_waiting));
    }
    Ok(([(CACHE_CONTROL, "no-store")], Json(Approvals { approvals })).into_response())
}

/// Show one: what would be done to what, and until when it may be answered.
#[utoipa::path(
    get, path = "/approvals/{id}", tag = "approvals",
    params(("id" = IncidentId, Path, description = "The event's id")),
    responses(
        (status = 200, body = Claim),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No remediation is known for this event"),
    )
)]
pub async fn show(State(context): State<Context>, Path(id): Path<String>) -> Result<Response, Problem> {
    let claim = stored(&context, &id).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(claim)).into_response())
}

/// Approve: remediation-engine carries it out within a minute, if every belt still allows it.
#[utoipa::path(
    post, path = "/approvals/{id}/approve", tag = "approvals", request_body = Answer,
    params(("id" = IncidentId, Path, description = "The event's id")),
    responses(
        (status = 200, body = Claim),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The token is not genuine"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It was used, is void, or nothing waits"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "It expired"),
    )
)]
pub async fn approve(
    State(context): State<Context>,
    Path(id): Path<String>,
    caller: Option<Extension<RequestContext>>,
    answer: Result<Json<Answer>, JsonRejection>,
) -> Result<Json<Claim>, Problem> {
    decide(&context, &id, true, caller, answer).await
}

/// Deny: nothing is done.
#[utoipa::path(
    post, path = "/approvals/{id}/deny", tag = "approvals", request_body = Answer,
    params(("id" = IncidentId, Path, description = "The event's id")),
    responses(
        (status = 200, body = Claim),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "The token is not genuine"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It was used, is void, or nothing waits"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "It expired"),
    )
)]
pub async fn deny(
    State(context): State<Context>,
    Path(id): Path<String>,
    caller: Option<Extension<RequestContext>>,
    answer: Result<Json<Answer>, JsonRejection>,
) -> Result<Json<Claim>, Problem> {
    decide(&context, &id, false, caller, answer).await
}

async fn decide(
    context: &Context,
    id: &str,
    approved: bool,
    caller: Option<Extension<RequestContext>>,
    answer: Result<Json<Answer>, JsonRejection>,
) -> Result<Json<Claim>, Problem> {
    let Json(answer) = answer.map_err(|rejection| Problem::unreadable_body(&rejection.body_text()))?;
    let now = (context.now)();
    let (ticket, claim) = match &answer.token {
        Some(token) => {
            let (ticket, mac) = Ticket::read(token).map_err(refused)?;
            if ticket.incident.as_str() != id {
                return Err(refused(Refusal::Tampered));
            }
            let claim = stored(context, id).await?;
            let fingerprint = ticket.fingerprint(&claim, now).map_err(refused)?;
            if !is_genuine(context, &ticket.message(fingerprint), &mac).await? {
                return Err(refused(Refusal::Tampered));
            }
            (ticket, claim)
        }
        // Where nobody is proven to be anybody, the token alone proves that somebody was asked.
        None if context.authorization == Authorization::Nobody => return Err(refused(Refusal::Malformed)),
        None => {
            let claim = stored(context, id).await?;
            let ticket = Ticket::of(&claim).ok_or_else(|| refused(Refusal::NotWaiting))?;
            ticket.fingerprint(&claim, now).map_err(refused)?;
            (ticket, claim)
        }
    };
    let resolved = context.incidents.get(&ticket.incident).await?.is_none_or(|s| s.incident.status == Status::Resolved);
    if resolved {
        return Err(Problem::conflict("the approval is void: the event is resolved".to_owned()));
    }
    let by = actor(caller.map(|Extension(caller)| caller).as_ref());
    let decision = Decision { approved, by, at: now, why: answer.why };
    match context.repairs.store.decide(&claim, decision).await? {
        Replaced::Ours(claim) => Ok(Json(claim)),
        // Somebody was faster, by a moment.
        Replaced::Theirs(claim) => Err(refused(ticket.fingerprint(&claim, now).err().unwrap_or(Refusal::NotWaiting))),
    }
}

async fn is_genuine(context: &Context, message: &str, mac: &[u8]) -> Result<bool, Problem> {
    let Repairs { kms, approval_key, .. } = &context.repairs;
    let checked = kms.verify_mac(approval_key, message.as_bytes(), mac).await;
    checked.map_err(|error| Problem::unanswerable(!error.code.starts_with("AccessDenied"), error.to_string()))
}

async fn stored(context: &Context, id: &str) -> Result<Claim, Problem> {
    let parsed = IncidentId::parse(id).ok_or_else(|| Problem::unknown_event(id))?;
    context.repairs.store.get(&parsed).await?.ok_or_else(|| Problem::unknown_event(id))
}

fn is_waiting(claim: &Claim) -> bool {
    matches!(claim.state, ClaimState::AwaitingApproval { decision: None, .. })
}

#[allow(clippy::needless_pass_by_value, reason = "`map_err` hands an error over as it is")]
fn refused(refusal: Refusal) -> Problem {
    Problem::approval_refused(&refusal)
}
