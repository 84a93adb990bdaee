//! What is served where.

pub mod alerts;
pub mod analyze;
pub mod approvals;
pub mod audit_log;
pub mod coverage;
mod deeds;
pub mod docs;
pub mod events;
pub mod feedback;
pub mod health;
pub mod me;
pub mod openapi;
pub mod page;
pub mod products;
pub mod remediations;
pub mod resources;
pub mod security_detect;
pub mod security_events;
pub mod security_types;
pub mod silences;
pub mod summary;
pub mod threshold_preview;
pub mod thresholds;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::rejection::QueryRejection;
use axum::http::{Method, Uri};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};

use crate::access::guard;
use crate::headers::finish;
use crate::idempotency::once;
use crate::late::Late;
use crate::problem::{BadParameter, Problem};
use crate::trace::trace;
use crate::validators::revalidate;

/// The whole API, behind the table of who may do what.
pub fn router(context: impl Into<Late>) -> Router {
    guarded(routes(), context)
}

/// Puts routes behind what all of them have in common.
pub fn guarded(routes: Router<Late>, context: impl Into<Late>) -> Router {
    let context = context.into();
    routes
        .fallback(unknown_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(context.clone(), once))
        .layer(from_fn_with_state(context.authorization, guard))
        .layer(from_fn(revalidate))
        .layer(from_fn(trace))
        .layer(from_fn(finish))
        .with_state(context)
}

/// What is served; [`crate::access::TABLE`] says to whom.
pub fn routes() -> Router<Late> {
    Router::new()
        .route("/health", get(health::health))
        .route("/events", get(events::list))
        .route("/events/{id}", get(events::show))
        .route("/events/{id}/record", get(events::show_record))
        .route("/audit-log", get(audit_log::list))
        .route("/audit-log/verify", get(audit_log::verify))
        .route("/alerts/{id}/feedback", post(feedback::give))
        .route("/remediations", get(remediations::status))
        .route("/remediations/stop", post(remediations::stop))
        .route("/remediations/resume", post(remediations::resume))
        .route("/remediations/{id}/undo", post(remediations::undo))
        .route("/remediations/policies/{policy}/reset", post(remediations::reset))
        .route("/approvals", get(approvals::list))
        .route("/approvals/{id}", get(approvals::show))
        .route("/approvals/{id}/approve", post(approvals::approve))
        .route("/approvals/{id}/deny", post(approvals::deny))
        .route("/", get(page::index))
        .route("/assets/{file}", get(page::asset))
        .route("/favicon.svg", get(page::icon))
        .route("/config.json", get(page::config))
        .route("/docs", get(docs::show))
        .route("/summary", get(summary::summary))
        .route("/metrics/summary", get(summary::metrics))
        .route("/resources", get(resources::list))
        .route("/resources/{id}", get(resources::show))
        .route("/resources/{id}/metrics", get(resources::series))
        .route("/analyze", get(analyze::resource).post(analyze::datapoints))
        .route("/security-events", get(security_events::list))
        .route("/security-events/types", get(security_types::list))
        .route(
            "/security-events/detect",
            post(security_detect::detect).layer(DefaultBodyLimit::max(security_detect::LARGEST)),
        )
        .route("/coverage", get(coverage::list))
        .route("/thresholds", get(thresholds::show).put(thresholds::put))
        .route("/thresholds/revert", post(thresholds::revert))
        .route("/thresholds/preview", get(threshold_preview::show))
        .route("/me", get(me::show))
        .route("/alerts/{id}/acknowledge", post(alerts::acknowledge))
        .route("/alerts/{id}/suppress", post(alerts::suppress))
        .route("/alerts/{id}/resolve", post(alerts::resolve))
        .route("/alerts/{id}/assign", post(alerts::assign))
        .route("/silences", get(silences::list).post(silences::set))
        .route("/silences/{id}", delete(silences::end))
        .route("/products", get(products::list))
        .route("/products/{name}", get(products::show).put(products::put).delete(products::remove))
        .route("/openapi.json", get(openapi::document))
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::unknown_path(uri.path())
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::method_not_allowed(method.as_str(), uri.path())
}

fn unreadable_query(rejection: &QueryRejection) -> Problem {
    Problem::invalid_parameters(vec![BadParameter {
        parameter: "query".to_owned(),
        problem: format!("cannot be read: {}", rejection.body_text()),
        allowed: "name=value pairs joined by &, percent-encoded".to_owned(),
    }])
}
