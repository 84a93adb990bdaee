//! What an answer means, and that no error tells the URL.

use nightjar_alert_handler::http::{self, Post, SendError};
use nightjar_alert_handler::settings::Endpoint;
use rstest::rstest;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn post_to(url: &str) -> Result<(), SendError> {
    let endpoint: Endpoint = url.parse().unwrap();
    http::send(&http::client().unwrap(), Post { endpoint, headers: Vec::new(), body: "{}".to_owned() }).await
}

async fn answered(answer: ResponseTemplate) -> Result<(), SendError> {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).expect(1).mount(&server).await;
    post_to(&format!("{}/secret-path", server.uri())).await
}

#[rstest]
#[case::busy(ResponseTemplate::new(429).insert_header("retry-after", "30"), "127.0.0.1 takes no more for now (429 Too Many Requests) and asks to wait 30 s")]
#[case::busy_until(ResponseTemplate::new(503).insert_header("retry-after", "Sat, 21 Nov 2026 10:05:00 GMT"), "127.0.0.1 failed (503 Service Unavailable) and asks to wait until Sat, 21 Nov 2026 10:05:00 GMT")]
#[case::failed(ResponseTemplate::new(500).set_body_string("stack trace"), "127.0.0.1 failed (500 Internal Server Error)")]
#[case::code(ResponseTemplate::new(403).set_body_string("invalid_token"), "127.0.0.1 refuses it (403 Forbidden) saying invalid_token: a retry helps only after the URL or the receiver is mended")]
#[case::prose(ResponseTemplate::new(400).set_body_string("<p>You posted: secret</p>"), "127.0.0.1 refuses it (400 Bad Request): a retry helps only after the URL or the receiver is mended")]
#[case::moved(ResponseTemplate::new(307).insert_header("location", "https://example.com/"), "127.0.0.1 redirects (307 Temporary Redirect), which is not followed: set the final URL")]
#[tokio::test]
async fn a_refusal_is_told_by_its_kind(#[case] answer: ResponseTemplate, #[case] expected: &str) {
    assert_eq!(answered(answer).await.unwrap_err().to_string(), expected);
}

#[rstest]
#[case(200)]
#[case(204)]
#[tokio::test]
async fn any_success_is_one(#[case] status: u16) {
    assert_eq!(answered(ResponseTemplate::new(status)).await, Ok(()));
}

#[tokio::test]
async fn an_unreachable_host_is_told_without_its_path() {
    // Bound and dropped again: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = post_to(&format!("http://127.0.0.1:{port}/secret-path")).await.unwrap_err().to_string();
    assert!(error.starts_with("127.0.0.1 cannot be reached: ") && error.contains("refused"), "{error}");
    assert!(!error.contains("secret-path"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_no_panic() {
    let server = MockServer::start().await;
    let error = post_to(&server.uri().replace("http://", "https://")).await.unwrap_err().to_string();
    assert!(error.starts_with("127.0.0.1 cannot be reached: ") && error.contains("corrupt message"), "{error}");
}
