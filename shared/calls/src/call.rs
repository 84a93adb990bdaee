//! Calls that may be repeated, and are.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use nightjar_aws::signing::Signable;
use serde_json::Value;

use crate::{CallError, Caller, Operation, TOLD};

/// Attempts of one call, the first included, as with the SDKs (`nightjar_aws::clients`).
const ATTEMPTS: u32 = 4;
/// Before the second attempt; then it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// What to send.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// As IAM names it, such as `s3:GetObject`.
    pub(crate) action: &'static str,
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    response: HttpResponse,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Call<'_> {
    /// An answer that cannot be used, or a call that was not answered.
    pub(crate) fn failed(&self, problem: impl std::fmt::Display) -> CallError {
        let (service, name) = self.action.split_once(':').unwrap_or(("", self.action));
        Operation { service, name }.failed(problem)
    }
}

impl Caller {
    /// Sends until it works, is refused for good, or has been tried often enough.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, CallError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let (error, again) = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if !again || attempt == ATTEMPTS {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    /// One attempt, and whether another may pass.
    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, (CallError, bool)> {
        let service = call.action.split_once(':').map_or(call.action, |(service, _)| service);
        let signable =
            Signable { service, method: call.method, url: &call.url, headers: call.headers, body: call.body };
        let request = self.signed(signable).await.map_err(|error| (call.failed(error), false))?;
        let (response, body) = self.exchange(request).await.map_err(|problem| (call.failed(problem), true))?;
        let status = response.status();
        if status.is_success() {
            return Ok(Answer { body, response });
        }
        let text = String::from_utf8_lossy(&body);
        let code = code(&response, &text);
        let again = status.is_server_error() || status.as_u16() == 429 || is_throttled(&code);
        let told: String = text.chars().take(TOLD).collect();
        Err((CallError { code, ..call.failed(format!("{}: {told}", status.as_u16())) }, again))
    }
}

fn is_throttled(code: &str) -> bool {
    ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"].iter().any(|word| code.contains(word))
}

/// AWS's name for a refusal. Each protocol has it in another place: a header, JSON's `__type`, XML's `<Code>`; with a namespace before
/// it, or an address after it.
pub(crate) fn code(response: &HttpResponse, body: &str) -> String {
    let in_json = || serde_json::from_str::<Value>(body).ok()?["__type"].as_str().map(str::to_owned);
    let in_xml = || Some(body.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
    let header = response.headers().get("x-amzn-errortype").map(str::to_owned);
    let code = header.or_else(in_json).or_else(in_xml).unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    code.rsplit('#').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;
    use wiremock::matchers::method;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::tests::caller_of;

    fn call(url: String) -> Call<'static> {
        Call { action: "s3:GetObject", method: "GET", url, headers: &[], body: b"" }
    }

    #[tokio::test]
    async fn what_passes_later_is_tried_again() {
        let server = MockServer::start().await;
        for (status, body) in
            [(503, "<Error><Code>SlowDown</Code></Error>"), (400, r#"{"__type": "ThrottlingException"}"#)]
        {
            let refusal = ResponseTemplate::new(status).set_body_string(body);
            Mock::given(method("GET")).respond_with(refusal).up_to_n_times(1).expect(1).mount(&server).await;
        }
        Mock::given(method("GET"))
            .respond_with(ResponseTemplate::new(200).set_body_string("it"))
            .expect(1)
            .mount(&server)
            .await;
        let answer = caller_of(&server).send(&call(server.uri())).await.unwrap();
        assert_eq!(answer.text(), "it");
    }

    #[tokio::test]
    async fn what_never_passes_ends_with_its_reason() {
        let server = MockServer::start().await;
        let refusal = ResponseTemplate::new(500).set_body_string("<Error><Code>InternalError</Code></Error>");
        Mock::given(method("GET")).respond_with(refusal).expect(u64::from(ATTEMPTS)).mount(&server).await;
        let error = caller_of(&server).send(&call(server.uri())).await.unwrap_err();
        assert_eq!(error.code, "InternalError");
        assert!(error.to_string().starts_with("s3 GetObject failed: 500: <Error>"), "{error}");
    }

    #[tokio::test]
    async fn what_is_refused_is_not_tried_again() {
        let server = MockServer::start().await;
        let refusal = ResponseTemplate::new(403).set_body_string("<Error><Code>AccessDenied</Code></Error>");
        Mock::given(method("GET")).respond_with(refusal).expect(1).mount(&server).await;
        assert_eq!(caller_of(&server).send(&call(server.uri())).await.unwrap_err().code, "AccessDenied");
    }

    #[tokio::test]
    async fn where_nobody_answers_the_error_says_so() {
        let server = MockServer::start().await;
        let caller = caller_of(&server);
        let error = caller.send(&call("http://127.0.0.1:1/".to_owned())).await.unwrap_err();
        assert!(error.code.is_empty() && error.to_string().starts_with("s3 GetObject failed: "), "{error}");
    }

    #[test]
    fn a_refusal_is_read_wherever_it_stands() {
        let answer = |header: Option<&'static str>| {
            let mut response = HttpResponse::new(400_u16.try_into().unwrap(), SdkBody::empty());
            if let Some(value) = header {
                response.headers_mut().insert("x-amzn-errortype", value);
            }
            response
        };
        let header = Some("ResourceNotFoundException:http://internal.amazon.com/");
        assert_eq!(code(&answer(header), "{}"), "ResourceNotFoundException");
        assert_eq!(code(&answer(None), r#"{"__type": "com.amazonaws.kms#DisabledException"}"#), "DisabledException");
        assert_eq!(code(&answer(None), "<Error><Code>NoSuchKey</Code></Error>"), "NoSuchKey");
        assert_eq!(code(&answer(None), "what?"), "");
    }
}
