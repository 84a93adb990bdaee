//! What channels need to know and nobody may read: taken from the environment, from SSM Parameter Store or from Secrets Manager.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::routing::{Channel, SecretRef};
use serde_json::{Value, json};

use crate::aws_call::{AwsCaller, CallError};

/// How long what was read is not read again: a rotated key is used that much later at most.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// A value, or where it is.
#[derive(Clone)]
pub struct Secret(Source);

#[derive(Clone)]
enum Source {
    Known(String),
    Kept(Place),
}

/// Where a value is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A parameter's name.
    Ssm(String),
    /// A secret's name or ARN, and the member of the JSON object that it is.
    SecretsManager(String, Option<String>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssm(name) => write!(f, "ssm:{name}"),
            Self::SecretsManager(name, None) => write!(f, "secretsmanager:{name}"),
            Self::SecretsManager(name, Some(key)) => write!(f, "secretsmanager:{name}#{key}"),
        }
    }
}

/// A value could not be read. Nothing of it is told.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("{place}: {problem}")]
    Call { place: String, problem: CallError },
    #[error("{0} holds no text: store the value as a string, and name a member of a JSON object with #member")]
    NoText(String),
}

impl Secret {
    /// What a reference leads to; `None` where it is an environment variable that is not set.
    fn of(reference: &SecretRef, env: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self(match reference {
            SecretRef::Ssm(name) => Source::Kept(Place::Ssm(name.clone())),
            SecretRef::SecretsManager(name) => Source::Kept(match name.rsplit_once('#') {
                Some((name, key)) => Place::SecretsManager(name.to_owned(), Some(key.to_owned())),
                None => Place::SecretsManager(name.clone(), None),
            }),
            SecretRef::Env(name) => {
                let value = env(name).filter(|value| !value.is_empty())?;
                // Terraform keeps the values elsewhere, and tells the function where.
                match SecretRef::parse(&value) {
                    Some(elsewhere) => return Self::of(&elsewhere, env),
                    None => Source::Known(value),
                }
            }
        }))
    }

    /// The value, if it need not be asked for.
    pub(crate) fn known(&self) -> Option<&str> {
        match &self.0 {
            Source::Known(value) => Some(value),
            Source::Kept(_) => None,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Known(_) => f.write_str("(set)"),
            Source::Kept(place) => write!(f, "{place}"),
        }
    }
}

/// Values that were read, with when.
#[derive(Default)]
pub struct Secrets {
    read: Mutex<BTreeMap<Place, (Timestamp, String)>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Values by the name of their field.
type Named<T> = Vec<(&'static str, T)>;

impl Secrets {
    /// What `channel` needs. `Ok(None)`: none of its environment variables is set, so that it is not set up.
    pub(crate) fn collect(
        channel: &Channel,
        env: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Named<Secret>>, String> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for (field, reference) in channel.secrets() {
            match Secret::of(reference, env) {
                Some(secret) => found.push((field, secret)),
                // A key to change to is there only while keys are changed.
                None if field == "next_secret" => {}
                None => missing.push(reference.name()),
            }
        }
        match (found.is_empty(), missing.is_empty()) {
            (_, true) => Ok(Some(found)),
            (true, false) => Ok(None),
            (false, false) => Err(format!("{} is not set, though the channel's other values are", missing.join(", "))),
        }
    }

    /// The values, asking for those that are not known or were read too long ago.
    pub(crate) async fn resolve(
        &self,
        secrets: &[(&'static str, Secret)],
        aws: &AwsCaller,
        http: &reqwest::Client,
        now: Timestamp,
    ) -> Result<Named<String>, SecretError> {
        let mut values = Vec::with_capacity(secrets.len());
        for (field, secret) in secrets {
            let value = match &secret.0 {
                Source::Known(value) => value.clone(),
                Source::Kept(place) => self.kept(place, aws, http, now).await?,
            };
            values.push((*field, value));
        }
        Ok(values)
    }

    /// Has the values read again when they are needed next.
    pub(crate) fn forget(&self, secrets: &[(&'static str, Secret)]) {
        let Ok(mut read) = self.read.lock() else { return };
        for (_, secret) in secrets {
            if let Source::Kept(place) = &secret.0 {
                read.remove(place);
            }
        }
    }

    async fn kept(
        &self,
        place: &Place,
        aws: &AwsCaller,
        http: &reqwest::Client,
        now: Timestamp,
    ) -> Result<String, SecretError> {
        let known = self.read.lock().ok().and_then(|read| read.get(place).cloned());
        if let Some((_, value)) = known.filter(|(at, _)| now.duration_since(*at) < KEPT) {
            return Ok(value);
        }
        let value = fetch(place, aws, http).await?;
        if let Ok(mut read) = self.read.lock() {
            read.insert(place.clone(), (now, value.clone()));
        }
        Ok(value)
    }
}

async fn fetch(place: &Place, aws: &AwsCaller, http: &reqwest::Client) -> Result<String, SecretError> {
    let failed = |problem: CallError| SecretError::Call { place: place.to_string(), problem };
    let value = match place {
        Place::Ssm(name) => {
            let request = json!({ "Name": name, "WithDecryption": true });
            let answer = aws.json(http, "ssm", "AmazonSSM.GetParameter", &request).await.map_err(failed)?;
            answer["Parameter"]["Value"].as_str().map(str::to_owned)
        }
        Place::SecretsManager(name, key) => {
            let request = json!({ "SecretId": name });
            let answer =
                aws.json(http, "secretsmanager", "secretsmanager.GetSecretValue", &request).await.map_err(failed)?;
            let text = answer["SecretString"].as_str();
            match key {
                None => text.map(str::to_owned),
                Some(key) => text.and_then(|text| member(text, key)),
            }
        }
    };
    value.filter(|value| !value.is_empty()).ok_or_else(|| SecretError::NoText(place.to_string()))
}

fn member(text: &str, key: &str) -> Option<String> {
    let object: Value = serde_json::from_str(text).ok()?;
    object.get(key)?.as_str().map(str::to_owned)
}
