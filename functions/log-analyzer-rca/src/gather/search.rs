//! One search of log groups that are read alike, whoever serves it.

use jiff::Timestamp;
use nightjar_domain::evidence::{Gap, LogLine, LogSearch};

/// The span of a search, and whose streams it reads.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub(crate) groups: Vec<String>,
    pub(crate) stream_prefix: Option<String>,
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// A regular expression that keeps what may be trouble; all lines without it.
    pub(crate) filter: Option<String>,
    /// Events at most, the newest first.
    pub(crate) limit: u32,
}

/// What one search brought.
#[derive(Debug, Default, Clone)]
pub(crate) struct Found {
    pub(crate) search: Option<LogSearch>,
    pub(crate) lines: Vec<LogLine>,
    /// Whether there was more than the limit.
    pub(crate) cut: bool,
    pub(crate) gaps: Vec<Gap>,
}

impl Search {
    pub(crate) fn gap(&self, reason: impl Into<String>) -> Gap {
        Gap { source: format!("logs of {}", self.groups.join(", ")), reason: reason.into() }
    }

    /// The Logs Insights query, which a person can run again.
    pub(crate) fn query(&self) -> String {
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
    pub(crate) fn told(&self, bytes_scanned: u64, matched: usize) -> LogSearch {
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
