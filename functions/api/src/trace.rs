//! Names every request in its answer, and logs what failed: once, here.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use lambda_http::request::RequestContext;

use crate::problem::Cause;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A middleware: passes the request on, then adds `x-request-id` to the answer.
pub async fn trace(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    if let Some(Cause(error)) = response.extensions().get() {
        let status = response.status().as_u16();
        tracing::error!(error, request_id = id.as_deref(), %method, path, status, "the request could not be answered");
    }
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// API Gateway's id, which its access log shows too; else that of the invocation.
fn request_id(request: &Request) -> Option<String> {
    let extensions = request.extensions();
    let of_gateway = match extensions.get() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    of_gateway.or_else(|| extensions.get::<lambda_runtime::Context>().map(|context| context.request_id.clone()))
}
