//! The reference for people: the same description as `/openapi.json`, as one page without scripts or anything from elsewhere.

use std::fmt::Write as _;

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::openapi::DESCRIPTION;
use crate::problem::Problem;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
code,pre{font:14px/1.45 ui-monospace,monospace}pre{overflow:auto;padding:.75rem;border:1px solid #8884;border-radius:.4rem}\
h2{margin-top:2.5rem;border-bottom:1px solid #8884}h3 code{font-size:1.05rem}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8883}";
/// The hash of [`STYLE`] would do as well; the page has no script and no address to fetch anything from.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Show this reference.
#[utoipa::path(get, path = "/docs", tag = "health", responses((status = 200, description = "The reference", body = String, content_type = "text/html")))]
pub async fn show() -> Result<Response, Problem> {
    let document = serde_json::from_str(DESCRIPTION).map_err(|error| Problem::internal(&error))?;
    let html = page(&document).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, html).into_response())
}

fn page(document: &Value) -> Result<String, std::fmt::Error> {
    let mut html = String::new();
    let title = escaped(text(&document["info"]["title"]));
    let version = escaped(text(&document["info"]["version"]));
    write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} API {version}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body><h1>{title} API {version}</h1><p>{}</p>",
        escaped(text(&document["info"]["description"]))
    )?;
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            write_operation(&mut html, &method.to_uppercase(), path, operation)?;
        }
    }
    html.push_str("<h2>Types</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let pretty = serde_json::to_string_pretty(schema).unwrap_or_default();
        write!(
            html,
            "<details id=\"{0}\"><summary><code>{0}</code> {1}</summary><pre>{2}</pre></details>",
            escaped(name),
            escaped(text(&schema["description"])),
            escaped(&pretty)
        )?;
    }
    html.push_str("</body></html>");
    Ok(html)
}

fn write_operation(html: &mut String, method: &str, path: &str, operation: &Value) -> std::fmt::Result {
    write!(
        html,
        "<h2><code>{method} {}</code></h2><p>{}</p><p>{}</p>",
        escaped(path),
        escaped(text(&operation["summary"])),
        escaped(text(&operation["description"]))
    )?;
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !parameters.is_empty() {
        html.push_str("<table><tr><th>parameter</th><th>in</th><th>what</th></tr>");
        for parameter in parameters {
            let cells =
                [&parameter["name"], &parameter["in"], &parameter["description"]].map(|cell| escaped(text(cell)));
            let [name, place, what] = cells;
            write!(html, "<tr><td><code>{name}</code></td><td>{place}</td><td>{what}</td></tr>")?;
        }
        html.push_str("</table>");
    }
    for content in operation["requestBody"]["content"].as_object().into_iter().flatten() {
        write!(html, "<p>Body: {}</p>", reference(&content.1["schema"]))?;
    }
    html.push_str("<table><tr><th>status</th><th>what</th><th>body</th></tr>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let schema = response["content"].as_object().and_then(|content| content.values().next()).map(|c| &c["schema"]);
        write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(status),
            escaped(text(&response["description"])),
            schema.map(reference).unwrap_or_default()
        )?;
    }
    html.push_str("</table>");
    Ok(())
}

/// A link to a type.
fn reference(schema: &Value) -> String {
    let name = text(&schema["$ref"]).rsplit('/').next().unwrap_or_default();
    if name.is_empty() { String::new() } else { format!("<a href=\"#{0}\"><code>{0}</code></a>", escaped(name)) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_is_shown_and_nothing_is_run() {
        let document = serde_json::json!({
            "info": { "title": "<script>", "version": "1" },
            "paths": { "/a/{id}": { "get": { "summary": "Look", "responses": { "200": { "description": "x" } } } } },
        });
        let page = page(&document).unwrap();
        assert!(page.contains("GET /a/{id}") && page.contains("Look") && page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("<script") && !page.contains("http"), "{page}");
    }
}
