//! Who writes, and to whom.

use std::str::FromStr;

use crate::settings::Unusable;

/// Somebody with an address: `name@host` or `Name <name@host>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    shown: String,
    address: String,
}

impl Mailbox {
    /// As it stands in the mail's header.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// What the relay is told.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

impl FromStr for Mailbox {
    type Err = Unusable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: Unusable = Unusable("must be name@host or Name <name@host>, in ASCII");
        // Nothing of it may become a line of its own in the header or in the conversation.
        if !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') || text.contains([',', ';']) {
            return Err(FORM);
        }
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim(), rest.strip_suffix('>').ok_or(FORM)?),
            None => ("", text.trim()),
        };
        let (local, domain) = address.rsplit_once('@').ok_or(FORM)?;
        let clean = |part: &str| !part.is_empty() && !part.contains([' ', '<', '>', '@', '"']);
        if !clean(local) || !clean(domain) || name.contains(['>', '@']) {
            return Err(FORM);
        }
        let shown = if name.is_empty() { address.to_owned() } else { format!("{name} <{address}>") };
        Ok(Self { shown, address: address.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::bare("oncall@example.com", Some(("oncall@example.com", "oncall@example.com")))]
    #[case::named("On Call <oncall@example.com>", Some(("On Call <oncall@example.com>", "oncall@example.com")))]
    #[case::plus("oncall+night@example.com", Some(("oncall+night@example.com", "oncall+night@example.com")))]
    #[case::no_host("oncall@", None)]
    #[case::no_at("oncall", None)]
    #[case::another_header("a@example.com\r\nBcc: b@example.com", None)]
    #[case::another_recipient("a@example.com> RCPT TO:<b@example.com", None)]
    #[case::two("a@example.com, b@example.com", None)]
    #[case::open("On Call <oncall@example.com", None)]
    #[case::not_ascii("jörg@example.com", None)]
    fn addresses(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        let read: Option<Mailbox> = text.parse().ok();
        assert_eq!(read.as_ref().map(|mailbox| (mailbox.shown(), mailbox.address())), expected);
    }
}
