//! Requests that carry a key of their own, so that they can be sent again without being done again (the IETF's draft
//! "The Idempotency-Key HTTP Header Field"): whose key it is, what it stands for, and what a repetition means.

use sha2::{Digest as _, Sha256};

/// The longest key, in bytes.
pub const LONGEST_KEY: usize = 255;
/// The longest answer that is kept, in bytes: an item of a table may have 400 KB.
pub const LONGEST_ANSWER: usize = 300_000;

/// A request as far as a repetition must agree with it.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// Who sent it: a key is its sender's own.
    pub who: &'a str,
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// What it was decided on, `If-Match`.
    pub decided_on: &'a str,
    pub body: &'a [u8],
}

/// What is kept of the request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Of its content; `None` where it is no longer kept.
    pub fingerprint: Option<String>,
    /// `None` while it is under way.
    pub answer: Option<String>,
}

/// What a repetition gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repetition {
    /// The answer that was given.
    Answered(String),
    /// The key was used for something else.
    Different,
    /// The first one is not answered yet: come back later.
    UnderWay,
}

/// Whether something can be a key: 1 to 255 visible ASCII characters.
pub fn is_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Content<'_> {
    /// The id that its key makes it known by. Not the key itself: who knows the table knows no keys.
    pub fn id(&self, key: &str) -> String {
        digest(&[self.who.as_bytes(), key.as_bytes()])
    }

    /// What a request with the same key must have, too.
    pub fn fingerprint(&self) -> String {
        let Self { method, target, decided_on, body, .. } = self;
        digest(&[method.as_bytes(), target.as_bytes(), decided_on.as_bytes(), body])
    }
}

impl Known {
    /// What a request of this fingerprint is, which came with the same key.
    pub fn judge(self, fingerprint: &str) -> Repetition {
        match self {
            Self { fingerprint: Some(known), .. } if known != fingerprint => Repetition::Different,
            Self { answer: Some(answer), fingerprint: Some(_) } => Repetition::Answered(answer),
            Self { .. } => Repetition::UnderWay,
        }
    }
}

/// Each part with its length, so that no two lists of parts are the same text.
fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const CONTENT: Content<'_> =
        Content { who: "ops", method: "POST", target: "/silences", decided_on: "", body: b"{}" };

    #[rstest]
    #[case::uuid("8e03978e-40d5-43dd-bc93-6894a57f9324", true)]
    #[case::structured("\"1\"", true)]
    #[case::longest(&"k".repeat(255), true)]
    #[case::empty("", false)]
    #[case::too_long(&"k".repeat(256), false)]
    #[case::space("a b", false)]
    #[case::beyond_ascii("schlüssel", false)]
    fn a_key_is_what_fits_a_header(#[case] key: &str, #[case] expected: bool) {
        assert_eq!(is_key(key), expected);
    }

    #[test]
    fn a_key_is_its_senders_own() {
        assert_eq!(CONTENT.id("1"), Content { body: b"[]", ..CONTENT }.id("1"));
        assert_ne!(CONTENT.id("1"), CONTENT.id("2"));
        assert_ne!(CONTENT.id("1"), Content { who: "others", ..CONTENT }.id("1"));
        // Nor can a name reach into a key.
        assert_ne!(Content { who: "a", ..CONTENT }.id("bc"), Content { who: "ab", ..CONTENT }.id("c"));
    }

    #[test]
    fn a_repetition_agrees_in_everything() {
        let first = CONTENT.fingerprint();
        assert_eq!(first, Content { who: "others", ..CONTENT }.fingerprint());
        for other in [
            Content { method: "PUT", ..CONTENT },
            Content { target: "/silences?x=1", ..CONTENT },
            Content { decided_on: "\"1\"", ..CONTENT },
            Content { body: b"{ }", ..CONTENT },
        ] {
            assert_ne!(first, other.fingerprint(), "{other:?}");
        }
    }

    #[rstest]
    #[case::the_same(Some("f"), Some("a"), Repetition::Answered("a".to_owned()))]
    #[case::the_same_too_early(Some("f"), None, Repetition::UnderWay)]
    #[case::another(Some("g"), Some("a"), Repetition::Different)]
    #[case::another_too_early(Some("g"), None, Repetition::Different)]
    #[case::given_back_meanwhile(None, None, Repetition::UnderWay)]
    fn what_is_known_decides(
        #[case] fingerprint: Option<&str>,
        #[case] answer: Option<&str>,
        #[case] expected: Repetition,
    ) {
        let known = Known { fingerprint: fingerprint.map(str::to_owned), answer: answer.map(str::to_owned) };
        assert_eq!(known.judge("f"), expected);
    }
}
