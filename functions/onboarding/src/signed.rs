//! Calls of AWS services that are too few for an SDK each: three calls of three services, signed with Signature Version 4.

use std::time::Duration;

use nightjar_aws::signing::{RequestSigner, Signable};
use reqwest::header::HeaderName;
use reqwest::{Client, Method, Request, StatusCode};
use serde_json::Value;

/// One attempt, as with the SDKs (`nightjar_aws::clients`).
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The first included. The Tagging API allows 15 calls a second and account.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// A call that did not work.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{action}: access denied: {problem}")]
    Denied { action: &'static str, problem: String },
    #[error("{action}: {problem}")]
    Failed { action: &'static str, problem: String },
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Call {
    /// As IAM names it, such as `tag:GetResources`.
    pub action: &'static str,
    /// As signatures and addresses name the service.
    pub service: &'static str,
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, &'static str)>,
    pub body: String,
}

/// Signs and sends.
#[derive(Debug, Clone)]
pub struct Signed {
    http: Client,
    signer: RequestSigner,
    first_pause: Duration,
}

/// What an attempt came to.
enum Attempt {
    Done(String),
    Again(String),
    Denied(String),
    Failed(String),
}

impl Signed {
    /// With the credentials, region and endpoint of the SDKs.
    pub fn new(config: &aws_config::SdkConfig) -> anyhow::Result<Self> {
        Self::with(RequestSigner::new(config), FIRST_PAUSE)
    }

    /// With a signer and a pause of one's own, for tests.
    pub fn with(signer: RequestSigner, first_pause: Duration) -> anyhow::Result<Self> {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .user_agent(concat!("nightjar/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, signer, first_pause })
    }

    /// The same with the credentials and region of another configuration.
    #[must_use]
    pub fn elsewhere(&self, config: &aws_config::SdkConfig) -> Self {
        Self { signer: RequestSigner::new(config), ..self.clone() }
    }

    /// Sends until it works, is refused for good, or has been tried often enough; the pause doubles.
    pub async fn send(&self, call: &Call) -> Result<String, CallError> {
        let action = call.action;
        let failed = |problem: String| CallError::Failed { action, problem };
        let (mut pause, mut last) = (self.first_pause, String::new());
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            match self.attempt(call).await.map_err(|error| failed(format!("{error:#}")))? {
                Attempt::Done(body) => return Ok(body),
                Attempt::Denied(problem) => return Err(CallError::Denied { action, problem }),
                Attempt::Failed(problem) => return Err(failed(problem)),
                Attempt::Again(problem) => last = problem,
            }
        }
        Err(failed(format!("{ATTEMPTS} attempts failed, the last with: {last}")))
    }

    async fn attempt(&self, call: &Call) -> anyhow::Result<Attempt> {
        let answer = match self.http.execute(self.request(call).await?).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Attempt::Again(error.without_url().to_string())),
        };
        let status = answer.status();
        Ok(match answer.text().await {
            Ok(body) if status.is_success() => Attempt::Done(body),
            Ok(body) => judge(status, &body),
            Err(error) => Attempt::Again(error.without_url().to_string()),
        })
    }

    async fn request(&self, call: &Call) -> anyhow::Result<Request> {
        let url = self.signer.url(call.service, &call.path);
        let mut request = self.http.request(call.method.clone(), &url).body(call.body.clone()).build()?;
        for (name, value) in &call.headers {
            request.headers_mut().insert(*name, value.parse()?);
        }
        let signable = Signable {
            service: call.service,
            method: call.method.as_str(),
            url: request.url().as_str(),
            headers: &call.headers,
            body: call.body.as_bytes(),
        };
        let signed = self.signer.sign(signable).await?;
        for (name, value) in signed {
            let name: HeaderName = name.parse()?;
            request.headers_mut().insert(name, value.parse()?);
        }
        Ok(request)
    }
}

/// What a refusal means. The three protocols name it in different places: JSON's `__type`, XML's `<Code>`, or the status alone.
fn judge(status: StatusCode, body: &str) -> Attempt {
    let told: String = body.chars().take(300).collect();
    let json: Option<Value> = serde_json::from_str(body).ok();
    let code = json.as_ref().and_then(|json| json["__type"].as_str()).unwrap_or(&told);
    let problem = format!("{status}: {told}");
    let says = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if says(&["Throttl", "RequestLimitExceeded", "TooManyRequests", "SlowDown"])
        || status == StatusCode::TOO_MANY_REQUESTS
        || status.is_server_error()
    {
        Attempt::Again(problem)
    } else if status == StatusCode::FORBIDDEN || says(&["AccessDenied", "Unauthorized"]) {
        Attempt::Denied(problem)
    } else {
        Attempt::Failed(problem)
    }
}
