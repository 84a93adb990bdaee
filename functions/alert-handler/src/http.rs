//! Posting, and what an answer means.

use std::error::Error;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};

use crate::settings::Endpoint;

/// One attempt, from connecting to the end of the answer. Trying again is the schedule's part.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longer answers are not read as an error code.
const LONGEST_CODE: usize = 60;

/// What is to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub endpoint: Endpoint,
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// Why a post was not taken. The URL is never told: its path is a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("{host} cannot be reached: {problem}")]
    Unreachable { host: String, problem: String },
    #[error("{host} takes no more for now ({status}){}", wait(.retry_after.as_deref()))]
    Throttled { host: String, status: StatusCode, retry_after: Option<String> },
    #[error("{host} failed ({status}){}", wait(.retry_after.as_deref()))]
    Failed { host: String, status: StatusCode, retry_after: Option<String> },
    #[error("{host} refuses it ({status}){}: a retry helps only after the URL or the receiver is mended", saying(.code.as_deref()))]
    Refused { host: String, status: StatusCode, code: Option<String> },
    #[error("{host} says that it is gone for good (410): nothing more is sent there")]
    Gone { host: String },
    #[error("{host} answers {code}: nothing was posted")]
    Declined { host: String, code: String },
    #[error("{host} does not take the mail: {problem}")]
    Mail { host: String, problem: String },
    #[error("{host} redirects ({status}), which is not followed: set the final URL")]
    Redirected { host: String, status: StatusCode },
}

impl SendError {
    /// How long the other side asks to wait, in seconds or until a date (RFC 9110, 10.2.3).
    pub fn retry_after(&self, now: Timestamp) -> Option<SignedDuration> {
        let (Self::Throttled { retry_after, .. } | Self::Failed { retry_after, .. }) = self else { return None };
        let text = retry_after.as_deref()?.trim();
        if let Ok(seconds) = text.parse::<u32>() {
            return Some(SignedDuration::from_secs(i64::from(seconds)));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(date.duration_since(now)).filter(SignedDuration::is_positive)
    }
}

fn wait(retry_after: Option<&str>) -> String {
    match retry_after {
        Some(seconds) if seconds.bytes().all(|b| b.is_ascii_digit()) => format!(" and asks to wait {seconds} s"),
        Some(date) => format!(" and asks to wait until {date}"),
        None => String::new(),
    }
}

fn saying(code: Option<&str>) -> String {
    code.map(|code| format!(" saying {code}")).unwrap_or_default()
}

/// The client that all channels share.
pub fn client() -> Result<Client, reqwest::Error> {
    // Fails only where a provider is installed already, which then serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("nightjar/", env!("CARGO_PKG_VERSION")))
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would carry the payload to a host that nobody set.
        .redirect(redirect::Policy::none())
        .build()
}

/// Posts once.
pub async fn send(client: &Client, post: Post) -> Result<(), SendError> {
    exchange(client, post).await.map(drop)
}

/// Posts once, and returns what was answered.
pub(crate) async fn ask(client: &Client, post: Post) -> Result<String, SendError> {
    let host = post.endpoint.host().to_owned();
    let answer = exchange(client, post).await?;
    answer.text().await.map_err(|error| SendError::Unreachable { host, problem: chain(&error.without_url()) })
}

async fn exchange(client: &Client, post: Post) -> Result<Response, SendError> {
    let host = post.endpoint.host().to_owned();
    let mut request = client.post(post.endpoint.url().clone()).header(CONTENT_TYPE, "application/json").body(post.body);
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(answer) => classify(host, answer).await,
        Err(error) => Err(SendError::Unreachable { host, problem: chain(&error.without_url()) }),
    }
}

async fn classify(host: String, answer: Response) -> Result<Response, SendError> {
    let status = answer.status();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if status.is_success() {
        Ok(answer)
    } else if status == StatusCode::TOO_MANY_REQUESTS {
        Err(SendError::Throttled { host, status, retry_after })
    } else if status.is_server_error() {
        Err(SendError::Failed { host, status, retry_after })
    } else if status == StatusCode::GONE {
        Err(SendError::Gone { host })
    } else if status.is_redirection() {
        Err(SendError::Redirected { host, status })
    } else {
        Err(SendError::Refused { host, status, code: error_code(answer).await })
    }
}

/// Slack answers with one word, such as `invalid_token`. Anything else may repeat what was posted, and is not told.
async fn error_code(answer: Response) -> Option<String> {
    answer.text().await.ok().filter(|text| is_code(text))
}

/// Whether a text is one of the words by which Slack names an error.
pub(crate) fn is_code(text: &str) -> bool {
    (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// The error and what caused it: reqwest's own text names neither a timeout nor a refused connection.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
