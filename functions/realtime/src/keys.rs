//! The user pool's public keys: fetched when they are first needed, kept while they serve.

use std::time::Duration;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::identity::{Claims, KeySet, Refusal, Trust};
use tokio::sync::Mutex;

const TIMEOUT: Duration = Duration::from_secs(5);
/// A token may name a key that is newer than ours; somebody who makes key ids up must not make us ask again and again.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// Verifies tokens.
#[derive(Debug)]
pub struct Keys {
    trust: Trust,
    url: String,
    http: reqwest::Client,
    kept: Mutex<Option<(KeySet, Timestamp)>>,
}

impl Keys {
    /// `endpoint` replaces the host of the issuer's keys.
    pub fn new(trust: Trust, endpoint: Option<&str>) -> anyhow::Result<Self> {
        // Fails only where a provider is installed already, which then serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
        let issuer = match (endpoint, trust.issuer.rsplit_once('/')) {
            (Some(endpoint), Some((_, pool))) => format!("{}/{pool}", endpoint.trim_end_matches('/')),
            _ => trust.issuer.clone(),
        };
        Ok(Self { trust, url: format!("{issuer}/.well-known/jwks.json"), http, kept: Mutex::default() })
    }

    /// The claims of a genuine token and their end, or why it does not count. An error is one of the keys' server.
    pub async fn verify(&self, token: &str, now: Timestamp) -> anyhow::Result<Result<(Claims, Timestamp), Refusal>> {
        let mut kept = self.kept.lock().await;
        let (keys, fetched_at) = match kept.take() {
            Some(kept) => kept,
            None => (self.fetch().await?, now),
        };
        let answer = self.trust.verify(token, &keys, now);
        let (keys, fetched_at, answer) = match answer {
            Err(Refusal::UnknownKey(_)) if now.duration_since(fetched_at) >= AGAIN_AFTER => {
                *kept = Some((keys, fetched_at));
                let keys = self.fetch().await?;
                let answer = self.trust.verify(token, &keys, now);
                (keys, now, answer)
            }
            answer => (keys, fetched_at, answer),
        };
        *kept = Some((keys, fetched_at));
        Ok(answer)
    }

    async fn fetch(&self) -> anyhow::Result<KeySet> {
        let what = || format!("the user pool's keys at {}", self.url);
        let answer = self.http.get(&self.url).send().await.and_then(reqwest::Response::error_for_status);
        let document = answer.with_context(what)?.bytes().await.with_context(what)?;
        KeySet::parse(&document).with_context(what)
    }
}
