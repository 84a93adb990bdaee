//! Who is signed in to which API: tokens of the user pool, kept in the OS's configuration folder for their owner alone.

mod cognito;
mod store;

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use cognito::{Answer, Pool};
pub use store::Store;

/// A token that ends sooner is renewed before it is used.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Somebody's sign-in to one API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user: String,
    pub pool: Pool,
    pub access_token: String,
    pub access_until: Timestamp,
    pub refresh_token: String,
}

impl Session {
    /// A token that serves for at least another minute, and whether it had to be renewed for that.
    pub async fn token(&mut self, http: &Client, now: Timestamp) -> anyhow::Result<bool> {
        if now.checked_add(MARGIN).is_ok_and(|soon| soon < self.access_until) {
            return Ok(false);
        }
        match self.pool.refresh(http, &self.refresh_token, now).await? {
            Answer::Tokens { access_token, access_until, refresh_token } => {
                self.access_token = access_token;
                self.access_until = access_until;
                if let Some(token) = refresh_token {
                    self.refresh_token = token;
                }
                Ok(true)
            }
            Answer::Challenge { name, .. } => bail!("the sign-in asks for {name} again: nightjar login"),
        }
    }
}

/// Where an API's users sign in, as the API itself says.
pub async fn pool_of(http: &Client, api: &str, host: Option<&str>) -> anyhow::Result<Pool> {
    let url: Url =
        format!("{}/config.json", api.trim_end_matches('/')).parse().context("that is no address of an API")?;
    let mut request = http.get(url.clone());
    if let Some(host) = host {
        request = request.header(reqwest::header::HOST, host);
    }
    let answer = request.send().await.with_context(|| format!("{url} cannot be reached"))?;
    let config: Value =
        answer.error_for_status()?.json().await.with_context(|| format!("{url} is no configuration"))?;
    let auth = &config["auth"];
    if auth["mode"] != "cognito" {
        bail!("this API has no users: it takes AWS signatures, or nothing (api_authorization)");
    }
    serde_json::from_value(auth.clone()).with_context(|| format!("{url} does not say where to sign in"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wiremock::matchers::{body_partial_json, header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn session(endpoint: String, until: &str) -> Session {
        Session {
            user: "ops@example.com".to_owned(),
            pool: Pool { endpoint, client_id: "c1".to_owned() },
            access_token: "old".to_owned(),
            access_until: until.parse().unwrap(),
            refresh_token: "r1".to_owned(),
        }
    }

    fn http() -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::new()
    }

    async fn cognito(action: &str, request: Value, status: u16, answer: Value) -> MockServer {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(header("x-amz-target", format!("AWSCognitoIdentityProviderService.{action}")))
            .and(body_partial_json(request))
            .respond_with(ResponseTemplate::new(status).set_body_json(answer))
            .mount(&server)
            .await;
        server
    }

    #[tokio::test]
    async fn a_token_is_renewed_before_it_ends_and_not_sooner() {
        let answer = json!({ "AuthenticationResult": { "AccessToken": "new", "ExpiresIn": 3600 } });
        let request = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": "r1" } });
        let server = cognito("InitiateAuth", request, 200, answer).await;
        let mut fresh = session(server.uri(), "2026-11-21T10:05:00Z");
        assert!(!fresh.token(&http(), now()).await.unwrap() && fresh.access_token == "old");
        let mut stale = session(server.uri(), "2026-11-21T10:00:30Z");
        assert!(stale.token(&http(), now()).await.unwrap());
        assert_eq!((stale.access_token.as_str(), stale.refresh_token.as_str()), ("new", "r1"));
        assert_eq!(stale.access_until, "2026-11-21T11:00:00Z".parse().unwrap());
    }

    #[tokio::test]
    async fn a_sign_in_that_has_ended_says_what_to_do() {
        let answer = json!({ "__type": "NotAuthorizedException", "message": "Refresh Token has been revoked" });
        let server = cognito("InitiateAuth", json!({}), 400, answer).await;
        let error = session(server.uri(), "2026-11-21T09:00:00Z").token(&http(), now()).await.unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("nightjar login") && text.contains("NotAuthorizedException"), "{text}");
    }

    #[tokio::test]
    async fn a_temporary_password_is_replaced() {
        let answer = json!({ "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s1" });
        let server = cognito("InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH" }), 200, answer).await;
        let pool = Pool { endpoint: server.uri(), client_id: "c1".to_owned() };
        let asked = pool.sign_in(&http(), "a@example.com", "temporary", now()).await.unwrap();
        assert_eq!(asked, Answer::Challenge { name: "NEW_PASSWORD_REQUIRED".to_owned(), session: "s1".to_owned() });
        let tokens = json!({ "AuthenticationResult": { "AccessToken": "a", "RefreshToken": "r", "ExpiresIn": 3600 } });
        let request = json!({ "Session": "s1", "ChallengeResponses": { "NEW_PASSWORD": "better" } });
        let server = cognito("RespondToAuthChallenge", request, 200, tokens).await;
        let pool = Pool { endpoint: server.uri(), ..pool };
        let challenge = ("NEW_PASSWORD_REQUIRED", "s1");
        let answer = pool.respond(&http(), "a@example.com", challenge, "better", now()).await.unwrap();
        assert!(matches!(answer, Answer::Tokens { refresh_token: Some(token), .. } if token == "r"));
        let unknown = pool.respond(&http(), "a@example.com", ("SMS_MFA", "s1"), "1", now()).await.unwrap_err();
        assert!(unknown.to_string().contains("SMS_MFA"));
    }

    #[tokio::test]
    async fn the_api_says_where_to_sign_in() {
        let server = MockServer::start().await;
        let auth = json!({ "mode": "cognito", "endpoint": "https://c/", "client_id": "c1", "user_pool_id": "p" });
        Mock::given(path("/config.json"))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "auth": auth })))
            .mount(&server)
            .await;
        let pool = pool_of(&http(), &format!("{}/", server.uri()), None).await.unwrap();
        assert_eq!(pool, Pool { endpoint: "https://c/".to_owned(), client_id: "c1".to_owned() });
    }

    #[test]
    fn a_sign_in_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("nightjar/sessions.json"));
        assert_eq!(store.get("https://a").unwrap(), None);
        let session = session("https://c/".to_owned(), "2026-11-21T10:05:00Z");
        store.put("https://a/", session.clone()).unwrap();
        store.put("https://b", session.clone()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(store.path()).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(store.get("https://a").unwrap(), Some(session.clone()));
        assert_eq!(store.remove("https://a").unwrap(), Some(session));
        assert_eq!((store.get("https://a").unwrap(), store.get("https://b").unwrap().is_some()), (None, true));
        std::fs::write(store.path(), "{").unwrap();
        assert!(store.get("https://a").unwrap_err().to_string().contains("remove it and sign in again"));
    }
}
