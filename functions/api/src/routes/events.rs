//! The incidents, under the name their readers know: events.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nightjar_aws::stores::StoreError;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, IncidentKind, Status};
use nightjar_domain::resource::ResourceRef;
use nightjar_domain::severity::Severity;
use serde::Serialize;

use super::unreadable_query;
use crate::context::Context;
use crate::cursor::Continuation;
use crate::problem::Problem;
use crate::query::{self, EventsQuery};

/// Private data that a client may keep, if it asks each time whether it still holds.
const REVALIDATE: (HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");

/// One page of the list, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventPage {
    events: Vec<EventSummary>,
    /// Where the next page starts, for the parameter `cursor`; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// An event without its evidence, which `GET /events/{id}` adds: a hundred events with all their log patterns would
/// exceed the 6 MB that Lambda may answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventSummary {
    id: IncidentId,
    kind: IncidentKind,
    title: String,
    status: Status,
    severity: Severity,
    opened_at: Timestamp,
    resource: ResourceRef,
    /// Name of the metric that was abnormal.
    metric: String,
    /// In the metric's own unit.
    observed: f64,
    /// 0 (ordinary) to 1 (never seen).
    score: f64,
    /// The likeliest cause, in a sentence.
    summary: String,
    /// Whether people were alerted.
    escalated: bool,
    version: u64,
}

impl From<Incident> for EventSummary {
    fn from(incident: Incident) -> Self {
        Self {
            escalated: incident.escalation.is_escalated(),
            id: incident.id,
            kind: incident.kind,
            title: incident.title,
            status: incident.status,
            severity: incident.severity,
            opened_at: incident.opened_at,
            resource: incident.anomaly.resource,
            metric: incident.anomaly.metric.name,
            observed: incident.anomaly.observed,
            score: incident.anomaly.score,
            summary: incident.finding.summary,
            version: incident.version,
        }
    }
}

/// List events, newest first.
#[utoipa::path(
    get, path = "/events", tag = "events", params(EventsQuery),
    responses(
        (status = 200, body = EventPage),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The events cannot be read at the moment"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let request = query::parse(&pairs, (context.now)()).map_err(Problem::invalid_parameters)?;
    let page = context.incidents.list(&request.filter, request.limit, request.after.as_ref()).await?;
    let next = page.next.map(|after| Continuation { filter: request.filter, after }.encode()).transpose();
    let next_cursor =
        next.map_err(|error| StoreError::Item { table: "cursor".to_owned(), problem: error.to_string() })?;
    let events = page.incidents.into_iter().map(EventSummary::from).collect();
    Ok(([REVALIDATE], Json(EventPage { events, next_cursor })).into_response())
}

/// Show one event with its evidence.
///
/// The `ETag` is the event's version: with `If-None-Match`, an event that has not changed answers 304.
#[utoipa::path(
    get, path = "/events/{id}", tag = "events",
    params(
        ("id" = IncidentId, Path, description = "The event's id", example = "inc_0123456789abcdef0123"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer"),
    ),
    responses(
        (status = 200, body = Incident, headers(("ETag" = String, description = "The event's version"))),
        (status = 304, description = "The event has not changed"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The events cannot be read at the moment"),
    )
)]
pub async fn show(
    State(context): State<Context>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::unknown_event("(not UTF-8)"))?;
    let parsed = IncidentId::parse(&id).ok_or_else(|| Problem::unknown_event(&id))?;
    let stored = context.incidents.get(&parsed).await?.ok_or_else(|| Problem::unknown_event(&id))?;
    let etag = format!("\"{}\"", stored.incident.version);
    let head = [(ETAG, etag.clone()), (REVALIDATE.0, REVALIDATE.1.to_owned())];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, Json(stored.incident)).into_response())
}

/// Whether `If-None-Match` names this version. The comparison is weak (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
