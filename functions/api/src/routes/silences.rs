//! Silences: what nobody wants to hear of for a while.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::configuration::Document;
use nightjar_domain::id::SilenceId;
use nightjar_domain::routing::{self, Matcher, Routes, Span};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::deeds::{bad, unusable};
use super::unreadable_query;
use crate::caller::Caller;
use crate::context::Context;
use crate::problem::{BadParameter, Problem};

/// Matchers of one silence, and characters of each.
const MOST_MATCHERS: usize = 20;
const LONGEST_MATCHER: usize = 500;
/// Characters of a reason, as the page takes them.
const LONGEST_REASON: usize = 500;
const LONGEST_NAME: usize = 200;
const FRESH: (HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");

/// A silence. It holds from `starts_at` until before `ends_at`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Silence {
    #[schema(value_type = String, example = "sil_0123456789abcdef0123")]
    id: SilenceId,
    /// All must hold.
    matchers: Vec<String>,
    /// Who answers for it.
    owner: String,
    reason: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

/// Silences, those that end first at the front.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SilenceList {
    silences: Vec<Silence>,
}

/// What is to be silenced, why, and until when.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceRequest {
    /// Such as `tag:app="shop"` or `severity=~"low|medium"`. All must hold.
    #[schema(min_items = 1, max_items = 20)]
    matchers: Vec<String>,
    #[schema(example = "kernel upgrade", max_length = 500)]
    reason: String,
    ends_at: Timestamp,
    /// Now, unless said.
    #[serde(default)]
    starts_at: Option<Timestamp>,
    /// For whom the caller sets it, who answers for it otherwise.
    #[serde(default)]
    #[schema(max_length = 200)]
    by: Option<String>,
}

/// Which silences.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Ended ones too.
    #[serde(default)]
    ended: bool,
}

impl From<routing::Silence> for Silence {
    fn from(silence: routing::Silence) -> Self {
        let routing::Silence { id, matchers, owner, reason, starts_at, ends_at } = silence;
        Self { id, matchers: matchers.iter().map(ToString::to_string).collect(), owner, reason, starts_at, ends_at }
    }
}

/// List the silences that hold or are to come.
#[utoipa::path(
    get, path = "/silences", tag = "silences",
    params(("ended" = Option<bool>, Query, description = "Those too that have ended, as long as they are kept: 30 days")),
    responses(
        (status = 200, body = SilenceList),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that cannot be used"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "They cannot be read at the moment"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(which) = which.map_err(|rejection| unreadable_query(&rejection))?;
    let now = (context.now)();
    let mut silences = context.silences.all().await?;
    silences.retain(|silence| which.ended || silence.ends_at > now);
    Ok(([FRESH], Json(SilenceList { silences: silences.into_iter().map(Silence::from).collect() })).into_response())
}

/// Set a silence.
///
/// What it holds back and still fires when it ends is told again, unless the routes say otherwise.
#[utoipa::path(
    post, path = "/silences", tag = "silences", request_body = SilenceRequest,
    responses(
        (status = 201, body = Silence, description = "It holds from its beginning on"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "What cannot be used: all of it is named"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "It cannot be kept at the moment"),
    )
)]
pub async fn set(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    body: Result<Json<SilenceRequest>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(request) =
        body.map_err(|rejection| bad("body", &rejection.body_text(), "a silence as /openapi.json describes it"))?;
    let now = (context.now)();
    let matchers = checked(&request)?;
    let SilenceRequest { reason, ends_at, starts_at, by, .. } = request;
    let owner = by.map_or_else(|| caller.who.clone(), |name| format!("{} (through {})", name.trim(), caller.who));
    let span = (starts_at.unwrap_or(now), ends_at);
    let longest = longest(&context).await?;
    let silence = routing::Silence::new(matchers, &owner, &reason, span, longest, now).map_err(|problems| {
        let allowed = "a silence with an end in the future, within silences.max_length of the routes";
        let bad = |problem| BadParameter { parameter: "silence".to_owned(), problem, allowed: allowed.to_owned() };
        Problem::invalid_parameters(problems.0.into_iter().map(bad).collect())
    })?;
    context.silences.put(&silence).await?;
    let details = json!({
        "matchers": silence.matchers, "owner": silence.owner, "reason": silence.reason,
        "starts_at": silence.starts_at, "ends_at": silence.ends_at,
    });
    record(&context, FactKind::SilenceSet, &silence.id, &caller, details).await?;
    Ok((StatusCode::CREATED, [FRESH], Json(Silence::from(silence))).into_response())
}

/// End a silence now. One that has ended stays as it is.
#[utoipa::path(
    delete, path = "/silences/{id}", tag = "silences",
    params(("id" = String, Path, description = "The silence's id", example = "sil_0123456789abcdef0123")),
    responses(
        (status = 204, description = "It holds nothing back any more"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such silence"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "It cannot be ended at the moment"),
    )
)]
pub async fn end(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(named) = id.map_err(|_| Problem::unknown_silence("(not UTF-8)"))?;
    let id = SilenceId::parse(&named).ok_or_else(|| Problem::unknown_silence(&named))?;
    if !context.silences.expire(&id, (context.now)()).await? {
        return Err(Problem::unknown_silence(&named));
    }
    record(&context, FactKind::SilenceEnded, &id, &caller, json!({})).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The matchers, or everything that is wrong with the request by itself.
fn checked(request: &SilenceRequest) -> Result<Vec<Matcher>, Problem> {
    let texts =
        [("reason", Some(request.reason.as_str()), LONGEST_REASON), ("by", request.by.as_deref(), LONGEST_NAME)];
    let mut problems = unusable(&texts);
    let mut matchers = Vec::with_capacity(request.matchers.len().min(MOST_MATCHERS));
    let mut wrong = |parameter: String, problem: String| {
        let allowed = "1 to 20 matchers of at most 500 characters, such as tag:app=\"shop\"".to_owned();
        problems.push(BadParameter { parameter, problem, allowed });
    };
    if !(1..=MOST_MATCHERS).contains(&request.matchers.len()) {
        wrong("matchers".to_owned(), format!("are {}", request.matchers.len()));
    }
    for (index, text) in request.matchers.iter().take(MOST_MATCHERS).enumerate() {
        let place = format!("matchers[{index}]");
        if text.chars().count() > LONGEST_MATCHER {
            wrong(place, "is too long".to_owned());
            continue;
        }
        match text.parse::<Matcher>() {
            Ok(matcher) => matchers.push(matcher),
            Err(problem) => wrong(place, problem.to_string()),
        }
    }
    if problems.is_empty() { Ok(matchers) } else { Err(Problem::invalid_parameters(problems)) }
}

/// How long a silence may be, by the routes that are in force.
async fn longest(context: &Context) -> Result<Span, Problem> {
    let parse = |text: &str| Routes::parse(text, Routes::BUNDLED_PRODUCTS).map(|routes| routes.max_silence);
    match context.config.in_force(Document::AlertRoutes, parse).await? {
        Some((longest, _)) => Ok(longest),
        None => parse(Routes::BUNDLED_ROUTES).map_err(|error| Problem::internal(&error)),
    }
}

async fn record(
    context: &Context,
    kind: FactKind,
    id: &SilenceId,
    caller: &Caller,
    details: serde_json::Value,
) -> Result<(), Problem> {
    let fact = Fact::new(kind, &caller.who, id.as_str(), None, (context.now)(), details);
    Ok(context.audit.record(&[fact]).await?)
}
