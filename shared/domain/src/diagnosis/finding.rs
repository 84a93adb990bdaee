//! What a diagnosis says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::evidence::{Gap, LogSearch};
use crate::severity::Severity;

/// The result of a diagnosis. No cause found is a result too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// One sentence for the alert.
    pub summary: String,
    /// Likeliest first.
    pub causes: Vec<Cause>,
    /// Error events in the window, over all patterns.
    pub error_events: u64,
    /// Most severe, then most frequent first.
    pub patterns: Vec<LogPattern>,
    /// How many patterns were left out of `patterns`.
    pub patterns_cut: u64,
    /// The searches made, to be made again by hand.
    pub searches: Vec<LogSearch>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// USD that the searches cost.
    pub cost_usd: f64,
}

impl Finding {
    /// The highest severity of any error found.
    pub fn severity(&self) -> Option<Severity> {
        self.patterns.iter().map(|pattern| pattern.severity).max()
    }
}

/// A cause and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cause {
    /// As the log signals name it, such as `memory_exhaustion`.
    pub kind: String,
    /// 0 to 1.
    pub confidence: f64,
    pub severity: Severity,
    /// How many log events support it.
    pub events: u64,
    /// The patterns it rests on, the most telling first; at most five.
    pub templates: Vec<String>,
}

impl Cause {
    /// `memory_exhaustion` → `Memory exhaustion`.
    pub fn title(&self) -> String {
        let mut words = self.kind.replace('_', " ");
        if let Some(first) = words.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        words
    }
}

/// Log events that differ only in their variable parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogPattern {
    /// The message with numbers, addresses and identifiers masked.
    pub template: String,
    pub severity: Severity,
    /// The cause this kind of error points to, if it is a known one.
    pub cause: Option<String>,
    pub count: u64,
    /// One message as it was written, cut to 500 characters.
    pub sample: String,
    pub log_group: String,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}
