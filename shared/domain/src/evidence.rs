//! What was gathered around an anomaly, before anybody judges it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;

/// The input of a diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub anomaly: Anomaly,
    pub logs: LogEvidence,
}

/// Everything read from logs, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogEvidence {
    pub searches: Vec<LogSearch>,
    pub lines: Vec<LogLine>,
    pub gaps: Vec<Gap>,
}

/// One search that was made: enough for a person to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogSearch {
    pub log_groups: Vec<String>,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The Logs Insights query.
    pub query: String,
    /// Bytes scanned, as Logs Insights reports them; 0 where FilterLogEvents served.
    pub bytes_scanned: u64,
    /// How many events matched; at most the query's limit.
    pub matched: u64,
}

impl LogSearch {
    /// USD for a GB that Logs Insights scans (us-east-1; AWS's CloudWatch pricing page, 2026).
    const USD_PER_GB: f64 = 0.005;

    /// What the search cost, in USD.
    pub fn cost_usd(&self) -> f64 {
        self.bytes_scanned as f64 / 1e9 * Self::USD_PER_GB
    }
}

/// One event of a log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: Timestamp,
    pub group: String,
    pub stream: String,
    pub message: String,
}

/// Something that should have been looked at and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gap {
    /// What was to be read, such as a log group.
    pub source: String,
    /// Why it was not, and what would help.
    pub reason: String,
}
