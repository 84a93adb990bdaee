//! Whether the function runs at all.

use axum::Json;
use serde::Serialize;

/// The answer of `GET /health`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always `ok`: a function that cannot run does not answer.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of Nightjar.
    version: &'static str,
}

/// Tell that the API runs, and in which version. Reads nothing.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses((status = 200, body = Health)))]
pub async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
