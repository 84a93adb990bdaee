//! The configuration that every AWS client is built from.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::{Builder, tls};

/// One attempt of one call. CloudWatch and Logs answer within seconds; a hung connection must not eat the function's
/// whole time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Attempts of one call, the first included, with exponential back-off between them.
const ATTEMPTS: u32 = 4;
/// Before the second attempt of what is wanted at once, and before any later one, at the most.
const PROMPT_BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(1));

/// Loads region, credentials and endpoint from the environment. Called once, before the first event.
pub async fn load() -> SdkConfig {
    loader().load().await
}

/// The loader with the house's defaults, for callers that set a region or profile.
pub fn loader() -> aws_config::ConfigLoader {
    let http = Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .build(),
        )
}

/// The same for clients that read what somebody waits for, and whose failure is a named gap: as many attempts, within some two seconds
/// instead of seven.
pub fn prompt(config: &SdkConfig) -> SdkConfig {
    let (first, longest) = PROMPT_BACKOFF;
    let retries =
        RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(first).with_max_backoff(longest);
    config.to_builder().retry_config(retries).build()
}
