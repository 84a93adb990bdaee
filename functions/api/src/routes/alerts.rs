//! What people do about an incident: acknowledge, suppress, resolve, assign.

use axum::response::Response;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, Status};

use super::deeds::{Asked, Assignment, Deed};
use crate::problem::Problem;

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
pub async fn acknowledge(asked: Asked<Deed>) -> Result<Response, Problem> {
    asked.change(Status::Acknowledged).await
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
pub async fn suppress(asked: Asked<Deed>) -> Result<Response, Problem> {
    asked.change(Status::Suppressed).await
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
pub async fn resolve(asked: Asked<Deed>) -> Result<Response, Problem> {
    asked.change(Status::Resolved).await
}

/// Give it to somebody, who takes care of it from now on. Who is told what does not change with it.
#[utoipa::path(
    post, path = "/alerts/{id}/assign", tag = "alerts", request_body = Assignment,
    params(
        ("id" = IncidentId, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was decided on; without it the newest version is changed"),
    ),
    responses(
        (status = 200, body = Incident, description = "It is theirs, now or already"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Nobody is named, or the reason is missing"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "It is resolved"),
        (status = 412, body = Problem, content_type = "application/problem+json", description = "It has changed since it was read"),
    )
)]
pub async fn assign(asked: Asked<Assignment>) -> Result<Response, Problem> {
    asked.assign().await
}
