//! The conversation with a relay, line by line.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::relay::Relay;

/// Bytes of a line and lines of an answer: what is longer is no relay (RFC 5321 allows lines of 512 bytes).
const LONGEST_LINE: u64 = 4096;
const MOST_LINES: usize = 100;
/// Characters of an answer that are told.
const TOLD: usize = 200;

/// Why a mail was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The relay said so, or does not offer what is needed.
    Refused(String),
    /// It cannot be reached, or stopped in the middle.
    Lost(String),
}

fn lost(error: &impl fmt::Display) -> Failure {
    Failure::Lost(error.to_string())
}

/// What can be read and written.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A conversation that is under way.
pub(super) struct Talk {
    wire: BufReader<Box<dyn Wire>>,
}

impl Talk {
    /// Connects and waits for the relay's greeting.
    pub(super) async fn open(relay: &Relay) -> Result<Self, Failure> {
        let stream = TcpStream::connect((relay.host(), relay.port())).await.map_err(|error| lost(&error))?;
        let wire: Box<dyn Wire> = if relay.is_encrypted() { encrypted(stream, relay).await? } else { Box::new(stream) };
        let mut talk = Self { wire: BufReader::new(wire) };
        talk.answer("the connection", 2).await?;
        Ok(talk)
    }

    /// Introduces itself; returns what the relay offers.
    pub(super) async fn hello(&mut self, name: &str) -> Result<Vec<String>, Failure> {
        self.say("EHLO", &format!("EHLO {name}"), 2).await
    }

    /// The same conversation, from here on encrypted.
    pub(super) async fn encrypt(mut self, offers: &[String], relay: &Relay) -> Result<Self, Failure> {
        if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
            return Err(Failure::Refused("it offers no STARTTLS, and nothing is sent unencrypted".to_owned()));
        }
        self.say("STARTTLS", "STARTTLS", 2).await?;
        if !self.wire.buffer().is_empty() {
            // Said before the encryption began, by whoever sits in between.
            return Err(Failure::Refused("it spoke before the encryption had begun".to_owned()));
        }
        Ok(Self { wire: BufReader::new(encrypted(self.wire.into_inner(), relay).await?) })
    }

    pub(super) async fn log_in(&mut self, offers: &[String], user: &str, password: &str) -> Result<(), Failure> {
        let ways = offers.iter().find_map(|offer| offer.strip_prefix("AUTH ").or_else(|| offer.strip_prefix("auth ")));
        let offers =
            |way: &str| ways.is_some_and(|ways| ways.split(' ').any(|offered| offered.eq_ignore_ascii_case(way)));
        if offers("PLAIN") {
            let proof = STANDARD.encode(format!("\0{user}\0{password}"));
            self.say("AUTH PLAIN", &format!("AUTH PLAIN {proof}"), 2).await?;
        } else if offers("LOGIN") {
            self.say("AUTH LOGIN", "AUTH LOGIN", 3).await?;
            self.say("AUTH LOGIN", &STANDARD.encode(user), 3).await?;
            self.say("AUTH LOGIN", &STANDARD.encode(password), 2).await?;
        } else {
            return Err(Failure::Refused("it takes neither AUTH PLAIN nor AUTH LOGIN".to_owned()));
        }
        Ok(())
    }

    /// Says a line and waits for an answer of the `expected` hundred. `what` names it in an error: the line may be a secret.
    pub(super) async fn say(&mut self, what: &str, line: &str, expected: u32) -> Result<Vec<String>, Failure> {
        self.wire.write_all(format!("{line}\r\n").as_bytes()).await.map_err(|error| lost(&error))?;
        self.wire.flush().await.map_err(|error| lost(&error))?;
        self.answer(what, expected).await
    }

    /// An answer's lines without their number.
    async fn answer(&mut self, what: &str, expected: u32) -> Result<Vec<String>, Failure> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let mut limited = (&mut self.wire).take(LONGEST_LINE);
            limited.read_until(b'\n', &mut line).await.map_err(|error| lost(&error))?;
            if !line.ends_with(b"\n") || lines.len() == MOST_LINES {
                return Err(Failure::Lost(format!("{what}: it hung up, or speaks no SMTP")));
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (code, text) = line.split_at_checked(3).unwrap_or((&line, ""));
            let is_last = !text.starts_with('-');
            let taken = code.parse::<u32>().is_ok_and(|code| code / 100 == expected);
            lines.push(text.get(1..).unwrap_or_default().to_owned());
            if is_last && taken {
                return Ok(lines);
            }
            if is_last {
                let told: String = line.chars().filter(|c| !c.is_control()).take(TOLD).collect();
                return Err(Failure::Refused(format!("{what} is answered {told}")));
            }
        }
    }
}

async fn encrypted(stream: impl Wire + 'static, relay: &Relay) -> Result<Box<dyn Wire>, Failure> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| lost(&error))?
        .with_no_client_auth();
    let name = ServerName::try_from(relay.host().to_owned()).map_err(|error| lost(&error))?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| lost(&error))?;
    Ok(Box::new(stream))
}
