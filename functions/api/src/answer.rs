//! An answer as API Gateway takes it from a function.

use std::future::Future;
use std::pin::Pin;

use axum::body::to_bytes;
use axum::http::header::CONTENT_ENCODING;
use axum::response::{IntoResponse as _, Response};
use lambda_http::Body;

use crate::problem::Problem;

/// Text is handed over as it is, all else in Base64. What is text, the bytes say: everything here is UTF-8. (`lambda_http` by itself
/// goes by the type's `charset`, for which it brings the tables of every encoding there is.)
#[derive(Debug)]
pub struct Answer(pub Response);

impl lambda_http::IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = lambda_http::Response<Body>> + Send>> {
        Box::pin(async move {
            let (parts, body) = self.0.into_parts();
            match to_bytes(body, usize::MAX).await {
                Ok(bytes) => {
                    let is_encoded = parts.headers.contains_key(CONTENT_ENCODING);
                    lambda_http::Response::from_parts(parts, handed_over(bytes.into(), is_encoded))
                }
                Err(error) => {
                    let (parts, _) = Problem::internal(&error).into_response().into_parts();
                    lambda_http::Response::from_parts(parts, Body::Empty)
                }
            }
        })
    }
}

fn handed_over(bytes: Vec<u8>, is_encoded: bool) -> Body {
    if bytes.is_empty() {
        return Body::Empty;
    }
    if is_encoded {
        return Body::Binary(bytes);
    }
    String::from_utf8(bytes).map_or_else(|error| Body::Binary(error.into_bytes()), Body::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_and_all_else_is_binary() {
        assert_eq!(handed_over("{\"ü\":1}".into(), false), Body::Text("{\"ü\":1}".to_owned()));
        assert_eq!(handed_over(vec![0x80, 0xff], false), Body::Binary(vec![0x80, 0xff]));
        assert_eq!(handed_over(b"looks like text".to_vec(), true), Body::Binary(b"looks like text".to_vec()));
        assert_eq!(handed_over(Vec::new(), false), Body::Empty);
    }

    #[tokio::test]
    async fn what_is_not_the_body_passes_unchanged() {
        let answer = (axum::http::StatusCode::CREATED, [("x-request-id", "1")], "made").into_response();
        let handed = lambda_http::IntoResponse::into_response(Answer(answer)).await;
        assert_eq!((handed.status().as_u16(), &handed.headers()["x-request-id"]), (201, &"1".parse().unwrap()));
        assert_eq!(handed.body(), &Body::Text("made".to_owned()));
    }
}
