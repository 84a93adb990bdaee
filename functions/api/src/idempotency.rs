//! `Idempotency-Key` on every POST: who does not know whether a request arrived sends it again, and gets the answer of the first.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRef as _, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use nightjar_aws::stores::{AnswerClaim, Claimed};
use nightjar_domain::idempotency::{Content, LONGEST_ANSWER, Repetition, is_key};
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::context::Context;
use crate::late::Late;
use crate::problem::{BadParameter, Problem};

/// The header of requests.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says of an answer that it was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The largest body that API Gateway hands to a function.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// Headers that belong to an answer; all others are made anew.
const KEPT: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A middleware, behind the guard: does a POST with a key once.
pub async fn once(State(late): State<Late>, request: Request, next: Next) -> Response {
    let keys: Vec<&HeaderValue> = request.headers().get_all(KEY).iter().collect();
    let key = match (request.method(), keys.as_slice()) {
        (&Method::POST, [key]) => key.to_str().ok().filter(|key| is_key(key)).map(str::to_owned),
        (&Method::POST, []) => return next.run(request).await,
        (&Method::POST, _) => None,
        _ => return next.run(request).await,
    };
    let Some(key) = key else { return unusable().into_response() };
    match answer(&Context::from_ref(&late), &key, request, next).await {
        Ok(answer) => answer,
        Err(problem) => problem.into_response(),
    }
}

async fn answer(context: &Context, key: &str, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large".to_owned()));
    };
    let sent = Content {
        who: parts.extensions.get::<Caller>().map_or("", |caller| caller.who.as_str()),
        method: parts.method.as_str(),
        target: parts.uri.path_and_query().map_or("", |target| target.as_str()),
        decided_on: parts.headers.get(IF_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default(),
        body: &body,
    };
    let (id, fingerprint) = (sent.id(key), sent.fingerprint());
    let claim = match context.answers.claim_request(&id, &fingerprint, (context.now)()).await? {
        Claimed::Ours(claim) => claim,
        Claimed::Theirs(known) => return repeated(known.judge(&fingerprint)),
    };
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    Ok(settled(context, &claim, response).await)
}

/// What was kept, or why there is nothing yet.
fn repeated(repetition: Repetition) -> Result<Response, Problem> {
    match repetition {
        Repetition::Answered(kept) => {
            let kept: Kept = serde_json::from_str(&kept).map_err(|error| Problem::internal(&error))?;
            let status = StatusCode::from_u16(kept.status).map_err(|error| Problem::internal(&error))?;
            let mut response = (status, kept.body).into_response();
            let headers = response.headers_mut();
            headers.remove(CONTENT_TYPE);
            for (name, value) in kept.headers {
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
                    headers.insert(name, value);
                }
            }
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        Repetition::Different => Err(Problem::key_reused()),
        Repetition::UnderWay => Err(Problem::under_way()),
    }
}

/// Keeps the answer. What may pass when it is sent again is not kept, nor what is too large: that is judged or looked up, and changes
/// nothing. An answer that cannot be kept is given all the same: what was done is done.
async fn settled(context: &Context, claim: &AnswerClaim, response: Response) -> Response {
    let passes_later = response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS;
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::internal(&"the body could not be read").into_response();
    };
    let kept = if passes_later { None } else { kept(parts.status, &parts.headers, &body) };
    let settled = match &kept {
        Some(kept) => context.answers.keep_answer(claim, kept).await,
        None => context.answers.release_request(claim).await,
    };
    if let Err(error) = settled {
        tracing::error!(%error, "the answer of a request with a key could not be kept");
    }
    Response::from_parts(parts, Body::from(body))
}

fn kept(status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Option<String> {
    let text = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
    let body = String::from_utf8(body.to_vec()).ok()?;
    let kept = Kept { status: status.as_u16(), headers: KEPT.iter().filter_map(text).collect(), body };
    serde_json::to_string(&kept).ok().filter(|kept| kept.len() <= LONGEST_ANSWER)
}

fn unusable() -> Problem {
    Problem::invalid_parameters(vec![BadParameter {
        parameter: KEY.to_string(),
        problem: "cannot be used".to_owned(),
        allowed: "one key of 1 to 255 visible ASCII characters, such as a UUID".to_owned(),
    }])
}
