//! The calls of Amazon Cognito that a sign-in makes. They carry no AWS credentials, so that no SDK is needed.

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A user pool's public client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    pub endpoint: String,
    pub client_id: String,
}

/// What Cognito says to a step of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Tokens {
        access_token: String,
        access_until: Timestamp,
        refresh_token: Option<String>,
    },
    /// It asks for something more, such as `NEW_PASSWORD_REQUIRED`.
    Challenge {
        name: String,
        session: String,
    },
}

impl Pool {
    pub async fn sign_in(&self, http: &Client, user: &str, password: &str, now: Timestamp) -> anyhow::Result<Answer> {
        let parameters = json!({ "USERNAME": user, "PASSWORD": password });
        let body =
            json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.client_id, "AuthParameters": parameters });
        read(&self.call(http, "InitiateAuth", &body).await?, now)
    }

    /// Answers a challenge with the value that it asks for.
    pub async fn respond(
        &self,
        http: &Client,
        user: &str,
        challenge: (&str, &str),
        value: &str,
        now: Timestamp,
    ) -> anyhow::Result<Answer> {
        let (name, session) = challenge;
        let asked = match name {
            "NEW_PASSWORD_REQUIRED" => "NEW_PASSWORD",
            "SOFTWARE_TOKEN_MFA" => "SOFTWARE_TOKEN_MFA_CODE",
            other => bail!("the sign-in asks for {other}, which nightjar cannot answer"),
        };
        let body = json!({
            "ChallengeName": name, "ClientId": self.client_id, "Session": session,
            "ChallengeResponses": { "USERNAME": user, asked: value },
        });
        read(&self.call(http, "RespondToAuthChallenge", &body).await?, now)
    }

    pub async fn refresh(&self, http: &Client, refresh_token: &str, now: Timestamp) -> anyhow::Result<Answer> {
        let parameters = json!({ "REFRESH_TOKEN": refresh_token });
        let body =
            json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": self.client_id, "AuthParameters": parameters });
        let answer = self.call(http, "InitiateAuth", &body).await.context("the sign-in has ended: nightjar login")?;
        read(&answer, now)
    }

    /// Ends the refresh token and every access token that it gave.
    pub async fn revoke(&self, http: &Client, refresh_token: &str) -> anyhow::Result<()> {
        let body = json!({ "ClientId": self.client_id, "Token": refresh_token });
        self.call(http, "RevokeToken", &body).await.map(|_| ())
    }

    async fn call(&self, http: &Client, action: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = http
            .post(&self.endpoint)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{action}"))
            .body(body.to_string())
            .send()
            .await
            .with_context(|| format!("{} cannot be reached", self.endpoint))?;
        let status = answer.status();
        let text = answer.text().await?;
        let body: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_default() };
        if status.is_success() {
            return Ok(body);
        }
        let kind = body["__type"].as_str().and_then(|kind| kind.rsplit('#').next()).unwrap_or("no reason");
        bail!("Cognito refuses ({kind}): {}", body["message"].as_str().unwrap_or("it does not say why"))
    }
}

fn read(answer: &Value, now: Timestamp) -> anyhow::Result<Answer> {
    if let Some(name) = answer["ChallengeName"].as_str() {
        let session = answer["Session"].as_str().unwrap_or_default().to_owned();
        return Ok(Answer::Challenge { name: name.to_owned(), session });
    }
    let result = &answer["AuthenticationResult"];
    let access_token = result["AccessToken"].as_str().context("Cognito answers without a token")?.to_owned();
    let seconds = result["ExpiresIn"].as_i64().unwrap_or(300).clamp(0, 86_400);
    let access_until = now.checked_add(SignedDuration::from_secs(seconds))?;
    Ok(Answer::Tokens { access_token, access_until, refresh_token: result["RefreshToken"].as_str().map(str::to_owned) })
}
