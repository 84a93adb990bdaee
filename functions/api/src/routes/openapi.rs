//! The API's description, made from the handlers' own types.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{alerts, approvals, audit_log, events, feedback, health, me, products, remediations};

/// Serve this document.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "The OpenAPI 3.1 document", content_type = "application/json")))]
pub async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nightjar",
        description = "Abnormal behaviour of AWS resources, with its likeliest cause. Instants are UTC in RFC 3339, scores 0 to 1, money USD. Errors are RFC 9457 problem documents. Every answer names its request in x-request-id.",
        contact(),
    ),
    paths(
        health::health, me::show, events::list, events::show, alerts::acknowledge, alerts::suppress, alerts::resolve,
        feedback::give, remediations::status, remediations::stop, remediations::resume, remediations::reset,
        remediations::undo, approvals::list, approvals::show, approvals::approve, approvals::deny, products::list,
        products::show, products::put, products::remove, audit_log::list, audit_log::verify, document,
    ),
    tags(
        (name = "events", description = "What Nightjar found"),
        (name = "alerts", description = "What people do about it"),
        (name = "remediations", description = "What is under repair, and the switches"),
        (name = "approvals", description = "What waits for a person's word"),
        (name = "products", description = "Which resources belong together, and who owns them"),
        (name = "audit", description = "What was done, and the proof that nobody changed the record"),
        (name = "health", description = "The API itself"),
    ),
    security(("bearer" = []), ("sigv4" = []), ()),
    modifiers(&Authorizers),
)]
struct Document;

/// How callers are proven, by Terraform's `api_authorization`.
struct Authorizers;

impl Modify for Authorizers {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("JWT: an access token of the user pool"))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(token));
        let description =
            "AWS_IAM: AWS Signature Version 4, service execute-api. With NONE, callers are not proven to be anybody";
        let signature = ApiKey::Header(ApiKeyValue::with_description("Authorization", description));
        components.add_security_scheme("sigv4", SecurityScheme::ApiKey(signature));
    }
}
