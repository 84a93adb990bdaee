//! Who the caller is.

use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use nightjar_domain::identity::Role;
use serde::Serialize;

use crate::caller::Caller;
use crate::problem::Problem;

/// The caller, and what he may do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The name that the audit trail writes down.
    #[schema(example = "ops@example.com")]
    who: String,
    role: Role,
    /// `cognito`, `iam`, or `none` where the API is deployed without authorization.
    #[schema(example = "cognito")]
    authenticated_by: &'static str,
}

/// Tell who the caller is and which role he has.
#[utoipa::path(get, path = "/me", tag = "health", responses((status = 200, body = Me)))]
pub async fn show(caller: Option<Extension<Caller>>) -> Result<Response, Problem> {
    let Some(Extension(Caller { who, role: Some(role), authenticated_by })) = caller else {
        return Err(Problem::unauthenticated());
    };
    Ok(([(CACHE_CONTROL, "private, no-store")], Json(Me { who, role, authenticated_by })).into_response())
}
