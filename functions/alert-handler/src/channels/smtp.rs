//! E-mail through a relay: for those who have one, and want the mail to come from their own domain.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use nightjar_domain::alert::{Bulletin, email};
use url::Url;

use super::{Channel, Outgoing, RenderError};
use crate::http::{SendError, TIMEOUT, chain};
use crate::settings::{Unusable, is_loopback};

/// Where mail is handed over. Its user and password are never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Relay(Url);

impl FromStr for Relay {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: Unusable = Unusable("must be smtps://user:password@host:465 or smtp://user:password@host:587");
        let mut url: Url = text.parse().map_err(|_| FORM)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(FORM)?;
        let has_half = url.username().is_empty() != url.password().is_none();
        if !matches!(url.scheme(), "smtp" | "smtps") || host.contains('%') {
            return Err(FORM);
        }
        if has_half {
            return Err(Unusable("has a user or a password alone: both belong into it, percent-encoded, or neither"));
        }
        // Without STARTTLS nothing is sent, except on this machine.
        let opportunistic = url.query().is_some_and(|query| query != "tls=required");
        if opportunistic {
            return Err(Unusable("takes no parameter but tls=required, which is the default for any other machine"));
        }
        if url.scheme() == "smtp" && !is_loopback(&url) {
            url.set_query(Some("tls=required"));
        }
        Ok(Self(url))
    }
}

impl Relay {
    fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.host())
    }
}

/// Writes mails to some people.
#[derive(Debug)]
pub(super) struct Smtp {
    pub(super) relay: Relay,
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
}

/// A mail and the relay that takes it.
#[derive(Debug, Clone)]
pub struct Mail {
    relay: Relay,
    message: Message,
}

impl Channel for Smtp {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let text = email(&bulletin.notice);
        let domain = self.from.email.domain();
        // The same id for the same notification, and one for all of a group, by which mail programs put them together.
        let group = format!("<{}@{domain}>", bulletin.dedup_key());
        let mut message = Message::builder()
            .message_id(Some(format!("<{}@{domain}>", bulletin.id)))
            .in_reply_to(group.clone())
            .references(group)
            .date(SystemTime::from(bulletin.sent_at))
            .from(self.from.clone())
            .subject(text.subject);
        for address in &self.to {
            message = message.to(address.clone());
        }
        let mut message = message.header(ContentType::TEXT_PLAIN).body(text.body)?;
        // No vacation is to be told to a machine (RFC 3834).
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok(Outgoing::Mail(Box::new(Mail { relay: self.relay.clone(), message })))
    }
}

/// Hands a mail over, once.
pub(super) async fn deliver(mail: Mail) -> Result<(), SendError> {
    let Mail { relay, message } = mail;
    let host = relay.host().to_owned();
    let failed = |error: lettre::transport::smtp::Error| {
        let problem = chain(&error);
        let host = host.clone();
        let answered = error.is_permanent() || error.is_transient() || error.is_client() || error.is_response();
        if answered { SendError::Mail { host, problem } } else { SendError::Unreachable { host, problem } }
    };
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(relay.0.as_str()).map_err(&failed)?;
    let transport = transport.timeout(Some(TIMEOUT)).build();
    let Ok(sent) = tokio::time::timeout(TIMEOUT, transport.send(message)).await else {
        let problem = format!("no answer within {} s", TIMEOUT.as_secs());
        return Err(SendError::Unreachable { host, problem });
    };
    sent.map(drop).map_err(failed)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::tls("smtps://user:p%40ss@mail.example.com:465", Some("smtps://user:p%40ss@mail.example.com:465"))]
    #[case::starttls(
        "smtp://user:pass@mail.example.com:587",
        Some("smtp://user:pass@mail.example.com:587?tls=required")
    )]
    #[case::starttls_said("smtp://mail.example.com?tls=required", Some("smtp://mail.example.com?tls=required"))]
    #[case::this_machine("smtp://localhost:2525", Some("smtp://localhost:2525"))]
    #[case::this_address("smtp://127.0.0.1:2525", Some("smtp://127.0.0.1:2525"))]
    #[case::this_machine_encrypted("smtp://127.0.0.1:2525?tls=required", Some("smtp://127.0.0.1:2525?tls=required"))]
    #[case::like_this_machine("smtp://localhost.example.com", Some("smtp://localhost.example.com?tls=required"))]
    #[case::opportunistic("smtp://mail.example.com?tls=opportunistic", None)]
    #[case::no_host("smtp://", None)]
    #[case::web("https://mail.example.com", None)]
    #[case::user_alone("smtps://user@mail.example.com", None)]
    #[case::no_url("mail.example.com:25", None)]
    fn a_relay_is_spoken_to_in_secret_unless_it_is_this_machine(#[case] text: &str, #[case] expected: Option<&str>) {
        let relay: Result<Relay, _> = text.parse();
        assert_eq!(relay.ok().map(|relay| relay.0.to_string()).as_deref(), expected);
    }

    #[test]
    fn a_password_is_not_shown() {
        let relay: Relay = "smtps://user:hunter2@mail.example.com:465".parse().unwrap();
        assert_eq!(format!("{relay:?}"), "smtps://mail.example.com");
    }
}
