//! What every answer carries besides its body: headers that tell browsers what not to do, a complaint in the house's form, and fewer
//! bytes where the client takes them.

use std::io::Write as _;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::problem::Problem;

/// JSON is not to be shown, framed, guessed at or run.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/// Smaller answers gain nothing.
const WORTH_IT: usize = 1024;
/// The largest answer that Lambda takes.
const LARGEST_BODY: usize = 6 * 1024 * 1024;
const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// A middleware: what all answers have in common.
pub async fn finish(request: Request, next: Next) -> Response {
    let accepts_gzip = takes(request.headers(), "gzip");
    let response = in_the_houses_form(next.run(request).await).await;
    let mut response = if accepts_gzip { compressed(response).await } else { response };
    let headers = response.headers_mut();
    let defaults = [
        (CONTENT_SECURITY_POLICY, NOTHING),
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
        (PERMISSIONS_POLICY, "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// What the framework refuses by itself, such as a body that is too large, becomes a problem document as well.
async fn in_the_houses_form(response: Response) -> Response {
    let status = response.status();
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
    if !(status.is_client_error() || status.is_server_error()) || is_json {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut problem = Problem::of_status(status, text).into_response();
    problem.extensions_mut().extend(parts.extensions);
    problem
}

/// Whether the client takes this coding.
pub fn takes(headers: &HeaderMap, wanted: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        (name.trim() == wanted || name.trim() == "*")
            && !matches!(weight.trim().trim_start_matches("q="), "0" | "0.0" | "0.00" | "0.000")
    })
}

async fn compressed(response: Response) -> Response {
    if response.headers().contains_key(CONTENT_ENCODING) || response.status() == StatusCode::NOT_MODIFIED {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Problem::internal(&"the body could not be read").into_response();
    };
    let encoded = (bytes.len() >= WORTH_IT).then(|| gzip(&bytes)).flatten();
    match encoded {
        Some(encoded) => {
            parts.headers.remove(CONTENT_LENGTH);
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Response::from_parts(parts, Body::from(encoded))
        }
        None => Response::from_parts(parts, Body::from(bytes)),
    }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_used_where_it_is_taken() {
        let accepts = |value: &'static str| {
            takes(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]), "gzip")
        };
        for taken in ["gzip", "br, gzip;q=0.5", "*", "deflate, gzip; q=1"] {
            assert!(accepts(taken), "{taken}");
        }
        for refused in ["", "br", "gzip;q=0", "identity", "gzip; q=0.0"] {
            assert!(!accepts(refused), "{refused}");
        }
    }
}
