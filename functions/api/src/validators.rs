//! What has not changed is not sent again: a tag on everything that a client may keep, and 304 for whoever has it.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::routes::events::is_known;

/// A middleware: answers of GET that may be kept if they are asked for anew each time (`no-cache`) get the digest of their content for
/// an `ETag`, unless their handler knows a better one, and answers for it.
pub async fn revalidate(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let asked = request.headers().clone();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK || !is_kept(response.headers()) {
        return response;
    }
    tagged(response, &asked).await
}

fn is_kept(headers: &HeaderMap) -> bool {
    !headers.contains_key(ETAG)
        && headers.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().ends_with(b"no-cache"))
}

async fn tagged(response: Response, asked: &HeaderMap) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::internal(&"the body could not be read").into_response();
    };
    let tag = tag(&body);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, value);
    }
    if !is_known(asked, &tag) {
        return Response::from_parts(parts, Body::from(body));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    Response::from_parts(parts, Body::empty())
}

/// A tag for this content: half a SHA-256.
pub fn tag(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let half = digest.iter().take(16).fold(0_u128, |all, byte| all << 8 | u128::from(*byte));
    format!("\"{half:032x}\"")
}
