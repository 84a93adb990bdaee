//! What is served where.

pub mod events;
pub mod feedback;
pub mod health;
pub mod openapi;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn;
use axum::routing::{get, post};

use crate::context::Context;
use crate::problem::Problem;
use crate::trace::trace;

/// The whole API.
pub fn router(context: Context) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::show))
        .route("/alerts/{id}/feedback", post(feedback::give))
        .route("/openapi.json", get(openapi::document))
        .fallback(unknown_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(trace))
        .with_state(context)
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::unknown_path(uri.path())
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::method_not_allowed(method.as_str(), uri.path())
}
