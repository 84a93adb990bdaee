//! The API's description, made from the handlers' own types: by a test, which writes it down and holds it to them. What serves it needs
//! neither the types' descriptions nor the time to put them together.

use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use nightjar_domain::idempotency::LONGEST_KEY;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi};

use super::{
    alerts, analyze, approvals, audit_log, coverage, docs, events, feedback, health, me, page, products, remediations,
    resources, security_detect, security_events, security_types, silences, summary, threshold_preview, thresholds,
};
use crate::problem::Problem;

/// Serve this document.
#[utoipa::path(get, path = "/openapi.json", tag = "health", responses((status = 200, description = "The OpenAPI 3.1 document", content_type = "application/json")))]
pub async fn document() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], DESCRIPTION)
}

/// What is served, `functions/api/openapi.json`.
pub const DESCRIPTION: &str = include_str!("../../openapi.json");

/// The whole description as the types have it, which [`DESCRIPTION`] must say.
pub fn description() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nightjar",
        description = "Abnormal behaviour of AWS resources, with its likeliest cause. Instants are UTC in RFC 3339, scores 0 to 1, money USD. Errors are RFC 9457 problem documents. Every answer names its request in x-request-id.",
        contact(),
    ),
    paths(
        health::health, me::show, events::list, events::show, events::show_record, alerts::acknowledge, alerts::suppress,
        alerts::resolve, alerts::assign, silences::list, silences::set, silences::end, feedback::give, remediations::status, remediations::stop,
        remediations::resume, remediations::reset, remediations::undo, approvals::list, approvals::show, approvals::approve, approvals::deny,
        products::list, products::show, products::put, products::remove, security_events::list, security_types::list, security_detect::detect,
        audit_log::list, audit_log::verify, coverage::list, thresholds::show, thresholds::put, thresholds::revert, threshold_preview::show, document, docs::show, summary::summary, summary::metrics, resources::list,
        resources::show, resources::series, analyze::resource, analyze::datapoints, page::index, page::asset, page::icon,
        page::config,
    ),
    tags(
        (name = "events", description = "What Nightjar found"),
        (name = "alerts", description = "What people do about it"),
        (name = "remediations", description = "What is under repair, and the switches"),
        (name = "approvals", description = "What waits for a person's word"),
        (name = "silences", description = "What nobody wants to hear of for a while"),
        (name = "products", description = "Which resources belong together, and who owns them"),
        (name = "resources", description = "What is watched, and how it is"),
        (name = "page", description = "The page's files, which anybody may have"),
        (name = "security", description = "Attacks found in CloudTrail, and what is looked for"),
        (name = "audit", description = "What was done, and the proof that nobody changed the record"),
        (name = "coverage", description = "What is watched, and what is missing"),
        (name = "health", description = "The API itself"),
    ),
    components(schemas(Problem)),
    security(("bearer" = []), ("sigv4" = []), ()),
    modifiers(&Authorizers, &Keys, &Unchanged, &Refusals),
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

/// What every POST takes.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let description = "A key of one's own, such as a UUID. The same request with the same key within a day is not done again: it gets the \
                           answer of the first, and `idempotency-replayed: true`. Server errors are not kept.";
        let posts = document.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
        for operation in posts {
            let key = ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .description(Some(description))
                .schema(Some(
                    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(LONGEST_KEY)),
                ))
                .build();
            operation.parameters.get_or_insert_default().push(RefOr::T(key));
            let responses = &mut operation.responses.responses;
            for (status, description) in [
                ("409", "The request with this Idempotency-Key is under way"),
                ("422", "A body of another form, or a used Idempotency-Key with another request"),
            ] {
                responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(refusal(description)));
            }
        }
    }
}

/// What is read again and again, and answers whether it has changed (`crate::validators`).
struct Unchanged;

const ASKED_ANEW: [&str; 9] = [
    "/events",
    "/resources",
    "/resources/{id}",
    "/resources/{id}/metrics",
    "/security-events",
    "/summary",
    "/metrics/summary",
    "/silences",
    "/products",
];

impl Modify for Unchanged {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for path in ASKED_ANEW {
            let Some(operation) = document.paths.paths.get_mut(path).and_then(|item| item.get.as_mut()) else {
                continue;
            };
            let tag = ParameterBuilder::new()
                .name("If-None-Match")
                .parameter_in(ParameterIn::Header)
                .description(Some("The ETag of an earlier answer"))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build();
            operation.parameters.get_or_insert_default().push(RefOr::T(tag));
            let unchanged = ResponseBuilder::new().description("It has not changed").build();
            operation.responses.responses.insert("304".to_owned(), RefOr::T(unchanged));
        }
    }
}

/// What any operation may answer: the authorizer, the table of roles, the framework and AWS refuse before and after the handlers.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let reading = item.get.as_mut().map(|operation| (operation, false));
            let writing = [&mut item.post, &mut item.put, &mut item.delete];
            let writing = writing.into_iter().filter_map(|operation| Some((operation.as_mut()?, true)));
            for (operation, has_body) in reading.into_iter().chain(writing) {
                let mut refusals = vec![("500", "The answer cannot be made"), ("503", "Try again")];
                if !crate::access::is_open(path) {
                    refusals.push(("401", "Nobody is proven to have sent this"));
                    refusals.push(("403", "The caller's role is too low, or what is handed over is not genuine"));
                }
                if path.contains('{') {
                    refusals.push(("400", "The path cannot be read"));
                    refusals.push(("404", "There is nothing of this name"));
                }
                if has_body {
                    refusals.push(("400", "A body that cannot be used"));
                    refusals.push(("413", "The body is too large"));
                    refusals.push(("415", "The body is not application/json"));
                    refusals.push(("422", "A body of another form"));
                }
                for (status, description) in refusals {
                    let known = &mut operation.responses.responses;
                    if !known.contains_key(status) {
                        known.insert(status.to_owned(), RefOr::T(refusal(description)));
                    }
                }
            }
        }
    }
}

fn refusal(description: &str) -> Response {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content("application/problem+json", problem).build()
}
