//! The incidents, under the name their readers know: events.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use nightjar_aws::stores::{AuditFilter, IncidentPage, StoreError};
use nightjar_domain::audit::Fact;
use nightjar_domain::event_summary::EventSummary;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::record::record;
use serde::Serialize;

use super::unreadable_query;
use crate::context::Context;
use crate::cursor::Continuation;
use crate::problem::Problem;
use crate::query::{self, EventsQuery};
use crate::validators::tag;

/// Facts that a record asks of the trail at a time, and how often it asks, which is 16,000 entries at most: an incident of long ago
/// lies deep in the trail, and API Gateway waits for 30 seconds.
const FACTS_AT_ONCE: usize = 200;
const MOST_PAGES: usize = 4;

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

/// List events, newest first.
#[utoipa::path(
    get, path = "/events", tag = "events", params(EventsQuery),
    responses(
        (status = 200, body = EventPage, headers(("ETag" = String, description = "Changes with the events of the page"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The events cannot be read at the moment"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    headers: HeaderMap,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let request = query::parse(&pairs, (context.now)()).map_err(Problem::invalid_parameters)?;
    let page = context.incidents.list(&request.filter, request.limit, request.after.as_ref()).await?;
    let etag = tag_of(&page);
    let head = [(ETAG, etag.clone()), (REVALIDATE.0, REVALIDATE.1.to_owned())];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    let next = page.next.map(|after| Continuation { filter: request.filter, after }.encode()).transpose();
    let next_cursor =
        next.map_err(|error| StoreError::Item { table: "cursor".to_owned(), problem: error.to_string() })?;
    let events = page.incidents.into_iter().map(EventSummary::from).collect();
    Ok((head, Json(EventPage { events, next_cursor })).into_response())
}

/// Which versions of which events a page holds, and whether it is the last. Not the cursor, which names the second a list was asked for:
/// an earlier one of the same page goes on as well.
fn tag_of(page: &IncidentPage) -> String {
    let mut held: Vec<String> =
        page.incidents.iter().map(|incident| format!("{} {}", incident.id, incident.version)).collect();
    held.push(page.next.is_some().to_string());
    tag(held.join("\n").as_bytes())
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
    let incident = load(&context, id).await?;
    let etag = format!("\"{}\"", incident.version);
    let head = [(ETAG, etag.clone()), (REVALIDATE.0, REVALIDATE.1.to_owned())];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, Json(incident)).into_response())
}

/// Tell the whole story of an event as Markdown, ready to be filed.
///
/// What it was, what was known, who did what and when (from the audit trail), what could not be read, and what to ask in the review.
#[utoipa::path(
    get, path = "/events/{id}/record", tag = "events",
    params(("id" = IncidentId, Path, description = "The event's id", example = "inc_0123456789abcdef0123")),
    responses(
        (status = 200, body = String, content_type = "text/markdown"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The event or the trail cannot be read at the moment"),
    )
)]
pub async fn show_record(
    State(context): State<Context>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let incident = load(&context, id).await?;
    let (facts, is_whole) = facts(&context, &incident).await?;
    let head = [
        (CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}.md\"", incident.id)),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((head, record(&incident, &facts, is_whole)).into_response())
}

async fn load(context: &Context, id: Result<Path<String>, PathRejection>) -> Result<Incident, Problem> {
    let Path(id) = id.map_err(|_| Problem::unknown_event("(not UTF-8)"))?;
    let parsed = IncidentId::parse(&id).ok_or_else(|| Problem::unknown_event(&id))?;
    let stored = context.incidents.get(&parsed).await?.ok_or_else(|| Problem::unknown_event(&id))?;
    Ok(stored.incident)
}

/// What the trail has about an incident and what it led to, each once; and whether that is all.
async fn facts(context: &Context, incident: &Incident) -> Result<(Vec<Fact>, bool), Problem> {
    let about = Some(incident.id.to_string());
    // The anomaly was told before the incident was opened.
    let since = incident.opened_at.checked_sub(SignedDuration::from_hours(1)).ok();
    let of = AuditFilter { since, ..AuditFilter::default() };
    let subject = AuditFilter { subject: about.clone(), ..of.clone() };
    let because_of = AuditFilter { because_of: about, ..of };
    let ((mut facts, is_whole), (others, are_whole)) =
        tokio::try_join!(told(context, &subject), told(context, &because_of))?;
    facts.extend(others);
    facts.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    facts.dedup_by(|a, b| a.id == b.id);
    Ok((facts, is_whole && are_whole))
}

async fn told(context: &Context, filter: &AuditFilter) -> Result<(Vec<Fact>, bool), Problem> {
    let mut facts = Vec::new();
    let mut from = None;
    for _ in 0..MOST_PAGES {
        let page = context.audit.page(filter, FACTS_AT_ONCE, from.as_ref()).await?;
        facts.extend(page.entries.into_iter().map(|entry| entry.fact));
        from = page.next;
        if from.is_none() {
            return Ok((facts, true));
        }
    }
    Ok((facts, false))
}

/// Whether `If-None-Match` names this version. The comparison is weak (RFC 9110, 13.1.2).
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
