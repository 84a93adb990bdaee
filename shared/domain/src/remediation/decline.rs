//! Why nothing was done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The reason, as it is recorded and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum DeclineReason {
    #[error("remediation is switched off (mode off)")]
    SwitchedOff,
    #[error("no action is known for resources of type {resource_type}")]
    UnsupportedType { resource_type: String },
    #[error("the resource is not opted in: it does not carry the tag {tag}={value}")]
    NotOptedIn { tag: String, value: String },
    #[error("the resource is protected by the tag {tag}")]
    Protected { tag: String },
    #[error("the instance no longer exists")]
    Gone,
    #[error("the instance is {state}, not running")]
    NotRunning { state: String },
    #[error("the instance was acted upon recently: its cooldown lasts until {until}")]
    CoolingDown { until: Timestamp },
    #[error(
        "the anomaly is {age_minutes} minutes old, past the {limit_minutes} within which it may be acted upon unseen"
    )]
    Stale { age_minutes: i64, limit_minutes: i64 },
}
