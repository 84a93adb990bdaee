//! What is watched, and from where on it is an alarm: the catalogue in force, and what people set.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::Timestamp;
use nightjar_aws::stores::{ConfigPublication, PublishError};
use nightjar_domain::catalogue::{Catalogue, ResourceType, Source};
use nightjar_domain::configuration::{Checker, Document, Version};
use nightjar_domain::coverage::overrides::{Origin, PRECEDENCE};
use nightjar_domain::coverage::thresholds::ThresholdOverrides;
use serde::{Deserialize, Serialize};

use super::deeds::expected_version;
use crate::caller::Caller;
use crate::context::Context;
use crate::problem::{BadParameter, Problem};

const FRESH: (HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");
/// Characters of a reason.
const LONGEST_WHY: usize = 500;
/// The API publishes overrides alone.
const CHECKER: Checker =
    Checker { noise: |_| Err("security noise is published by nightjar config publish".to_owned()) };

/// The answer of `GET /thresholds`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Thresholds {
    /// Where a value is looked for: the first that says something decides.
    precedence: Vec<Precedence>,
    /// Who recommends the alarms, by the name that they give as their source.
    sources: BTreeMap<String, Source>,
    /// By resource type, such as `ec2:instance`; what people set is beside it.
    resource_types: BTreeMap<String, ResourceType>,
    /// The published version of the catalogue; 0 for the one that ships.
    catalogue_version: u64,
    set: OverridesInForce,
    /// What was set and does not fit the catalogue any more: it is left out.
    left_out: Vec<String>,
}

/// One place where a value is looked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Precedence {
    from: Origin,
    what: &'static str,
}

/// What people set, and who did last.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OverridesInForce {
    overrides: ThresholdOverrides,
    /// Grows by one with every change; 0 where nothing was ever set.
    version: u64,
    /// Null where nothing was ever set.
    #[schema(required = true)]
    changed_by: Option<String>,
    #[schema(required = true)]
    changed_at: Option<Timestamp>,
    /// The version whose text came back, if one did.
    #[schema(required = true)]
    brings_back: Option<u64>,
}

/// What `POST /thresholds/revert` takes.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revert {
    /// The version to bring back, 0 for none of them; the one before the newest if absent.
    #[serde(default)]
    version: Option<u64>,
    /// For the audit trail.
    #[schema(min_length = 1, max_length = 500)]
    why: String,
}

/// The catalogue that onboarding goes by, and the version it has.
pub(super) async fn catalogue(context: &Context) -> Result<(Catalogue, Option<Version>), Problem> {
    match context.config.in_force(Document::AlertThresholds, Catalogue::parse).await? {
        Some((catalogue, version)) => Ok((catalogue, Some(version))),
        None => Ok((Catalogue::bundled().map_err(|error| Problem::internal(&error))?, None)),
    }
}

/// What was set last.
pub(super) async fn set(context: &Context) -> Result<Option<(ThresholdOverrides, Version)>, Problem> {
    Ok(context.config.in_force(Document::ThresholdOverrides, ThresholdOverrides::parse).await?)
}

/// Tell every threshold in force, with its reason and its source, and what people set.
#[utoipa::path(
    get, path = "/thresholds", tag = "coverage",
    responses((status = 200, body = Thresholds, headers(("ETag" = String, description = "The version of what was set, for If-Match")))),
)]
pub async fn show(State(context): State<Context>) -> Result<Response, Problem> {
    let (catalogue, published) = catalogue(&context).await?;
    let catalogue_version = published.map_or(0, |version| version.version);
    let set = set(&context).await?;
    let left_out = set.as_ref().map(|(overrides, _)| overrides.problems(&catalogue)).unwrap_or_default();
    let set = OverridesInForce::new(set);
    let Catalogue { sources, resource_types, .. } = catalogue;
    let precedence = PRECEDENCE.map(|(from, what)| Precedence { from, what }).into();
    let etag = format!("\"{}\"", set.version);
    let answer = Thresholds { precedence, sources, resource_types, catalogue_version, set, left_out };
    Ok(([FRESH, (ETAG, &etag)], Json(answer)).into_response())
}

/// Set thresholds for all resources of a type.
///
/// The body is everything that is set; what it leaves out is the catalogue's again. Onboarding goes by it at its next run. The version
/// before is kept. The same again changes nothing.
#[utoipa::path(
    put, path = "/thresholds", tag = "coverage", request_body = ThresholdOverrides,
    params(("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is replaced")),
    responses(
        (status = 200, body = OverridesInForce, description = "It is so, now or already", headers(("ETag" = String, description = "The version"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "What cannot be used: all of it is named"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn put(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Json<ThresholdOverrides>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(overrides) = body.map_err(|rejection| bad_body(rejection.body_text()))?;
    let expected = expected_version(&headers)?;
    publish(&context, &caller, &overrides, expected, "set through the API", None).await
}

/// Bring an earlier version of what was set back.
#[utoipa::path(
    post, path = "/thresholds/revert", tag = "coverage", request_body = Revert,
    params(("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is replaced")),
    responses(
        (status = 200, body = OverridesInForce, description = "The earlier version is in force, as a new one", headers(("ETag" = String, description = "The version"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "What cannot be used: all of it is named"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There is no such version"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn revert(
    State(context): State<Context>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Json<Revert>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(Revert { version, why }) = body.map_err(|rejection| bad_body(rejection.body_text()))?;
    if !(1..=LONGEST_WHY).contains(&why.trim().chars().count()) {
        let bad = BadParameter {
            parameter: "why".to_owned(),
            problem: "is empty or too long".to_owned(),
            allowed: format!("1 to {LONGEST_WHY} characters"),
        };
        return Err(Problem::invalid_parameters(vec![bad]));
    }
    let expected = expected_version(&headers)?;
    let newest = context.config.newest(Document::ThresholdOverrides).await?.map_or(0, |newest| newest.version);
    let version = version.unwrap_or(newest.saturating_sub(1));
    let earlier = match version {
        0 => Some(ThresholdOverrides::default()),
        version => match context.config.get(Document::ThresholdOverrides, version).await? {
            Some(stored) => Some(ThresholdOverrides::parse(&stored.json).map_err(|error| Problem::internal(&error))?),
            None => None,
        },
    };
    let Some(earlier) = earlier else {
        return Err(Problem::conflict(format!(
            "there is no version {version} of what was set: the newest is {newest}"
        )));
    };
    publish(&context, &caller, &earlier, expected.or(Some(newest)), &why, Some(version)).await
}

async fn publish(
    context: &Context,
    caller: &Caller,
    overrides: &ThresholdOverrides,
    expected: Option<u64>,
    why: &str,
    brings_back: Option<u64>,
) -> Result<Response, Problem> {
    let (catalogue, published) = catalogue(context).await?;
    let problems = overrides.problems(&catalogue);
    if !problems.is_empty() {
        return Err(Problem::invalid_parameters(problems.iter().map(|problem| bad_override(problem)).collect()));
    }
    let json = serde_json::to_string(overrides).map_err(|error| Problem::internal(&error))?;
    let publication = ConfigPublication {
        document: Document::ThresholdOverrides,
        json: &json,
        by: &caller.who,
        why,
        brings_back,
        expected,
        // The catalogue that is in force, which need not be the newest.
        with: published.map(|version| (Document::AlertThresholds, version.json)).into_iter().collect(),
    };
    let published = context.config.publish(&publication, CHECKER, &context.audit, (context.now)()).await;
    let version = match published {
        Ok(published) => published.version().clone(),
        Err(PublishError::Changed { newest, .. }) => return Err(Problem::thresholds_changed(newest)),
        Err(PublishError::Unusable { problem, .. }) => return Err(bad_body(problem)),
        Err(PublishError::Store(error)) => return Err(error.into()),
    };
    let answer = OverridesInForce::new(Some((overrides.clone(), version)));
    let etag = format!("\"{}\"", answer.version);
    Ok((StatusCode::OK, [FRESH, (ETAG, &etag)], Json(answer)).into_response())
}

impl OverridesInForce {
    fn new(set: Option<(ThresholdOverrides, Version)>) -> Self {
        match set {
            None => Self {
                overrides: ThresholdOverrides::default(),
                version: 0,
                changed_by: None,
                changed_at: None,
                brings_back: None,
            },
            Some((overrides, version)) => Self {
                overrides,
                version: version.version,
                changed_by: Some(version.by),
                changed_at: Some(version.at),
                brings_back: version.brings_back,
            },
        }
    }
}

fn bad_body(problem: String) -> Problem {
    Problem::invalid_parameters(vec![BadParameter {
        parameter: "body".to_owned(),
        problem,
        allowed: "what /openapi.json describes".to_owned(),
    }])
}

fn bad_override(problem: &str) -> BadParameter {
    let (parameter, problem) = problem.split_once(": ").unwrap_or(("body", problem));
    BadParameter {
        parameter: parameter.to_owned(),
        problem: problem.to_owned(),
        allowed: "what fits the catalogue of GET /thresholds".to_owned(),
    }
}
