//! Security incidents: events whose kind is `security`, each one attack.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nightjar_aws::stores::StoreError;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, IncidentKind, Status};
use nightjar_domain::severity::Severity;
use serde::Serialize;

use super::unreadable_query;
use crate::context::Context;
use crate::cursor::Continuation;
use crate::problem::Problem;
use crate::query::{self, EventsQuery};

/// One page of the list, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SecurityEventPage {
    events: Vec<SecurityEventSummary>,
    /// Where the next page starts, for the parameter `cursor`; null on the last page.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A security event without its steps, which `GET /events/{id}` adds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SecurityEventSummary {
    id: IncidentId,
    title: String,
    status: Status,
    severity: Severity,
    opened_at: Timestamp,
    /// The ARN of the user or role behind the calls.
    principal: String,
    account: String,
    regions: Vec<String>,
    /// Where the calls came from; at most ten.
    addresses: Vec<String>,
    first_at: Timestamp,
    last_at: Timestamp,
    /// ATT&CK tactics in the order in which they appeared.
    tactics: Vec<String>,
    /// Titles of the rules that matched.
    rules: Vec<String>,
    /// Matches of any rule, all together.
    matches: u64,
    /// Whether people were alerted.
    escalated: bool,
    version: u64,
}

impl SecurityEventSummary {
    /// `None` for an incident that tells no attack.
    fn of(incident: Incident) -> Option<Self> {
        let story = incident.security?;
        Some(Self {
            id: incident.id,
            title: incident.title,
            status: incident.status,
            severity: incident.severity,
            opened_at: incident.opened_at,
            principal: story.principal,
            account: story.account,
            regions: story.regions,
            addresses: story.addresses,
            first_at: story.first_at,
            last_at: story.last_at,
            tactics: story.tactics,
            rules: story.steps.into_iter().map(|step| step.title).collect(),
            matches: story.matches,
            escalated: incident.escalation.is_escalated(),
            version: incident.version,
        })
    }
}

/// List security events, newest first.
///
/// `resource` is the principal without its account, such as `user/eve` or `role/deploy`.
#[utoipa::path(
    get, path = "/security-events", tag = "security", params(EventsQuery),
    responses(
        (status = 200, body = SecurityEventPage),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The events cannot be read at the moment"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let mut request = query::parse(&pairs, (context.now)()).map_err(Problem::invalid_parameters)?;
    request.filter.kind = Some(IncidentKind::Security);
    let page = context.incidents.list(&request.filter, request.limit, request.after.as_ref()).await?;
    let next = page.next.map(|after| Continuation { filter: request.filter, after }.encode()).transpose();
    let next_cursor =
        next.map_err(|error| StoreError::Item { table: "cursor".to_owned(), problem: error.to_string() })?;
    let events = page.incidents.into_iter().filter_map(SecurityEventSummary::of).collect();
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(SecurityEventPage { events, next_cursor })).into_response())
}
