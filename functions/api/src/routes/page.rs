//! The page, and what it is told to work with. These tell nothing of the account: a browser must have them before anybody can sign in.

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::events::is_known;
use crate::caller::Authorization;
use crate::context::Context;
use crate::headers::takes;
use crate::page::PageSettings;
use crate::problem::Problem;

/// What the page, and `nightjar login`, work with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PageConfig {
    /// 1.
    version: u8,
    /// The API's base; empty: where the page comes from.
    api: String,
    auth: SignIn,
    /// Null where there are no live updates.
    #[schema(required = true)]
    live: Option<Live>,
}

/// How people sign in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum SignIn {
    /// With a user pool of Amazon Cognito.
    Cognito { endpoint: String, client_id: String, user_pool_id: String },
    /// By AWS signatures: not from a browser.
    Iam,
    /// Not at all.
    None,
}

/// Live updates.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Live {
    /// Address of the WebSocket API.
    url: String,
}

/// Tell what the page works with.
#[utoipa::path(get, path = "/config.json", tag = "page", security(()), responses((status = 200, body = PageConfig)))]
pub async fn config(State(context): State<Context>) -> Response {
    let PageSettings { client_id, user_pool_id, cognito, live, .. } = context.page.settings.clone();
    let auth = match (context.authorization, cognito, client_id, user_pool_id) {
        (Authorization::Jwt, Some(endpoint), Some(client_id), Some(user_pool_id)) => {
            SignIn::Cognito { endpoint, client_id, user_pool_id }
        }
        (Authorization::Nobody, ..) => SignIn::None,
        _ => SignIn::Iam,
    };
    let config = PageConfig { version: 1, api: String::new(), auth, live: live.map(|url| Live { url }) };
    ([(CACHE_CONTROL, "no-cache")], Json(config)).into_response()
}

/// Serve the page.
#[utoipa::path(
    get, path = "/", tag = "page", security(()),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The API is deployed without the page"),
    )
)]
pub async fn index(State(context): State<Context>, headers: HeaderMap) -> Result<Response, Problem> {
    file(&context, &headers, "index.html", "no-cache").await
}

/// Serve the page's icon.
#[utoipa::path(
    get, path = "/favicon.svg", tag = "page", security(()),
    responses(
        (status = 200, description = "The icon", body = String, content_type = "image/svg+xml"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "The API is deployed without the page"),
    )
)]
pub async fn icon(State(context): State<Context>, headers: HeaderMap) -> Result<Response, Problem> {
    file(&context, &headers, "favicon.svg", "public, max-age=86400").await
}

/// Serve one of the page's files, which are named by their content.
#[utoipa::path(
    get, path = "/assets/{file}", tag = "page", security(()),
    params(("file" = String, Path, description = "The file's name")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/javascript"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such file"),
    )
)]
pub async fn asset(
    State(context): State<Context>,
    headers: HeaderMap,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(name) = name.map_err(|_| Problem::unknown_path("/assets/(not UTF-8)"))?;
    file(&context, &headers, &format!("assets/{name}"), "public, max-age=31536000, immutable").await
}

async fn file(context: &Context, headers: &HeaderMap, path: &str, cache: &'static str) -> Result<Response, Problem> {
    let found =
        context.page.file(path, takes(headers, "br")).await.map_err(|problem| Problem::unanswerable(true, problem))?;
    let found = found.ok_or_else(|| Problem::unknown_path(&format!("/{path}")))?;
    let mut answer = if is_known(headers, &found.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, found.content_type)], Body::from(found.content.to_vec())).into_response()
    };
    if let Some(encoding) = found.encoding {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let policy = policy(&context.page.settings);
    for (name, value) in [(CACHE_CONTROL, cache), (ETAG, &found.etag), (CONTENT_SECURITY_POLICY, &policy)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name, value);
        }
    }
    Ok(answer)
}

/// Scripts and styles from here alone, connections to here, to Cognito and to the live updates.
fn policy(settings: &PageSettings) -> String {
    let others: Vec<&str> = [&settings.cognito, &settings.live].into_iter().flatten().map(|url| origin(url)).collect();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' {}; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
        others.join(" ")
    )
}

/// `wss://name/path` → `wss://name`.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_where_the_page_connects_to_and_nothing_else() {
        let settings = PageSettings {
            cognito: Some("https://cognito-idp.eu-west-1.amazonaws.com/".to_owned()),
            live: Some("wss://a1.execute-api.eu-west-1.amazonaws.com/live".to_owned()),
            ..PageSettings::default()
        };
        let policy = policy(&settings);
        let connect = "connect-src 'self' https://cognito-idp.eu-west-1.amazonaws.com wss://a1.execute-api.eu-west-1.amazonaws.com;";
        assert!(policy.contains(connect) && !policy.contains("unsafe"), "{policy}");
    }
}
