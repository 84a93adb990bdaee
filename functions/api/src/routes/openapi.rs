//! The API's description, made from the handlers' own types.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{audit_log, events, feedback, health};

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
    paths(health::health, events::list, events::show, feedback::give, audit_log::list, audit_log::verify, document),
    tags(
        (name = "events", description = "What Nightjar found"),
        (name = "audit", description = "What was done, and the proof that nobody changed the record"),
        (name = "health", description = "The API itself"),
    ),
    security((), ("sigv4" = [])),
    modifiers(&Signature),
)]
struct Document;

/// How requests are signed where the API is deployed with `api_authorization = "AWS_IAM"`.
struct Signature;

impl Modify for Signature {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let description =
            "AWS Signature Version 4, service execute-api; none where the API is deployed without authorization";
        let scheme =
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", description)));
        document.components.get_or_insert_default().add_security_scheme("sigv4", scheme);
    }
}
