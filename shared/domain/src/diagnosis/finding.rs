//! What a diagnosis says.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blast::BlastRadius;
use crate::evidence::{Change, Gap, InstanceCondition, LogSearch, MetricMove, PastIncident, RecentValues};
use crate::severity::Severity;

/// The kind of the cause that stands for "not found".
pub const UNKNOWN: &str = "unknown";

/// The result of a diagnosis. No cause found is a result too: its first cause is then `unknown`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Finding {
    /// One sentence for the alert.
    pub summary: String,
    /// Likeliest first.
    pub causes: Vec<Cause>,
    /// Error events in the window, over all patterns.
    pub error_events: u64,
    /// Most telling first.
    pub patterns: Vec<LogPattern>,
    /// How many patterns were left out of `patterns`.
    pub patterns_cut: u64,
    /// What was changed before, by whom; what touches the resource first.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// How many changes were left out of `changes`.
    #[serde(default)]
    pub changes_cut: u64,
    /// What other metrics of the resource did; what moved most first.
    #[serde(default)]
    pub metrics: Vec<MetricMove>,
    /// The anomalous metric in the hours before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<RecentValues>,
    /// How far the trouble reaches.
    #[serde(default)]
    pub blast_radius: BlastRadius,
    /// What EC2 says of the instance; absent for what is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<InstanceCondition>,
    /// Incidents of the same kind before, newest first.
    #[serde(default)]
    pub history: Vec<PastIncident>,
    /// The searches made, to be made again by hand.
    pub searches: Vec<LogSearch>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// USD that the searches cost.
    pub cost_usd: f64,
}

impl Finding {
    /// How many changes a finding keeps; those that touch the resource first.
    pub(crate) const MAX_CHANGES: usize = 10;

    /// How bad the likeliest cause is; where none is known, the worst of what is new in the logs.
    pub fn severity(&self) -> Option<Severity> {
        match self.causes.first() {
            Some(cause) if cause.kind != UNKNOWN => Some(cause.severity),
            _ => self.patterns.iter().filter(|pattern| pattern.change.is_news()).map(|pattern| pattern.severity).max(),
        }
    }

    /// The likeliest cause, if one is known.
    pub fn likeliest(&self) -> Option<&Cause> {
        self.causes.first().filter(|cause| cause.kind != UNKNOWN)
    }
}

/// A cause, how sure it is, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cause {
    /// Such as `memory_exhaustion`; `unknown` where the evidence names none.
    pub kind: String,
    /// 0 to 1.
    pub confidence: f64,
    pub severity: Severity,
    /// How many log events support it.
    pub events: u64,
    /// The patterns it rests on, the most telling first; at most five.
    pub templates: Vec<String>,
    /// What speaks for it, heaviest first.
    #[serde(default)]
    pub supports: Vec<Argument>,
    /// What speaks against it, heaviest first.
    #[serde(default)]
    pub contradicts: Vec<Argument>,
    /// What to do or to look at next.
    #[serde(default)]
    pub next_step: String,
    /// Where to read on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
}

/// One piece of evidence and what it weighs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Argument {
    /// 0 to 1: how much of the remaining doubt it takes away, or how much of the confidence.
    pub weight: f64,
    pub text: String,
}

impl Cause {
    /// `memory_exhaustion` → `Memory exhaustion`.
    pub fn title(&self) -> String {
        title(&self.kind)
    }
}

/// `memory_exhaustion` → `Memory exhaustion`.
pub(crate) fn title(kind: &str) -> String {
    let words = match kind {
        "dns_failure" => "DNS failure".to_owned(),
        other => other.replace('_', " "),
    };
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What became of a pattern between the baseline and the incident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PatternChange {
    /// Never seen in the baseline.
    New,
    /// Seen before, and much more often now.
    Surged,
    /// As often as before.
    Steady,
    /// Seen before, and not any more.
    Vanished,
    /// There is no baseline to compare with.
    #[default]
    Uncompared,
}

impl PatternChange {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Surged => "surged",
            Self::Steady => "steady",
            Self::Vanished => "vanished",
            Self::Uncompared => "uncompared",
        }
    }

    /// Whether it may have to do with the incident.
    pub fn is_news(self) -> bool {
        matches!(self, Self::New | Self::Surged | Self::Uncompared)
    }
}

/// Log events that differ only in their variable parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogPattern {
    /// The message with its variable parts masked.
    pub template: String,
    pub severity: Severity,
    /// The cause this kind of line points to, if it is a known one.
    pub cause: Option<String>,
    pub count: u64,
    /// Events in the baseline; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_count: Option<u64>,
    /// How much more often than in the baseline, by rate; absent where there is nothing to divide by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    #[serde(default)]
    pub change: PatternChange,
    /// One message as it was written, cut to 500 characters.
    pub sample: String,
    pub log_group: String,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}
