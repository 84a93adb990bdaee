use axum::http::StatusCode;

use nightjar_api::routes::openapi::{DESCRIPTION, description};

use crate::support::{Answer, api_without_table, get, send};

async fn document() -> Answer {
    send(api_without_table(), &get("/openapi.json")).await
}

/// With `WRITE_OPENAPI=1` the description is written instead.
#[test]
fn the_description_is_made_from_the_types() {
    let made = format!("{}\n", serde_json::to_string_pretty(&description()).unwrap());
    if std::env::var_os("WRITE_OPENAPI").is_some() {
        std::fs::write("openapi.json", &made).unwrap();
        return;
    }
    let how =
        "the types changed: WRITE_OPENAPI=1 cargo test --package nightjar-api the_description_is_made_from_the_types";
    assert!(made == DESCRIPTION, "{how}");
}

#[tokio::test]
async fn the_description_is_served() {
    let answer = document().await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(answer.body["openapi"], "3.1.0");
    assert_eq!(answer.body["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn every_post_takes_a_key_of_its_senders() {
    let body = document().await.body;
    for (path, operations) in body["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let takes_one = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
            assert_eq!(takes_one, method == "post", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn every_path_described_is_served() {
    for path in document().await.body["paths"].as_object().unwrap().keys() {
        // With a method that no path answers, so that no table is asked.
        let mut event = get(path);
        event["requestContext"]["http"]["method"] = "PATCH".into();
        let answer = send(api_without_table(), &event).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[tokio::test]
async fn no_reference_leads_nowhere() {
    let body = document().await.body;
    let text = body.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(body.pointer(reference).is_some(), "{reference}");
    }
}
