//! How many notifications a channel gets in a while; what is above comes as one summary.

use jiff::Timestamp;

use super::Span;
use super::tree::RateLimit;

/// The window of a channel's limit that `now` lies in, counted from the Unix epoch so that every worker sees the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub starts_at: Timestamp,
    /// When the summary of what was held back goes out.
    pub ends_at: Timestamp,
}

impl RateLimit {
    pub fn window(self, now: Timestamp) -> Window {
        let Span::Seconds(length @ 1..) = self.per else { return Window { starts_at: now, ends_at: now } };
        let start = now.as_second().div_euclid(length) * length;
        let at = |second| Timestamp::from_second(second).unwrap_or(now);
        Window { starts_at: at(start), ends_at: at(start + length) }
    }
}
