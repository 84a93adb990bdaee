//! Requests to the API: with the token of whoever is signed in, else signed with AWS Signature Version 4 where credentials are at hand.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use nightjar_aws::clock;
use nightjar_aws::signing::{RequestSigner, Signable};
use reqwest::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue, IF_MATCH};
use reqwest::{Client, Request, Response, StatusCode, Url};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::Value;

use crate::aws::AwsArgs;
use crate::session::Store;

/// The name of API Gateway in signatures.
const SERVICE: &str = "execute-api";
/// API Gateway gives up after 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(35);
/// Attempts of a request with a key, the first included.
const ATTEMPTS: u32 = 3;
/// Before the second attempt; then it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Which API, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ApiArgs {
    /// Address of the API: Terraform's output api_endpoint.
    #[arg(long, env = "NIGHTJAR_API", value_name = "URL", global = true)]
    api: Option<String>,
    /// Do not sign requests: for an API that is deployed without authorization.
    #[arg(long, global = true)]
    no_sign: bool,
    /// An access token, such as a machine client's, in place of the sign-in's.
    #[arg(long, env = "NIGHTJAR_TOKEN", value_name = "TOKEN", global = true, hide_env_values = true)]
    token: Option<String>,
    /// Name to send as Host, where the address is that of a gateway with several APIs, such as the local AWS.
    #[arg(long, value_name = "NAME", global = true)]
    host: Option<String>,
    /// AWS region; else that in the API's address, or AWS_REGION.
    #[arg(long, global = true)]
    region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long, global = true)]
    profile: Option<String>,
}

impl ApiArgs {
    /// The account and region, for what is asked of AWS and not of the API.
    pub(super) fn aws(&self) -> AwsArgs {
        AwsArgs { region: self.region.clone(), profile: self.profile.clone() }
    }

    pub(super) async fn client(&self) -> anyhow::Result<ApiClient> {
        let api = self.address()?;
        let aws = self.aws();
        let signing = match self.session_token().await? {
            Some(token) => Signing::Token(token),
            None if self.no_sign => Signing::Off,
            None => Signing::load(&aws).await,
        };
        ApiClient::new(api, self.host.as_deref(), signing)
    }

    /// The API's address.
    pub(super) fn address(&self) -> anyhow::Result<&str> {
        self.api
            .as_deref()
            .context("which API? Give --api or NIGHTJAR_API: `terraform -chdir=infrastructure output api_endpoint`")
    }

    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// A client without credentials.
    #[allow(clippy::unused_self, reason = "beside the other particulars of requests")]
    pub(super) fn http(&self) -> anyhow::Result<Client> {
        http()
    }

    /// The token that is given, or that of the sign-in to this API, renewed where it is about to end.
    pub(super) async fn session_token(&self) -> anyhow::Result<Option<String>> {
        if let Some(token) = &self.token {
            return Ok(Some(token.clone()));
        }
        let Ok(store) = Store::of_this_user() else { return Ok(None) };
        let api = self.address()?;
        let Some(mut session) = store.get(api)? else { return Ok(None) };
        if session.token(&http()?, clock::now()).await? {
            store.put(api, session.clone())?;
        }
        Ok(Some(session.access_token))
    }

    /// One event, as the API tells it.
    pub(super) async fn event(&self, id: &str) -> anyhow::Result<Value> {
        anyhow::ensure!(!id.contains('/'), "{id:?} is no event's id: `nightjar events list` shows them");
        self.client().await?.get(&format!("events/{id}"), &[]).await
    }
}

/// Whether and how requests are signed.
#[derive(Debug)]
pub(super) enum Signing {
    Off,
    /// The token of whoever is signed in.
    Token(String),
    With {
        credentials: Credentials,
        region: Option<String>,
    },
}

impl Signing {
    /// With the credentials that the AWS CLI would use; unsigned, and said so, where there are none.
    pub(super) async fn load(aws: &AwsArgs) -> Self {
        let config = aws.load().await;
        let region = aws.region.clone().or_else(|| config.region().map(ToString::to_string));
        let Some(provider) = config.credentials_provider() else { return Self::unsigned("no provider") };
        match provider.provide_credentials().await {
            Ok(credentials) => Self::With { credentials, region },
            Err(error) => Self::unsigned(&error.to_string()),
        }
    }

    fn unsigned(reason: &str) -> Self {
        eprintln!("nightjar: no AWS credentials ({reason}); the request is sent unsigned. --no-sign silences this.");
        Self::Off
    }
}

/// The API at one address.
#[derive(Debug)]
pub(super) struct ApiClient {
    http: Client,
    base: Url,
    host: Option<HeaderValue>,
    signing: Signing,
}

impl ApiClient {
    pub(super) fn new(base: &str, host: Option<&str>, signing: Signing) -> anyhow::Result<Self> {
        let base: Url = format!("{}/", base.trim_end_matches('/'))
            .parse()
            .with_context(|| format!("{base:?} is no address of an API: it starts with https://"))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            bail!("{base} is no address of an API: it starts with https://");
        }
        let http = http()?;
        let host = host.map(str::parse).transpose().context("--host is no host name")?;
        Ok(Self { http, base, host, signing })
    }

    /// The JSON at `path`, or what the API says against it.
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        let mut url = self.base.join(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.get(url).build()?).await
    }

    /// The text at `path`, or what the API says against it.
    pub(super) async fn get_text(&self, path: &str) -> anyhow::Result<String> {
        self.exchange(self.http.get(self.base.join(path)?).build()?).await
    }

    /// What the API answers to `body` at `path`, or what it says against it.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.post_if(path, body, None).await
    }

    /// The same on the condition that `version` is still the newest. It carries a key of its own, so that it may be sent again where
    /// nobody knows whether it arrived.
    pub(super) async fn post_if(&self, path: &str, body: &Value, version: Option<u64>) -> anyhow::Result<Value> {
        let mut request = self.http.post(self.base.join(path)?).json(body).header(IDEMPOTENCY_KEY, new_key()?);
        if let Some(version) = version {
            request = request.header(IF_MATCH, format!("\"{version}\""));
        }
        self.send(request.build()?).await
    }

    /// Puts `body` at `path` on the condition that `version` is still the newest.
    pub(super) async fn put_if(&self, path: &str, body: &Value, version: u64) -> anyhow::Result<Value> {
        let request = self.http.put(self.base.join(path)?).json(body).header(IF_MATCH, format!("\"{version}\""));
        self.send(request.build()?).await
    }

    /// Deletes what is at `path`.
    pub(super) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.exchange(self.http.delete(self.base.join(path)?).build()?).await.map(drop)
    }

    async fn send(&self, request: Request) -> anyhow::Result<Value> {
        let text = self.exchange(request).await?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} answered something that is not JSON: is it Nightjar's API?", self.base))
    }

    /// One request, sent again where that may help and does no harm.
    async fn answer(&self, request: &Request) -> anyhow::Result<Response> {
        let mut pause = FIRST_PAUSE;
        let attempts = if request.headers().contains_key(IDEMPOTENCY_KEY) { ATTEMPTS } else { 1 };
        for _ in 1..attempts {
            match self.attempt(request).await {
                Ok(answer) if !passes_later(answer.status()) => return Ok(answer),
                // What cannot be sent at all is not sent better later.
                Err(error) if !error.is::<reqwest::Error>() => return Err(error),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        let answer = self.attempt(request).await;
        answer.with_context(|| format!("{} cannot be reached", self.base))
    }

    async fn attempt(&self, request: &Request) -> anyhow::Result<Response> {
        let mut request = request.try_clone().context("a body that is read once cannot be sent again")?;
        if let Some(host) = &self.host {
            request.headers_mut().insert(HOST, host.clone());
        }
        if let Signing::Token(token) = &self.signing {
            request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
        }
        if let Signing::With { credentials, region } = &self.signing {
            let region = region_in(&self.base)
                .or_else(|| region.clone())
                .context("which region? Give --region or AWS_REGION")?;
            add_signature(&mut request, credentials, region, SystemTime::now()).await?;
        }
        Ok(self.http.execute(request).await?)
    }

    async fn exchange(&self, request: Request) -> anyhow::Result<String> {
        let answer = self.answer(&request).await?;
        let status = answer.status();
        let text = answer.text().await.context("the answer ended early")?;
        if status.is_success() {
            return Ok(text);
        }
        let body: Option<Value> = serde_json::from_str(&text).ok();
        let told = body.as_ref().and_then(complaint).unwrap_or_else(|| "it does not say why".to_owned());
        let advice = match status.as_u16() {
            401 => "\nSign in: nightjar login. Where the API takes signatures: --profile, --region.",
            403 => {
                "\nThe caller needs a role that may do this; where the API takes signatures, execute-api:Invoke on this API."
            }
            _ => "",
        };
        bail!("the API answered {status}: {told}{advice}")
    }
}

/// What the API, or the gateway before it, may answer otherwise in a moment.
fn passes_later(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504)
}

/// A key that nobody else has.
fn new_key() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| anyhow::anyhow!("the operating system gives no random numbers"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// The client that every request goes through.
fn http() -> anyhow::Result<Client> {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().timeout(TIMEOUT).user_agent(concat!("nightjar/", env!("CARGO_PKG_VERSION"))).build()?)
}

/// What a problem document, or API Gateway itself, says.
fn complaint(body: &Value) -> Option<String> {
    let main = body["detail"].as_str().or(body["message"].as_str())?;
    let allowed = body["errors"].as_array().into_iter().flatten().map(|error| {
        let part = |name: &str| error[name].as_str().unwrap_or_default();
        format!("\n  {} {}; allowed: {}", part("parameter"), part("problem"), part("allowed"))
    });
    Some(std::iter::once(main.to_owned()).chain(allowed).collect())
}

/// The region in `<id>.execute-api.<region>.amazonaws.com`.
fn region_in(url: &Url) -> Option<String> {
    let mut labels = url.host_str()?.split('.').skip(1);
    (labels.next() == Some(SERVICE)).then(|| labels.next().map(str::to_owned))?
}

async fn add_signature(
    request: &mut Request,
    credentials: &Credentials,
    region: String,
    now: SystemTime,
) -> anyhow::Result<()> {
    let keys = RequestSigner::with(SharedCredentialsProvider::new(credentials.clone()), region, None);
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).map(|host| ("host", host));
    let signable = Signable {
        service: SERVICE,
        method: request.method().as_str(),
        url: request.url().as_str(),
        headers: host.as_slice(),
        body: request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default(),
    };
    let headers = keys.sign_at(signable, now).await?;
    for (name, value) in headers {
        let name: HeaderName = name.parse()?;
        request.headers_mut().insert(name, value.parse()?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wiremock::matchers::{header, header_exists, method, path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    fn signing() -> Signing {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".to_owned()), None, "test");
        Signing::With { credentials, region: Some("us-east-1".to_owned()) }
    }

    #[tokio::test]
    async fn a_signed_request_carries_its_query_and_its_token() {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path("/events"))
            .and(query_param("since", "2026-11-21T10:00:00+01:00"))
            .and(header_exists("authorization"))
            .and(header_exists("x-amz-date"))
            .and(header_exists("x-amz-security-token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "events": [] })))
            .expect(1)
            .mount(&server)
            .await;
        let client = ApiClient::new(&server.uri(), None, signing()).unwrap();
        let query = [("since", "2026-11-21T10:00:00+01:00".to_owned())];
        assert_eq!(client.get("events", &query).await.unwrap(), json!({ "events": [] }));
    }

    #[tokio::test]
    async fn a_body_is_sent_and_has_its_part_in_the_signature() {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/alerts/inc_1/feedback"))
            .and(header("content-type", "application/json"))
            .and(wiremock::matchers::body_json(json!({ "why": "x" })))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "changed": true })))
            .expect(2)
            .mount(&server)
            .await;
        let client = ApiClient::new(&server.uri(), None, signing()).unwrap();
        for _ in 0..2 {
            let answer = client.post("alerts/inc_1/feedback", &json!({ "why": "x" })).await.unwrap();
            assert_eq!(answer["changed"], true);
        }
        let signature = async |body: &'static str| {
            let mut request = client.http.post(client.base.clone()).body(body).build().unwrap();
            let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
            add_signature(&mut request, &credentials, "us-east-1".to_owned(), SystemTime::UNIX_EPOCH).await.unwrap();
            request.headers()["authorization"].clone()
        };
        assert_ne!(signature("a").await, signature("b").await);
    }

    #[tokio::test]
    async fn a_post_that_may_have_arrived_is_sent_again_with_its_key() {
        let server = MockServer::start().await;
        let lost = Mock::given(method("POST")).respond_with(ResponseTemplate::new(503));
        lost.up_to_n_times(1).expect(1).mount(&server).await;
        let done = ResponseTemplate::new(200).set_body_json(json!({ "done": true }));
        Mock::given(method("POST")).respond_with(done).expect(2).mount(&server).await;
        let client = ApiClient::new(&server.uri(), None, signing()).unwrap();
        for _ in 0..2 {
            assert_eq!(client.post("remediations/stop", &json!({ "why": "x" })).await.unwrap()["done"], true);
        }
        let requests = server.received_requests().await.unwrap();
        let keys: Vec<_> = requests.iter().map(|request| request.headers["idempotency-key"].clone()).collect();
        assert_eq!((keys[0] == keys[1], keys[1] == keys[2], keys[0].len()), (true, false, 32));
    }

    #[tokio::test]
    async fn what_has_no_key_or_was_refused_is_sent_once() {
        let server = MockServer::start().await;
        Mock::given(method("GET")).respond_with(ResponseTemplate::new(503)).expect(1).mount(&server).await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(409)).expect(1).mount(&server).await;
        let client = ApiClient::new(&server.uri(), None, Signing::Off).unwrap();
        assert!(client.get("events", &[]).await.is_err());
        assert!(client.post("remediations/stop", &json!({})).await.is_err());
    }

    #[tokio::test]
    async fn a_gateway_is_told_which_of_its_apis_is_meant() {
        let server = MockServer::start().await;
        Mock::given(header("host", "a1.execute-api.localhost"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
            .expect(1)
            .mount(&server)
            .await;
        let client = ApiClient::new(&server.uri(), Some("a1.execute-api.localhost"), signing()).unwrap();
        client.get("events", &[]).await.unwrap();
    }

    #[tokio::test]
    async fn who_is_signed_in_sends_his_token() {
        let server = MockServer::start().await;
        Mock::given(header("authorization", "Bearer t0ken"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({})))
            .expect(1)
            .mount(&server)
            .await;
        let client = ApiClient::new(&server.uri(), None, Signing::Token("t0ken".to_owned())).unwrap();
        client.get("events", &[]).await.unwrap();
    }

    #[tokio::test]
    async fn a_problem_document_is_told_in_full() {
        let server = MockServer::start().await;
        let problem = json!({
            "title": "x", "status": 400, "detail": "limit cannot be \"0\"",
            "errors": [{ "parameter": "limit", "problem": "cannot be \"0\"", "allowed": "1 to 100" }],
        });
        Mock::given(path("/events"))
            .respond_with(ResponseTemplate::new(400).set_body_json(problem))
            .mount(&server)
            .await;
        let client = ApiClient::new(&server.uri(), None, Signing::Off).unwrap();
        let error = client.get("events", &[]).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "the API answered 400 Bad Request: limit cannot be \"0\"\n  limit cannot be \"0\"; allowed: 1 to 100"
        );
    }

    #[tokio::test]
    async fn a_refusal_says_what_the_caller_needs() {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(403).set_body_json(json!({ "message": "Forbidden" }));
        Mock::given(path("/events")).respond_with(template).mount(&server).await;
        let client = ApiClient::new(&server.uri(), None, Signing::Off).unwrap();
        let error = client.get("events", &[]).await.unwrap_err().to_string();
        assert!(error.contains("Forbidden") && error.contains("execute-api:Invoke"), "{error}");
    }

    #[test]
    fn the_region_is_read_from_the_address() {
        let region = |url: &str| region_in(&url.parse().unwrap());
        assert_eq!(region("https://a1.execute-api.eu-west-1.amazonaws.com/").as_deref(), Some("eu-west-1"));
        assert_eq!(region("http://localhost:4566/"), None);
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for address in ["", "localhost", "ftp://example.com", "mailto:x"] {
            assert!(ApiClient::new(address, None, Signing::Off).is_err(), "{address}");
        }
    }
}
