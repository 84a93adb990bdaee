//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use nightjar_anchors::AnchorsError;
use nightjar_aws::retry::Failure;
use nightjar_aws::stores::StoreError;
use nightjar_domain::remediation::Refusal;
use serde::Serialize;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Where the status says it all.
const GENERIC: &str = "about:blank";
const INVALID_PARAMETERS: &str = "urn:problem-type:nightjar:invalid-parameters";
const TOO_MANY_ENTRIES: &str = "urn:problem-type:nightjar:too-many-entries";
const UNKNOWN_EVENT: &str = "urn:problem-type:nightjar:unknown-event";
const UNKNOWN_RESOURCE: &str = "urn:problem-type:nightjar:unknown-resource";
const FORBIDDEN: &str = "urn:problem-type:nightjar:forbidden";
const FEEDBACK_REFUSED: &str = "urn:problem-type:nightjar:feedback-refused";
const APPROVAL_REFUSED: &str = "urn:problem-type:nightjar:approval-refused";
const KEY_REUSED: &str = "urn:problem-type:nightjar:idempotency-key-reused";
const UNDER_WAY: &str = "urn:problem-type:nightjar:request-under-way";
/// Seconds after which a failed read is worth another try.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

/// What a client is told about an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// What kind of problem, for programs; `about:blank` where the status says it all.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// What happened and what helps.
    detail: String,
    /// Every parameter that cannot be used.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<BadParameter>,
    /// For the log alone: it may name tables and permissions.
    #[serde(skip)]
    #[schema(ignore)]
    cause: Option<Cause>,
}

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct BadParameter {
    pub parameter: String,
    /// What is wrong with it.
    pub problem: String,
    /// What would be right.
    pub allowed: String,
}

/// Why the answer is an error of the server, handed to the log through the answer's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause(pub String);

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    fn generic(status: StatusCode, title: &'static str, detail: String) -> Self {
        Self { kind: GENERIC, title, status, detail, errors: Vec::new(), cause: None }
    }

    /// 400, with everything that is wrong.
    pub fn invalid_parameters(errors: Vec<BadParameter>) -> Self {
        let sentences: Vec<String> =
            errors.iter().map(|error| format!("{} {}", error.parameter, error.problem)).collect();
        Self {
            kind: INVALID_PARAMETERS,
            errors,
            ..Self::generic(StatusCode::BAD_REQUEST, "The request's parameters cannot be used", sentences.join("; "))
        }
    }

    /// 404 for an event that is not, or no longer, stored.
    pub fn unknown_event(id: &str) -> Self {
        let detail = format!("there is no event {id:?}; events are kept until their retention ends");
        Self { kind: UNKNOWN_EVENT, ..Self::generic(StatusCode::NOT_FOUND, "Unknown event", detail) }
    }

    /// 404 for a resource that is not in the inventory.
    pub fn unknown_resource(id: &str) -> Self {
        let detail = format!("there is no resource {id:?} in the inventory; GET /resources lists what is watched");
        Self { kind: UNKNOWN_RESOURCE, ..Self::generic(StatusCode::NOT_FOUND, "Unknown resource", detail) }
    }

    /// 404 for a metric that is not watched.
    pub fn unknown_metric(metric: &str, resource: &str) -> Self {
        let detail = format!("{metric:?} of {resource} is not watched; GET /resources/{resource} lists what is");
        Self { kind: UNKNOWN_RESOURCE, ..Self::generic(StatusCode::NOT_FOUND, "Unknown metric", detail) }
    }

    /// What the framework refuses by itself.
    pub fn of_status(status: StatusCode, detail: String) -> Self {
        Self::generic(status, status.canonical_reason().unwrap_or("Error"), detail)
    }

    /// 401 for a request that nobody is proven to have sent.
    pub fn unauthenticated() -> Self {
        let detail =
            "this takes a proven caller: sign in, and send the access token as Authorization: Bearer".to_owned();
        Self::generic(StatusCode::UNAUTHORIZED, "Unauthorized", detail)
    }

    /// 403 for a caller whose role is too low.
    pub fn forbidden(detail: String) -> Self {
        Self { kind: FORBIDDEN, ..Self::generic(StatusCode::FORBIDDEN, "Forbidden", detail) }
    }

    /// 409 for feedback that the event's state does not admit.
    pub fn feedback_refused(detail: String) -> Self {
        Self { kind: FEEDBACK_REFUSED, ..Self::generic(StatusCode::CONFLICT, "The feedback is refused", detail) }
    }

    /// 404 for a path that is none of the API's.
    pub fn unknown_path(path: &str) -> Self {
        let detail = format!("nothing is served at {path}; /openapi.json lists what is");
        Self::generic(StatusCode::NOT_FOUND, "Not Found", detail)
    }

    /// 409 for a trail that grew too long since its last anchor to be verified within one request.
    pub fn too_many_entries(entries: u64) -> Self {
        let detail = format!(
            "the trail has {entries} entries and no recent anchor to start from; run nightjar audit verify, and look why there is no \
             anchor"
        );
        Self { kind: TOO_MANY_ENTRIES, ..Self::generic(StatusCode::CONFLICT, "Too many entries to verify", detail) }
    }

    /// 500; the cause is for the log.
    pub fn internal(cause: &impl ToString) -> Self {
        Self::unanswerable(false, cause.to_string())
    }

    /// 409: what is asked for does not fit how things stand.
    pub fn conflict(detail: String) -> Self {
        Self::generic(StatusCode::CONFLICT, "Conflict", detail)
    }

    /// 422 for a key that stands for another request.
    pub fn key_reused() -> Self {
        let detail = "this Idempotency-Key was used for another request within the last day; take a new one".to_owned();
        Self { kind: KEY_REUSED, ..Self::generic(StatusCode::UNPROCESSABLE_ENTITY, "The key was used before", detail) }
    }

    /// 409 for a repetition that comes too early.
    pub fn under_way() -> Self {
        let detail = "the request with this Idempotency-Key is under way; send it again in a moment".to_owned();
        Self { kind: UNDER_WAY, ..Self::generic(StatusCode::CONFLICT, "The request is under way", detail) }
    }

    /// 412 for a change of a version that is no longer the newest.
    pub fn changed_meanwhile(newest: u64) -> Self {
        let detail = format!("the event has changed: its version is {newest} now; read it again, then decide");
        Self::generic(StatusCode::PRECONDITION_FAILED, "Precondition Failed", detail)
    }

    /// 404 for a silence that nobody has set, or that is no longer kept.
    pub fn unknown_silence(id: &str) -> Self {
        let detail = format!("there is no silence {id:?}; GET /silences lists them");
        Self::generic(StatusCode::NOT_FOUND, "Not Found", detail)
    }

    /// 404 for a product that nobody has named.
    pub fn unknown_product(name: &str) -> Self {
        Self::generic(
            StatusCode::NOT_FOUND,
            "Not Found",
            format!("there is no product {name:?}; GET /products lists them"),
        )
    }

    /// 412 for a change of a product's version that is no longer the newest.
    pub fn product_changed(name: &str, newest: u64) -> Self {
        let detail = match newest {
            0 => format!("there is no product {name:?} any more, or not yet"),
            newest => {
                format!("the product {name:?} has changed: its version is {newest} now; read it again, then decide")
            }
        };
        Self::generic(StatusCode::PRECONDITION_FAILED, "Precondition Failed", detail)
    }

    /// 412 for a change of what was set that is no longer the newest.
    pub fn thresholds_changed(newest: u64) -> Self {
        let detail =
            format!("the thresholds have changed: their version is {newest} now; read them again, then decide");
        Self::generic(StatusCode::PRECONDITION_FAILED, "Precondition Failed", detail)
    }

    /// 503 for a change that is stored, and could not be told to those who tell people.
    pub fn untold(cause: String) -> Self {
        let detail = "the change is stored, but could not be told yet; send the request again".to_owned();
        let problem = Self::generic(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", detail);
        Self { cause: Some(Cause(cause)), ..problem }
    }

    /// 400 for a body that cannot be read.
    pub fn unreadable_body(detail: &str) -> Self {
        Self::generic(StatusCode::BAD_REQUEST, "The request's body cannot be used", detail.to_owned())
    }

    /// Why an approval is not taken.
    pub fn approval_refused(refusal: &Refusal) -> Self {
        let status = match refusal {
            Refusal::Malformed => StatusCode::BAD_REQUEST,
            Refusal::Tampered => StatusCode::FORBIDDEN,
            Refusal::Expired(_) => StatusCode::GONE,
            Refusal::Used { .. } | Refusal::NotWaiting => StatusCode::CONFLICT,
        };
        Self { kind: APPROVAL_REFUSED, ..Self::generic(status, "The approval is refused", refusal.to_string()) }
    }

    /// 503, or 500 where trying again does not help; the cause is for the log.
    pub fn unanswerable(temporary: bool, cause: String) -> Self {
        let (status, title) = if temporary {
            (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        } else {
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        };
        let detail =
            "the request cannot be answered; the function's log says why, under the x-request-id of this answer";
        Self { cause: Some(Cause(cause)), ..Self::generic(status, title, detail.to_owned()) }
    }

    /// 503 for what may be there again in a moment; the cause is for the log.
    pub fn unavailable(detail: &str, cause: &impl ToString) -> Self {
        let problem = Self::generic(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", detail.to_owned());
        Self { cause: Some(Cause(cause.to_string())), ..problem }
    }

    /// 405: the path does not do that.
    pub fn method_not_allowed(method: &str, path: &str) -> Self {
        let detail = format!("{path} does not answer {method}; the Allow header lists what it answers");
        Self::generic(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", detail)
    }
}

impl From<StoreError> for Problem {
    /// Nothing of the cause is shown: it is for the log.
    fn from(error: StoreError) -> Self {
        let temporary = matches!(
            &error,
            StoreError::Request { failure: Failure::Throttled | Failure::Other, .. } | StoreError::Contended { .. }
        );
        let problem = if temporary {
            let detail = "the events cannot be read or written at the moment; try again".to_owned();
            Self::generic(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", detail)
        } else {
            let detail = "the events cannot be read or written; the function's log says why, under the x-request-id of this answer";
            Self::generic(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", detail.to_owned())
        };
        Self { cause: Some(Cause(error.to_string())), ..problem }
    }
}

impl From<AnchorsError> for Problem {
    /// Nothing of the cause is shown: it is for the log.
    fn from(error: AnchorsError) -> Self {
        let detail = "the anchors of the audit trail cannot be read at the moment; try again".to_owned();
        let problem = Self::generic(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable", detail);
        Self { cause: Some(Cause(error.to_string())), ..problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let (status, cause, is_under_way) = (self.status, self.cause.take(), self.kind == UNDER_WAY);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
        if status == StatusCode::SERVICE_UNAVAILABLE || is_under_way {
            response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
        }
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}
