//! The configuration that every AWS client is built from, and the one way to the network that all of them share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::settings::Environment;

/// One attempt of one call. CloudWatch and Logs answer within seconds; a hung connection must not eat the function's
/// whole time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Attempts of one call, the first included, with exponential back-off between them.
const ATTEMPTS: u32 = 4;
/// Before the second attempt of what is wanted at once, and before any later one, at the most.
const PROMPT_BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));

/// HTTPS on the machine's roots, made with the first call: to read a hundred certificates takes longer than all else at start. Clones
/// share it with its connections.
#[derive(Debug, Clone, Default)]
pub struct Https(Arc<OnceLock<SharedHttpConnector>>);

impl Https {
    fn connector(&self) -> &SharedHttpConnector {
        self.0.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
            let tls = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
            SharedHttpConnector::new(Connector::builder().connector_settings(settings).tls_provider(tls).build())
        })
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.connector().call(request)
    }
}

/// Whatever an SDK's client asks for, it gets the one connector. (The SDKs' own client would read all certificates once for each
/// client that is built.)
impl HttpClient for Https {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// What Lambda tells a function: region and credentials in its environment, which is all that it can have. Called once, before the
/// first event. (The chain of profiles, roles and metadata services that [`loader`] goes through is for people's machines, and would
/// be a tenth of a package.)
#[allow(clippy::unused_async, reason = "callers await it like the loader, whose place it takes")]
pub async fn load() -> SdkConfig {
    load_over(Https::default())
}

/// The same over a connection that others use too.
pub fn load_over(https: Https) -> SdkConfig {
    let environment = Environment::process();
    let is_on = |name: &str| environment.optional(name).map(|value| value.eq_ignore_ascii_case("true"));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .region(environment.optional("AWS_REGION").map(Region::new))
        .http_client(https)
        .retry_config(retries())
        .timeout_config(timeouts());
    config.set_endpoint_url(environment.optional("AWS_ENDPOINT_URL"));
    config.set_use_fips(is_on("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(is_on("AWS_USE_DUALSTACK_ENDPOINT"));
    config.build()
}

/// The loader with the house's defaults, for callers that set a region or profile.
pub fn loader() -> aws_config::ConfigLoader {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Https::default())
        .retry_config(retries())
        .timeout_config(timeouts())
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build()
}

/// The same for clients that read what somebody waits for, and whose failure is a named gap: as many attempts, within some two seconds
/// instead of seven.
pub fn prompt(config: &SdkConfig) -> SdkConfig {
    let (first, longest) = PROMPT_BACKOFF;
    let retries =
        RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(first).with_max_backoff(longest);
    config.to_builder().retry_config(retries).build()
}
