//! E-mail through a relay: for those who have one, and want the mail to come from their own domain.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use nightjar_domain::alert::{Bulletin, email};

use super::{Channel, Outgoing, RenderError};
use crate::smtp::{Mail, Mailbox, Relay};

/// Characters of a line of base64 (RFC 2045).
const LINE: usize = 76;

/// Writes mails to some people.
#[derive(Debug)]
pub(super) struct Smtp {
    pub(super) relay: Relay,
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
}

impl Channel for Smtp {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let text = email(&bulletin.notice);
        let domain = self.from.domain();
        // The same id for the same notification, and one for all of a group, by which mail programs put them together.
        let group = format!("<{}@{domain}>", bulletin.dedup_key());
        let to: Vec<&str> = self.to.iter().map(Mailbox::shown).collect();
        let headers: [(&str, String); 11] = [
            ("Date", date(bulletin.sent_at)?),
            ("From", self.from.shown().to_owned()),
            ("To", to.join(",\r\n ")),
            ("Subject", text.subject),
            ("Message-ID", format!("<{}@{domain}>", bulletin.id)),
            ("In-Reply-To", group.clone()),
            ("References", group),
            // No vacation is to be told to a machine (RFC 3834).
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("MIME-Version", "1.0".to_owned()),
            ("Content-Type", "text/plain; charset=utf-8".to_owned()),
            ("Content-Transfer-Encoding", "base64".to_owned()),
        ];
        let mut content = String::new();
        for (name, value) in &headers {
            content.extend([*name, ": ", value.as_str(), "\r\n"]);
        }
        content.push_str("\r\n");
        let body = STANDARD.encode(text.body.replace('\n', "\r\n"));
        for (at, c) in body.chars().enumerate() {
            if at > 0 && at % LINE == 0 {
                content.push_str("\r\n");
            }
            content.push(c);
        }
        let (from, to) = (self.from.clone(), self.to.clone());
        Ok(Outgoing::Mail(Box::new(Mail { relay: self.relay.clone(), from, to, content })))
    }
}

fn date(at: Timestamp) -> Result<String, RenderError> {
    rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).map_err(RenderError::Date)
}
