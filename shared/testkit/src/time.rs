//! A clock that stands still.

use jiff::Timestamp;

/// The instant `text` names, in RFC 3339.
///
/// # Panics
/// When it names none: that is a mistake in the test.
#[allow(clippy::expect_used, reason = "only tests call this, and a wrong literal must stop them")]
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an RFC 3339 instant such as 2026-11-21T10:00:00Z")
}

/// The instant at which the examples are looked at: two minutes after the anomaly's window.
pub fn now() -> Timestamp {
    at("2026-11-21T10:02:00Z")
}
