//! What is under repair, the kill switch, and the policies that switched themselves off.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use lambda_http::request::RequestContext;
use nightjar_aws::stores::Replaced;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::id::IncidentId;
use nightjar_domain::remediation::{CannotUndo, Claim, Control, Ledger, OpenRun, Stop};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::caller::actor;
use crate::context::Context;
use crate::problem::Problem;

/// How remediation stands.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RemediationStatus {
    control: Control,
    ledger: Ledger,
}

/// Why somebody does something.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[schema(as = ReasonGiven)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    #[serde(default)]
    why: String,
}

/// Show what is under repair, how well policies heal, and whether anything is switched off.
#[utoipa::path(
    get, path = "/remediations", tag = "remediations",
    responses(
        (status = 200, body = RemediationStatus),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "It cannot be read at the moment"),
    )
)]
pub async fn status(State(context): State<Context>) -> Result<Response, Problem> {
    let store = &context.repairs.store;
    let (control, ledger) = (store.control().await?, store.ledger().await?);
    Ok(([(CACHE_CONTROL, "no-store")], Json(RemediationStatus { control, ledger })).into_response())
}

/// Stop everything: nothing is carried out any more, whatever the mode.
#[utoipa::path(post, path = "/remediations/stop", tag = "remediations", request_body = Reason, responses((status = 200, body = Control)))]
pub async fn stop(
    State(context): State<Context>,
    caller: Option<Extension<RequestContext>>,
    body: Option<Json<Reason>>,
) -> Result<Json<Control>, Problem> {
    let stop = word(&context, caller, body);
    let control = Control { stopped: Some(stop.clone()), resumed: None };
    // The switch first: the record must not keep it from being thrown.
    context.repairs.store.set_control(&control).await?;
    record(&context, FactKind::RemediationStopped, "remediation", &stop).await?;
    Ok(Json(control))
}

/// Take the stop back.
#[utoipa::path(post, path = "/remediations/resume", tag = "remediations", request_body = Reason, responses((status = 200, body = Control)))]
pub async fn resume(
    State(context): State<Context>,
    caller: Option<Extension<RequestContext>>,
    body: Option<Json<Reason>>,
) -> Result<Json<Control>, Problem> {
    let word = word(&context, caller, body);
    let control = Control { stopped: None, resumed: Some(word.clone()) };
    record(&context, FactKind::RemediationResumed, "remediation", &word).await?;
    context.repairs.store.set_control(&control).await?;
    Ok(Json(control))
}

/// Switch a policy on again that had switched itself off.
#[utoipa::path(
    post, path = "/remediations/policies/{policy}/reset", tag = "remediations", request_body = Reason,
    params(("policy" = String, Path, description = "The policy's name")),
    responses(
        (status = 200, body = Ledger),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "The policy is not off"),
    )
)]
pub async fn reset(
    State(context): State<Context>,
    Path(policy): Path<String>,
    caller: Option<Extension<RequestContext>>,
    body: Option<Json<Reason>>,
) -> Result<Json<Ledger>, Problem> {
    let word = word(&context, caller, body);
    let (ledger, was_off) =
        context.repairs.store.change_ledger(|ledger| ledger.reset_breaker(&policy, word.at)).await?;
    if !was_off {
        return Err(Problem::conflict(format!("the policy {policy:?} is not off; GET /remediations tells which are")));
    }
    record(&context, FactKind::RemediationBreakerClosed, &policy, &word).await?;
    Ok(Json(ledger))
}

/// Take the last step of an ended run back: remediation-engine does it within a minute, if nobody changed things since.
///
/// What `isolate`, `scale_out` and `disable_access_key` changed can be taken back. Asking twice is asking once.
#[utoipa::path(
    post, path = "/remediations/{id}/undo", tag = "remediations", request_body = Reason,
    params(("id" = IncidentId, Path, description = "The event's id")),
    responses(
        (status = 200, body = Claim),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "No remediation is known for this event"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There is nothing that can be taken back"),
    )
)]
pub async fn undo(
    State(context): State<Context>,
    Path(id): Path<String>,
    caller: Option<Extension<RequestContext>>,
    body: Option<Json<Reason>>,
) -> Result<Json<Claim>, Problem> {
    let word = word(&context, caller, body);
    let store = &context.repairs.store;
    let parsed = IncidentId::parse(&id).ok_or_else(|| Problem::unknown_event(&id))?;
    let claim = store.get(&parsed).await?.ok_or_else(|| Problem::unknown_event(&id))?;
    let refused =
        |error: CannotUndo| Problem::conflict(format!("the remediation of {id} cannot be taken back: {error}"));
    let asked = claim.ask_back(&word.by, &word.why, word.at).map_err(refused)?;
    // The wish first, then the record, then the engine's list: a repetition makes up for what is missing.
    let asked = match store.replace(&claim, asked).await? {
        Replaced::Ours(asked) => asked,
        Replaced::Theirs(other) => other.ask_back(&word.by, &word.why, word.at).map_err(refused)?,
    };
    record(&context, FactKind::RemediationUndoRequested, &asked.resource_arn, &word).await?;
    let run = OpenRun {
        incident: parsed,
        resource_arn: asked.resource_arn.clone(),
        policy: asked.run.as_ref().map(|run| run.policy.clone()).unwrap_or_default(),
        since: word.at,
        waiting: false,
        counted: true,
    };
    store.change_ledger(|ledger| ledger.reopen(run.clone(), word.at)).await?;
    Ok(Json(asked))
}

fn word(context: &Context, caller: Option<Extension<RequestContext>>, body: Option<Json<Reason>>) -> Stop {
    let caller = caller.map(|Extension(caller)| caller);
    let why = body.map(|Json(reason)| reason.why).filter(|why| !why.is_empty());
    Stop { by: actor(caller.as_ref()), at: (context.now)(), why: why.unwrap_or_else(|| "no reason given".to_owned()) }
}

async fn record(context: &Context, kind: FactKind, subject: &str, word: &Stop) -> Result<(), Problem> {
    let because_of = word.at.to_string();
    let fact = Fact::new(kind, &word.by, subject, Some(&because_of), word.at, json!({ "why": word.why }));
    Ok(context.audit.record(&[fact]).await?)
}
