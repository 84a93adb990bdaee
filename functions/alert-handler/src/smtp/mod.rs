//! Handing a mail to a relay: as much of SMTP (RFC 5321) as one notification needs, encrypted (RFC 8314, RFC 3207), and as
//! somebody where the relay wants to know (RFC 4954). A mail library would bring its own stack of everything into the package.

mod address;
mod relay;
mod talk;

use std::time::Duration;

pub use address::Mailbox;
pub use relay::Relay;
use talk::{Failure, Talk};

use crate::http::SendError;

/// One attempt, from connecting to the last answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A mail and the relay that takes it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub(crate) relay: Relay,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    /// Header and body, ASCII with `\r\n` at the ends of lines.
    pub(crate) content: String,
}

/// Hands a mail over, once. All of its recipients are taken, or none.
pub(crate) async fn deliver(mail: &Mail) -> Result<(), SendError> {
    let host = mail.relay.host().to_owned();
    match tokio::time::timeout(TIMEOUT, talk_through(mail)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Failure::Refused(problem))) => Err(SendError::Mail { host, problem }),
        Ok(Err(Failure::Lost(problem))) => Err(SendError::Unreachable { host, problem }),
        Err(_) => Err(SendError::Unreachable { host, problem: format!("no answer within {} s", TIMEOUT.as_secs()) }),
    }
}

async fn talk_through(mail: &Mail) -> Result<(), Failure> {
    let relay = &mail.relay;
    let name = mail.from.domain();
    let mut talk = Talk::open(relay).await?;
    let mut offers = talk.hello(name).await?;
    if relay.wants_starttls() {
        talk = talk.encrypt(&offers, relay).await?;
        offers = talk.hello(name).await?;
    }
    if let Some((user, password)) = relay.login() {
        talk.log_in(&offers, user, password).await?;
    }
    talk.say("MAIL", &format!("MAIL FROM:<{}>", mail.from.address()), 2).await?;
    for recipient in &mail.to {
        talk.say("RCPT", &format!("RCPT TO:<{}>", recipient.address()), 2).await?;
    }
    talk.say("DATA", "DATA", 3).await?;
    talk.say("the mail", &format!("{}\r\n.", stuffed(&mail.content)), 2).await?;
    // It is taken: whether the farewell gets through does not matter.
    if let Err(error) = talk.say("QUIT", "QUIT", 2).await {
        tracing::debug!(?error, "the relay did not say goodbye");
    }
    Ok(())
}

/// A line that begins with a dot gets another one, so that it does not end the mail.
fn stuffed(content: &str) -> String {
    let lines: Vec<String> = content
        .split("\r\n")
        .map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() })
        .collect();
    lines.join("\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_mail_ends_it() {
        assert_eq!(stuffed("a\r\n.\r\n..b\r\nc."), "a\r\n..\r\n...b\r\nc.");
    }
}
