//! The audit trail, and whether it is whole.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nightjar_aws::stores::StoreError;
use nightjar_domain::audit::{Anchor, AuditEntry, ChainHead, NamedAnchor, PublicKey, Report, Retention, Verifier};
use serde::Serialize;

use super::unreadable_query;
use crate::audit_query::{self, AuditCursor, AuditQuery, VerifyQuery};
use crate::context::Context;
use crate::problem::Problem;

/// Entries that one request verifies: about fifteen pages of the table, well within the 29 seconds of the function.
const MOST_ENTRIES: u64 = 20_000;

/// One page of the trail, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditLogPage {
    entries: Vec<AuditEntry>,
    /// Where the next page starts, for the parameter `cursor`; null on the last page. A page may be empty and have a next one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// What a verification found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Verification {
    /// The anchor that the verification started at; null when it looked at the whole trail.
    #[schema(required = true)]
    since: Option<Timestamp>,
    #[serde(flatten)]
    report: Report,
}

/// List what was done, newest first.
#[utoipa::path(
    get, path = "/audit-log", tag = "audit", params(AuditQuery),
    responses(
        (status = 200, body = AuditLogPage),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The trail cannot be read at the moment"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let request = audit_query::parse(&pairs).map_err(Problem::invalid_parameters)?;
    let page = context.audit.page(&request.filter, request.limit, request.from.as_ref()).await?;
    let next = page.next.map(|from| AuditCursor { filter: request.filter, from }.encode()).transpose();
    let next_cursor =
        next.map_err(|error| StoreError::Item { table: "cursor".to_owned(), problem: error.to_string() })?;
    let body = Json(AuditLogPage { entries: page.entries, next_cursor });
    Ok(([(CACHE_CONTROL, "private, no-store")], body).into_response())
}

/// Verify the newest part of the trail.
///
/// Starts at an anchor of some hours ago and looks at every entry since, at most 20,000. `nightjar audit verify` looks at
/// everything, and with a copy of the anchors trusts nobody.
#[utoipa::path(
    get, path = "/audit-log/verify", tag = "audit", params(VerifyQuery),
    responses(
        (status = 200, body = Verification, description = "The verdict, good or bad: see `valid`"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There are too many entries since the last anchor"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The trail cannot be read at the moment"),
    )
)]
pub async fn verify(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let span = audit_query::parse_verify(&pairs).map_err(Problem::invalid_parameters)?;
    let now = (context.now)();
    let retention = Retention::bundled().map_err(|error| Problem::internal(&error))?;
    let key = context.anchor_key.public_key().await?;
    // Before the entries: an anchor that is taken meanwhile would vouch for entries that were not read.
    let anchors = context.anchors.since(now.checked_sub(span).unwrap_or(now)).await?;
    let heads: Vec<ChainHead> = context.audit.heads().await?.into_iter().map(|(head, _)| head).collect();
    let total: u64 = heads.iter().map(|head| head.seq).sum();
    let start = start(&anchors, &key, total);
    if start.is_none() && total > MOST_ENTRIES {
        return Err(Problem::too_many_entries(total));
    }
    let mut verifier = match start {
        Some(anchor) => Verifier::after(anchor).map_err(|error| Problem::internal(&error))?,
        None => Verifier::default(),
    };
    context.audit.walk(&mut verifier, |_| ()).await?;
    let since = start.map(|anchor| anchor.taken_at);
    let report = verifier.finish(Some((&anchors, &key)), &retention, now);
    Ok(([(CACHE_CONTROL, "private, no-store")], Json(Verification { since, report })).into_response())
}

/// The oldest good anchor with few enough entries behind it.
fn start<'a>(anchors: &'a [NamedAnchor], key: &PublicKey, total: u64) -> Option<&'a Anchor> {
    let anchors = anchors.iter().map(|named| &named.anchor);
    anchors
        .filter(|anchor| total.saturating_sub(anchor.entries()) <= MOST_ENTRIES)
        .filter(|anchor| anchor.is_signed_by(key))
        .min_by_key(|anchor| anchor.taken_at)
}
