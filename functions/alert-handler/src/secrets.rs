//! What channels need to know and nobody may read: taken from the environment, or from SSM Parameter Store by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::routing::{Channel, SecretRef};
use serde_json::json;

use crate::aws_call::{AwsCaller, CallError};

/// How long a parameter is not read again: a rotated key is used that much later at most.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// A value, or where it is.
#[derive(Clone)]
pub struct Secret(Source);

#[derive(Clone)]
enum Source {
    Known(String),
    Parameter(String),
}

impl Secret {
    /// The value, if it need not be asked for.
    pub(crate) fn known(&self) -> Option<&str> {
        match &self.0 {
            Source::Known(value) => Some(value),
            Source::Parameter(_) => None,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Known(_) => f.write_str("(set)"),
            Source::Parameter(name) => write!(f, "ssm:{name}"),
        }
    }
}

/// Parameters that were read, with when.
#[derive(Default)]
pub struct Secrets {
    read: Mutex<BTreeMap<String, (Timestamp, String)>>,
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
            match reference {
                SecretRef::Ssm(name) => found.push((field, Secret(Source::Parameter(name.clone())))),
                SecretRef::Env(name) => match env(name).filter(|value| !value.is_empty()) {
                    Some(value) => found.push((field, Secret(Source::Known(value)))),
                    // A key to change to is there only while keys are changed.
                    None if field == "next_secret" => {}
                    None => missing.push(name.as_str()),
                },
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
    ) -> Result<Named<String>, CallError> {
        let mut values = Vec::with_capacity(secrets.len());
        for (field, secret) in secrets {
            let value = match &secret.0 {
                Source::Known(value) => value.clone(),
                Source::Parameter(name) => self.parameter(name, aws, http, now).await?,
            };
            values.push((*field, value));
        }
        Ok(values)
    }

    async fn parameter(
        &self,
        name: &str,
        aws: &AwsCaller,
        http: &reqwest::Client,
        now: Timestamp,
    ) -> Result<String, CallError> {
        let known = self.read.lock().ok().and_then(|read| read.get(name).cloned());
        if let Some((_, value)) = known.filter(|(at, _)| now.duration_since(*at) < KEPT) {
            return Ok(value);
        }
        let request = json!({ "Name": name, "WithDecryption": true });
        let answer = aws.json(http, "ssm", "AmazonSSM.GetParameter", &request).await?;
        let value = answer["Parameter"]["Value"].as_str().unwrap_or_default().to_owned();
        if let Ok(mut read) = self.read.lock() {
            read.insert(name.to_owned(), (now, value.clone()));
        }
        Ok(value)
    }
}
