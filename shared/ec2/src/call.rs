//! Single calls of Auto Scaling, Systems Manager and IAM: ten in all, which is not worth three more SDKs in the package.
//! Signed with the SDK's own signer and credentials. Nothing is tried twice here: whoever asks knows whether that is harmless.

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use nightjar_aws::signing::{RequestSigner, Signable};
use serde_json::Value;

use crate::{Ec2Error, xml};

/// The services with the query protocol, and the versions of their interfaces.
const AUTO_SCALING: (&str, &str) = ("autoscaling", "2011-01-01");
const IAM: (&str, &str) = ("iam", "2010-05-08");

/// One call; a hung connection must not eat the function's whole time.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of AWS's error that are told.
const TOLD: usize = 300;

/// Calls by hand.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
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
    fn failed(self, problem: impl fmt::Display) -> Ec2Error {
        Ec2Error::Call { service: self.service, operation: self.name, problem: problem.to_string() }
    }
}

impl Caller {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        let connector =
            Connector::builder().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build();
        Self { connector: SharedHttpConnector::new(connector), signer: RequestSigner::new(config) }
    }

    /// An operation of Systems Manager, which speaks JSON.
    pub(crate) async fn ssm(&self, name: &'static str, body: &Value) -> Result<Value, Ec2Error> {
        let operation = Operation { service: "ssm", name };
        let target = format!("AmazonSSM.{name}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let answer = self.post(operation, &headers, body.to_string()).await?;
        serde_json::from_str(&answer).map_err(|error| operation.failed(error))
    }

    /// An operation of Auto Scaling, which speaks the query protocol and answers in XML.
    pub(crate) async fn autoscaling(
        &self,
        name: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<xml::Element, Ec2Error> {
        self.query(AUTO_SCALING, name, parameters).await
    }

    /// An operation of IAM, which speaks the query protocol too.
    pub(crate) async fn iam(&self, name: &'static str, parameters: &[(&str, &str)]) -> Result<xml::Element, Ec2Error> {
        self.query(IAM, name, parameters).await
    }

    /// The id of the key by which this function calls AWS; `None` without credentials.
    pub(crate) async fn own_key(&self) -> Option<String> {
        self.signer.key_id().await
    }

    async fn query(
        &self,
        (service, version): (&'static str, &'static str),
        name: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<xml::Element, Ec2Error> {
        let operation = Operation { service, name };
        let named = [("Action", name), ("Version", version)];
        let pairs = named.iter().chain(parameters);
        let form: Vec<String> = pairs.map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let answer = self.post(operation, &headers, form.join("&")).await?;
        xml::parse(&answer).map_err(|error| operation.failed(error))
    }

    async fn post(&self, operation: Operation, headers: &[(&str, &str)], body: String) -> Result<String, Ec2Error> {
        let url = self.signer.url(operation.service, "/");
        let signable =
            Signable { service: operation.service, method: "POST", url: &url, headers, body: body.as_bytes() };
        let signed = self.signer.sign(signable).await.map_err(|error| operation.failed(error))?;
        let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
        request.set_method("POST").map_err(|error| operation.failed(error))?;
        request.set_uri(url.as_str()).map_err(|error| operation.failed(error))?;
        for (name, value) in signed {
            request.headers_mut().insert(name, value);
        }
        for (name, value) in headers {
            request.headers_mut().insert((*name).to_owned(), (*value).to_owned());
        }
        let exchange = async {
            let response = self.connector.call(request).await.map_err(|error| operation.failed(error))?;
            let status = response.status().as_u16();
            let body =
                ByteStream::new(response.into_body()).collect().await.map_err(|error| operation.failed(error))?;
            Ok((status, String::from_utf8_lossy(&body.into_bytes()).into_owned()))
        };
        let answer = tokio::time::timeout(TIMEOUT, exchange).await;
        let (status, text) = answer.map_err(|_| operation.failed("no answer within ten seconds"))??;
        if (200..300).contains(&status) {
            return Ok(text);
        }
        Err(operation.failed(format!("{status}: {}", text.chars().take(TOLD).collect::<String>())))
    }
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
        let answer = caller_of(&server).ssm("SendCommand", &serde_json::json!({})).await.unwrap();
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
        let answer =
            caller_of(&server).autoscaling("SetDesiredCapacity", &[("AutoScalingGroupName", "web & co")]).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.starts_with("autoscaling SetDesiredCapacity failed: 403: ") && error.contains("AccessDenied"));
    }

    #[tokio::test]
    async fn without_credentials_nothing_is_sent() {
        let server = MockServer::start().await;
        let caller = Caller { signer: RequestSigner::default(), ..caller_of(&server) };
        assert!(caller.ssm("SendCommand", &Value::Null).await.unwrap_err().to_string().contains("no AWS credentials"));
        assert!(server.received_requests().await.unwrap().is_empty());
    }
}
