//! Sigma's words for how serious a match is.

use nightjar_domain::severity::Severity;
use serde::{Deserialize, Serialize};

/// From least to most, as the Sigma specification defines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of an incident that such a match opens.
    pub fn severity(self) -> Severity {
        match self {
            Self::Informational => Severity::Info,
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}

impl From<Option<rsigma_parser::Level>> for Level {
    /// The specification leaves `level` optional; a rule without one is taken as low.
    fn from(level: Option<rsigma_parser::Level>) -> Self {
        use rsigma_parser::Level as Sigma;
        match level {
            Some(Sigma::Informational) => Self::Informational,
            Some(Sigma::Medium) => Self::Medium,
            Some(Sigma::High) => Self::High,
            Some(Sigma::Critical) => Self::Critical,
            Some(Sigma::Low) | None => Self::Low,
        }
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
