//! An access token of the user pool: a JWT (RFC 7519) signed with RS256, the one algorithm that Cognito uses.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;

use super::Claims;

/// Cognito's tokens have about 1 KB.
const LONGEST_TOKEN: usize = 8192;
/// Seconds that two clocks may differ.
const LEEWAY: i64 = 5;

/// The user pool's public keys, by their id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(BTreeMap<String, RsaKey>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// The document is no set of keys.
#[derive(Debug, thiserror::Error)]
#[error("the key set cannot be read: {0}")]
pub struct KeySetError(#[from] serde_json::Error);

#[derive(Deserialize)]
struct Document {
    keys: Vec<DocumentKey>,
}

#[derive(Deserialize)]
struct DocumentKey {
    kid: String,
    kty: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

impl KeySet {
    /// Reads a JWK set (RFC 7517). Keys of other kinds are left out.
    pub fn parse(document: &[u8]) -> Result<Self, KeySetError> {
        let document: Document = serde_json::from_slice(document)?;
        let keys = document.keys.into_iter().filter(|key| key.kty == "RSA").filter_map(|key| {
            let modulus = URL_SAFE_NO_PAD.decode(key.n.trim_end_matches('=')).ok()?;
            let exponent = URL_SAFE_NO_PAD.decode(key.e.trim_end_matches('=')).ok()?;
            Some((key.kid, RsaKey { modulus, exponent }))
        });
        Ok(Self(keys.collect()))
    }
}

/// Whose tokens count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The user pool: the claim `iss`.
    pub issuer: String,
    /// Its clients: one of them is the claim `client_id`.
    pub clients: Vec<String>,
}

/// Why a token does not count. What is wrong with it is for the log; the caller learns that it is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is no JWT")]
    Malformed,
    #[error("it is not signed with RS256")]
    Algorithm,
    #[error("its key {0:?} is none of the user pool's")]
    UnknownKey(String),
    #[error("its signature is not genuine")]
    Forged,
    #[error("it is of another user pool or client")]
    Foreign,
    #[error("it has expired")]
    Expired,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    exp: i64,
    #[serde(default)]
    token_use: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default, rename = "cognito:groups")]
    groups: Vec<String>,
    #[serde(default)]
    scope: String,
}

impl Trust {
    /// The claims of a genuine token that is still valid, and until when it is.
    pub fn verify(&self, token: &str, keys: &KeySet, now: Timestamp) -> Result<(Claims, Timestamp), Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let header: Header = part(header)?;
        if header.alg != "RS256" {
            return Err(Refusal::Algorithm);
        }
        let key = keys.0.get(&header.kid).ok_or_else(|| Refusal::UnknownKey(header.kid.chars().take(60).collect()))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::Malformed)?;
        RsaPublicKeyComponents { n: &key.modulus, e: &key.exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
            .map_err(|_| Refusal::Forged)?;
        let payload: Payload = part(payload)?;
        let is_ours = payload.client_id.as_ref().is_some_and(|client| self.clients.contains(client));
        if payload.iss != self.issuer || !is_ours {
            return Err(Refusal::Foreign);
        }
        let until = Timestamp::from_second(payload.exp).map_err(|_| Refusal::Malformed)?;
        if payload.exp + LEEWAY <= now.as_second() {
            return Err(Refusal::Expired);
        }
        let claims = Claims {
            token_use: payload.token_use,
            username: payload.username,
            client_id: payload.client_id,
            groups: payload.groups,
            scopes: payload.scope.split(' ').map(str::to_owned).collect(),
        };
        Ok((claims, until))
    }
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}
