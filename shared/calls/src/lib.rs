//! Single calls of AWS services that are too few for an SDK each. Signed with the SDKs' own signer and credentials.
//!
//! [`Caller::json`] and [`Caller::query`] try nothing twice: whoever asks knows whether that is harmless. The operations in [`s3`],
//! [`kms`] and [`functions`] may be repeated, and are, as the SDKs would.

mod call;
pub mod functions;
pub mod kms;
pub mod s3;
pub mod xml;

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::error::display::DisplayErrorContext;
use nightjar_aws::clients::Https;
use nightjar_aws::signing::{RequestSigner, Signable};
use serde_json::Value;

/// One call; a hung connection must not eat the function's whole time.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of AWS's error that are told.
const TOLD: usize = 300;

/// A call that did not work.
#[derive(Debug, thiserror::Error)]
#[error("{service} {operation} failed: {problem}")]
pub struct CallError {
    pub service: &'static str,
    pub operation: &'static str,
    pub problem: String,
    /// AWS's name for why it refuses, such as `AccessDenied`; empty where it gave none, or never answered.
    pub code: String,
}

/// Calls by hand.
#[derive(Debug, Clone)]
pub struct Caller {
    connector: SharedHttpConnector,
    signer: RequestSigner,
}

/// What is called.
#[derive(Debug, Clone, Copy)]
struct Operation {
    service: &'static str,
    name: &'static str,
}

impl Operation {
    fn failed(self, problem: impl fmt::Display) -> CallError {
        let (service, operation, problem) = (self.service, self.name, problem.to_string());
        CallError { service, operation, problem, code: String::new() }
    }
}

impl Caller {
    /// With the credentials, the region and the endpoint of the SDKs, over a connection of its own.
    pub fn new(config: &SdkConfig) -> Self {
        Self::over(config, Https::default())
    }

    /// The same over the connection of the SDKs' clients.
    pub fn over(config: &SdkConfig, https: Https) -> Self {
        Self::with_connector(config, SharedHttpConnector::new(https))
    }

    /// With a connector made elsewhere, for tests.
    pub fn with_connector(config: &SdkConfig, connector: SharedHttpConnector) -> Self {
        Self { connector, signer: RequestSigner::new(config) }
    }

    /// The id of the key that calls are signed with; `None` without credentials.
    pub async fn key_id(&self) -> Option<String> {
        self.signer.key_id().await
    }

    /// An operation of a service that speaks JSON 1.1, whose target begins with `target`.
    pub async fn json(
        &self,
        service: &'static str,
        name: &'static str,
        target: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        let operation = Operation { service, name };
        let target = format!("{target}.{name}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let answer = self.post(operation, &headers, body.to_string()).await?;
        serde_json::from_str(&answer).map_err(|error| operation.failed(error))
    }

    /// An operation of a service that speaks the query protocol in `version`, and answers in XML: the elements named in
    /// `containers` are read with what is in them, of all others the text.
    pub async fn query(
        &self,
        service: &'static str,
        name: &'static str,
        version: &str,
        parameters: &[(&str, &str)],
        containers: &[&str],
    ) -> Result<xml::Element, CallError> {
        let operation = Operation { service, name };
        let named = [("Action", name), ("Version", version)];
        let pairs = named.iter().chain(parameters);
        let form: Vec<String> = pairs.map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let answer = self.post(operation, &headers, form.join("&")).await?;
        xml::parse(&answer, containers).map_err(|error| operation.failed(error))
    }

    async fn post(&self, operation: Operation, headers: &[(&str, &str)], body: String) -> Result<String, CallError> {
        let url = self.signer.url(operation.service, "/");
        let signable =
            Signable { service: operation.service, method: "POST", url: &url, headers, body: body.as_bytes() };
        let request = self.signed(signable).await.map_err(|error| operation.failed(error))?;
        let (response, body) = self.exchange(request).await.map_err(|problem| operation.failed(problem))?;
        let (status, text) = (response.status(), String::from_utf8_lossy(&body).into_owned());
        if status.is_success() {
            return Ok(text);
        }
        let told: String = text.chars().take(TOLD).collect();
        Err(CallError {
            code: call::code(&response, &text),
            ..operation.failed(format!("{}: {told}", status.as_u16()))
        })
    }

    /// The request with the headers that sign it.
    async fn signed(&self, what: Signable<'_>) -> Result<HttpRequest, Box<dyn std::error::Error + Send + Sync>> {
        let signed = self.signer.sign(what).await?;
        let body = if what.body.is_empty() { SdkBody::empty() } else { SdkBody::from(what.body.to_vec()) };
        let mut request = HttpRequest::new(body);
        request.set_method(what.method)?;
        request.set_uri(what.url)?;
        for (name, value) in signed {
            request.headers_mut().insert(name, value);
        }
        for (name, value) in what.headers {
            request.headers_mut().insert((*name).to_owned(), (*value).to_owned());
        }
        Ok(request)
    }

    /// Sends a request and reads what comes back to its end.
    async fn exchange(&self, request: HttpRequest) -> Result<(HttpResponse, Vec<u8>), String> {
        let exchange = async {
            let mut response = self.connector.call(request).await.map_err(|error| told(&error))?;
            let body = ByteStream::new(response.take_body()).collect().await.map_err(|error| told(&error))?;
            Ok((response, body.to_vec()))
        };
        tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|_| Err("no answer within ten seconds".to_owned()))
    }
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    DisplayErrorContext(error).to_string()
}

/// Percent-encoded as RFC 3986 says, which every form reader understands.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let shown = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(shown).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use wiremock::matchers::{body_string_contains, header, header_exists, method};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    /// A caller of a server of the test.
    pub(crate) fn caller_of(server: &MockServer) -> Caller {
        let config = SdkConfig::builder()
            .region(aws_config::Region::new("eu-west-1"))
            .endpoint_url(server.uri())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .build();
        Caller::new(&config)
    }

    #[tokio::test]
    async fn a_call_is_signed_for_its_service() {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(header("x-amz-target", "AmazonSSM.SendCommand"))
            .and(header_exists("authorization"))
            .respond_with(ResponseTemplate::new(200).set_body_string("{\"a\": 1}"))
            .expect(1)
            .mount(&server)
            .await;
        let answer = caller_of(&server).json("ssm", "SendCommand", "AmazonSSM", &serde_json::json!({})).await.unwrap();
        assert_eq!(answer["a"], 1);
        let request = &server.received_requests().await.unwrap()[0];
        let authorization = request.headers["authorization"].to_str().unwrap();
        assert!(authorization.contains("/eu-west-1/ssm/aws4_request"), "{authorization}");
    }

    #[tokio::test]
    async fn what_is_refused_says_who_refused_what_and_is_not_repeated() {
        let server = MockServer::start().await;
        let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
        Mock::given(body_string_contains(
            "Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=web%20%26%20co",
        ))
        .respond_with(ResponseTemplate::new(403).set_body_string(refusal))
        .expect(1)
        .mount(&server)
        .await;
        let asked = [("AutoScalingGroupName", "web & co")];
        let answer = caller_of(&server).query("autoscaling", "SetDesiredCapacity", "2011-01-01", &asked, &[]).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.starts_with("autoscaling SetDesiredCapacity failed: 403: ") && error.contains("AccessDenied"));
    }

    #[tokio::test]
    async fn without_credentials_nothing_is_sent() {
        let server = MockServer::start().await;
        let caller = Caller { signer: RequestSigner::default(), ..caller_of(&server) };
        assert!(
            caller
                .json("ssm", "SendCommand", "AmazonSSM", &Value::Null)
                .await
                .unwrap_err()
                .to_string()
                .contains("no AWS credentials")
        );
        assert!(server.received_requests().await.unwrap().is_empty());
    }
}
