//! Single calls to services that are not worth an SDK of their own in the package: `sqs:SendMessage` for what is given up,
//! `sns:Publish` for e-mail and topics, `ssm:GetParameter` and `secretsmanager:GetSecretValue` for secrets. Signed with the
//! SDK's own signer and credentials.

use aws_config::SdkConfig;
use nightjar_aws::signing::{RequestSigner, Signable, SigningError};
use serde_json::Value;

/// What signing and the endpoints go by.
#[derive(Debug, Clone, Default)]
pub struct AwsCaller {
    signer: RequestSigner,
}

/// A call was not answered as it should.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{service}: {problem}")]
    Signing { service: &'static str, problem: SigningError },
    #[error("{service} cannot be reached: {problem}")]
    Unreachable { service: &'static str, problem: String },
    /// The body is AWS's error, which names the action and the resource, never what was sent.
    #[error("{service} refuses ({status}): {body}")]
    Refused { service: &'static str, status: u16, body: String },
}

/// The service and the action of a message to a topic.
const PUBLISH: (&str, &str) = ("sns", "Publish");
/// Characters of AWS's error that are told.
const TOLD: usize = 300;

impl AwsCaller {
    pub fn new(config: &SdkConfig) -> Self {
        Self { signer: RequestSigner::new(config) }
    }

    /// Calls `target` of a service that speaks AWS's JSON protocol.
    pub async fn json(
        &self,
        http: &reqwest::Client,
        service: &'static str,
        target: &str,
        body: &Value,
    ) -> Result<Value, CallError> {
        let version = if service == "sqs" { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
        let headers = [("content-type", version), ("x-amz-target", target)];
        let answer = self.post(http, service, &headers, body.to_string()).await?;
        Ok(serde_json::from_str(&answer).unwrap_or(Value::Null))
    }

    /// Calls an action of SNS, which speaks the query protocol.
    pub async fn publish(
        &self,
        http: &reqwest::Client,
        topic_arn: &str,
        subject: Option<&str>,
        message: &str,
    ) -> Result<(), CallError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs([
            ("Action", PUBLISH.1),
            ("Version", "2010-03-31"),
            ("TopicArn", topic_arn),
            ("Message", message),
        ]);
        if let Some(subject) = subject {
            form.append_pair("Subject", subject);
        }
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        self.post(http, PUBLISH.0, &headers, form.finish()).await.map(drop)
    }

    async fn post(
        &self,
        http: &reqwest::Client,
        service: &'static str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<String, CallError> {
        let url = self.signer.url(service, "/");
        let signable = Signable { service, method: "POST", url: &url, headers, body: body.as_bytes() };
        let signed = self.signer.sign(signable).await.map_err(|problem| CallError::Signing { service, problem })?;
        let mut request = http.post(&url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let unreachable =
            |error: reqwest::Error| CallError::Unreachable { service, problem: error.without_url().to_string() };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        if status.is_success() {
            return Ok(text);
        }
        Err(CallError::Refused { service, status: status.as_u16(), body: text.chars().take(TOLD).collect() })
    }
}
