use axum::http::StatusCode;

use crate::support::{Answer, api_without_table, get, send};

async fn document() -> Answer {
    send(api_without_table(), &get("/openapi.json")).await
}

#[tokio::test]
async fn the_description_is_made_from_the_types() {
    let mut answer = document().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["openapi"], "3.1.0");
    // Else every release would change the snapshot.
    assert_eq!(answer.body["info"]["version"].take(), env!("CARGO_PKG_VERSION"));
    insta::assert_json_snapshot!(answer.body);
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
