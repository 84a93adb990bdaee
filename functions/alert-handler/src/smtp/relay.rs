//! Where mail is handed over.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::settings::{Unusable, is_loopback};

/// When the conversation is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// From the first byte.
    Tls,
    /// Before anything is said that matters; without it nothing is.
    StartTls,
    /// Never: on this machine alone.
    None,
}

/// A relay. Its user and password are never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Relay {
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<(String, String)>,
}

impl Relay {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.encryption == Encryption::Tls
    }

    pub(super) fn wants_starttls(&self) -> bool {
        self.encryption == Encryption::StartTls
    }

    /// User and password.
    pub(super) fn login(&self) -> Option<(&str, &str)> {
        self.login.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }
}

impl FromStr for Relay {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: Unusable = Unusable("must be smtps://user:password@host:465 or smtp://user:password@host:587");
        let url: Url = text.parse().map_err(|_| FORM)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let encryption = match (url.scheme(), url.query()) {
            ("smtps", None) => Encryption::Tls,
            ("smtp", None) if is_loopback(&url) => Encryption::None,
            ("smtp", None | Some("tls=required")) => Encryption::StartTls,
            ("smtp" | "smtps", Some(_)) => {
                return Err(Unusable(
                    "takes no parameter but tls=required, which is the default for any other machine",
                ));
            }
            _ => return Err(FORM),
        };
        let port = url.port().unwrap_or(if encryption == Encryption::Tls { 465 } else { 587 });
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| FORM);
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None) => {
                return Err(Unusable(
                    "has a user or a password alone: both belong into it, percent-encoded, or neither",
                ));
            }
            (user, Some(password)) => Some((decoded(user)?, decoded(password)?)),
        };
        Ok(Self { host, port, encryption, login })
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({}:{}, {:?})", self.host, self.port, self.encryption)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::tls("smtps://user:p%40ss@mail.example.com:465", Some((Encryption::Tls, 465)))]
    #[case::starttls("smtp://user:pass@mail.example.com", Some((Encryption::StartTls, 587)))]
    #[case::starttls_said("smtp://mail.example.com:25?tls=required", Some((Encryption::StartTls, 25)))]
    #[case::this_machine("smtp://localhost:2525", Some((Encryption::None, 2525)))]
    #[case::this_address("smtp://127.0.0.1:2525", Some((Encryption::None, 2525)))]
    #[case::this_address_v6("smtp://[::1]:2525", Some((Encryption::None, 2525)))]
    #[case::this_machine_encrypted("smtp://127.0.0.1:2525?tls=required", Some((Encryption::StartTls, 2525)))]
    #[case::like_this_machine("smtp://localhost.example.com", Some((Encryption::StartTls, 587)))]
    #[case::opportunistic("smtp://mail.example.com?tls=opportunistic", None)]
    #[case::no_host("smtp://", None)]
    #[case::web("https://mail.example.com", None)]
    #[case::user_alone("smtps://user@mail.example.com", None)]
    #[case::no_url("mail.example.com:25", None)]
    fn a_relay_is_spoken_to_in_secret_unless_it_is_this_machine(
        #[case] text: &str,
        #[case] expected: Option<(Encryption, u16)>,
    ) {
        let relay: Option<Relay> = text.parse().ok();
        assert_eq!(relay.map(|relay| (relay.encryption, relay.port)), expected);
    }

    #[test]
    fn a_password_is_decoded_and_not_shown() {
        let relay: Relay = "smtps://user:hunt%20er2@mail.example.com".parse().unwrap();
        assert_eq!(relay.login(), Some(("user", "hunt er2")));
        assert_eq!(format!("{relay:?}"), "Relay(mail.example.com:465, Tls)");
    }
}
