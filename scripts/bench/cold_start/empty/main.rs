//! The least of a function on `lambda_http`, which the cold start of the API is measured against.

use axum::Router;
use axum::routing::get;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(Router::new().route("/health", get(|| async { "{}" }))).await
}
