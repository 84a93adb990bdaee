//! What Terraform tells this function.

use std::str::FromStr;

use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::identity::Trust;

/// Who proves callers to be whom they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// This function, by the token that a connection is opened with.
    Jwt,
    /// API Gateway, by the signature.
    Iam,
    /// Nobody: for try-outs.
    Nobody,
}

impl FromStr for Authorization {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "JWT" => Ok(Self::Jwt),
            "AWS_IAM" => Ok(Self::Iam),
            "NONE" => Ok(Self::Nobody),
            other => Err(format!("{other:?} is none of JWT, AWS_IAM or NONE")),
        }
    }
}

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `INCIDENTS_TABLE`: what snapshots are read from.
    pub incidents_table: String,
    /// `LIVE_TABLE`: connections and recent deltas.
    pub live_table: String,
    /// `LIVE_ENDPOINT`: where frames are posted to.
    pub endpoint: String,
    pub authorization: Authorization,
    /// `TOKEN_ISSUER` and `TOKEN_CLIENTS` (separated by commas), with `JWT`.
    pub trust: Trust,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let authorization = env.parsed_or("API_AUTHORIZATION", Authorization::Jwt);
        let by_token = authorization == Authorization::Jwt;
        let mut of_tokens = |name: &str| if by_token { env.required(name) } else { String::new() };
        let issuer = of_tokens("TOKEN_ISSUER");
        let clients = of_tokens("TOKEN_CLIENTS").split(',').map(str::to_owned).collect();
        let settings = Self {
            incidents_table: env.required("INCIDENTS_TABLE"),
            live_table: env.required("LIVE_TABLE"),
            endpoint: env.required("LIVE_ENDPOINT"),
            authorization,
            trust: Trust { issuer, clients },
        };
        env.finish(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let error = Settings::read(Environment::from_lookup(|_| None)).unwrap_err().to_string();
        for variable in ["INCIDENTS_TABLE", "LIVE_TABLE", "LIVE_ENDPOINT", "TOKEN_ISSUER", "TOKEN_CLIENTS"] {
            assert!(error.contains(variable), "{error}");
        }
    }

    #[test]
    fn without_tokens_nothing_is_said_of_their_issuer() {
        let lookup = |name: &str| match name {
            "API_AUTHORIZATION" => Some("AWS_IAM".to_owned()),
            "TOKEN_ISSUER" | "TOKEN_CLIENTS" => None,
            name => Some(name.to_lowercase()),
        };
        assert_eq!(Settings::read(Environment::from_lookup(lookup)).unwrap().authorization, Authorization::Iam);
    }
}
