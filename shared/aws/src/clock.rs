//! The one place that reads the clock.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// Now, in whole seconds: stored instants then sort as text, since RFC 3339 with and without fractions does not.
#[allow(clippy::disallowed_methods, reason = "this is the edge that the lint points to")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Trunc)).unwrap_or(now)
}
