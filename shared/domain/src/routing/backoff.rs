//! When a notification that failed is tried again.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::Span;

/// The wait after the first failure; it doubles with each.
const FIRST_SECONDS: i64 = 15;
/// No wait is longer.
const LONGEST_SECONDS: i64 = 600;

/// A notification that failed, `attempts` times so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    pub attempts: u32,
    pub first_at: Timestamp,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    TryAgain {
        at: Timestamp,
    },
    /// The span has passed: the message goes to the dead-letter queue.
    GiveUp,
}

/// Exponential backoff with full-range jitter in its upper half, seeded by what is sent: who replays it gets the same.
///
/// `asked` is what the receiver asked to wait (`Retry-After`): no attempt is made before, but none waits past the span
/// without a last try.
pub fn after_failure(
    failures: Failures,
    span: Span,
    asked: Option<SignedDuration>,
    seed: &str,
    now: Timestamp,
) -> AfterFailure {
    let end = span.after(failures.first_at);
    if end.is_some_and(|end| now >= end) {
        return AfterFailure::GiveUp;
    }
    let doublings = failures.attempts.saturating_sub(1).min(16);
    let full = (FIRST_SECONDS << doublings).min(LONGEST_SECONDS);
    let wait = full / 2 + jitter(seed, failures.attempts, full - full / 2);
    let wait = wait.max(asked.map_or(0, |asked| asked.as_secs()));
    let at = Span::Seconds(wait).after(now).unwrap_or(now);
    AfterFailure::TryAgain { at: end.map_or(at, |end| at.min(end)) }
}

/// 0 to `most`, the same for the same seed and attempt.
fn jitter(seed: &str, attempt: u32, most: i64) -> i64 {
    let digest = Sha256::digest(format!("{seed}:{attempt}").as_bytes());
    let number = digest.iter().take(6).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte));
    number % (most + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_grow_within_bounds_and_end(attempts in 1_u32..60, since in 0_i64..7200, asked in proptest::option::of(0_i64..5000), seed in "[a-z]{4}") {
            let first_at = Timestamp::from_second(1_800_000_000).unwrap();
            let now = Timestamp::from_second(1_800_000_000 + since).unwrap();
            let asked = asked.map(SignedDuration::from_secs);
            let failures = Failures { attempts, first_at };
            match after_failure(failures, Span::minutes(60), asked, &seed, now) {
                AfterFailure::GiveUp => prop_assert!(since >= 3600),
                AfterFailure::TryAgain { at } => {
                    let wait = at.as_second() - now.as_second();
                    prop_assert!(since < 3600 && wait > 0 && wait <= LONGEST_SECONDS.max(5000));
                    prop_assert!(at.as_second() <= first_at.as_second() + 3600, "never past the span");
                    if let Some(asked) = asked {
                        prop_assert!(wait >= asked.as_secs() || at.as_second() == first_at.as_second() + 3600);
                    }
                }
            }
        }
    }
}
