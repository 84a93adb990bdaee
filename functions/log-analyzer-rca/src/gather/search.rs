//! One search of log groups that are read alike, whoever serves it.

use jiff::Timestamp;
use nightjar_domain::evidence::{Gap, LogLine, LogSearch};

/// The span of a search, and whose streams it reads.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub(super) groups: Vec<String>,
    pub(super) stream_prefix: Option<String>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// A regular expression that keeps what may be trouble; all lines without it.
    pub(super) filter: Option<String>,
    /// Events at most, the newest first.
    pub(super) limit: u32,
}

/// What one search brought.
#[derive(Debug, Default, Clone)]
pub(super) struct Found {
    pub(super) search: Option<LogSearch>,
    pub(super) lines: Vec<LogLine>,
    /// Whether there was more than the limit.
    pub(super) cut: bool,
    pub(super) gaps: Vec<Gap>,
}

impl Search {
    pub(super) fn gap(&self, reason: impl Into<String>) -> Gap {
        Gap { source: format!("logs of {}", self.groups.join(", ")), reason: reason.into() }
    }

    /// The Logs Insights query, which a person can run again.
    pub(super) fn query(&self) -> String {
        let streams = self
            .stream_prefix
            .as_deref()
            .map(|prefix| format!("| filter @logStream like /^{}/ ", escaped(prefix)))
            .unwrap_or_default();
        let filter = self
            .filter
            .as_deref()
            .map(|filter| format!("| filter @message like /(?i)({filter})/ "))
            .unwrap_or_default();
        format!(
            "fields @timestamp, @message, @logStream, @log {streams}{filter}| sort @timestamp desc | limit {}",
            self.limit
        )
    }

    /// The search as the finding tells it.
    pub(super) fn told(&self, bytes_scanned: u64, matched: usize) -> LogSearch {
        LogSearch {
            log_groups: self.groups.clone(),
            from: self.from,
            until: self.until,
            query: self.query(),
            bytes_scanned,
            matched: matched as u64,
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
