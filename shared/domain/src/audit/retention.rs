//! How long entries are kept: `config/audit_log_schema.json`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const BUNDLED: &str = include_str!("../../../../config/audit_log_schema.json");
const DAYS: std::ops::RangeInclusive<i64> = 30..=3650;

/// How much longer than its retention an entry stays. An anchor must have been taken before it may go: the anchors show that
/// what is missing had reached its age. So anchoring may fail for two days without harm.
pub const EXPIRY_SLACK: SignedDuration = SignedDuration::from_hours(48);

/// The document `config/audit_log_schema.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    /// Days after which an entry may expire, counted from its fact: 30 to 3650.
    #[serde(rename = "retention_days")]
    days: i64,
    /// The JSON Schema of an entry, for those who read the trail with tools of their own.
    entry: BTreeMap<String, Value>,
}

/// The document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    #[error("{0}")]
    Json(String),
    #[error("retention_days must be from 30 to 3650, not {0}")]
    Days(i64),
}

impl Retention {
    /// The one that the binary was built with.
    pub fn bundled() -> Result<Self, RetentionError> {
        Self::parse(BUNDLED)
    }

    pub fn parse(json: &str) -> Result<Self, RetentionError> {
        let retention: Self = serde_json::from_str(json).map_err(|error| RetentionError::Json(error.to_string()))?;
        if DAYS.contains(&retention.days) { Ok(retention) } else { Err(RetentionError::Days(retention.days)) }
    }

    pub fn duration(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * self.days)
    }

    /// When an entry with a fact of this time may go.
    pub fn expires_at(&self, recorded: Timestamp) -> Timestamp {
        recorded.checked_add(self.duration() + EXPIRY_SLACK).unwrap_or(Timestamp::MAX)
    }

    /// Whether an entry that an anchor of this time had seen may be gone by `now`.
    pub fn is_over(&self, anchored: Timestamp, now: Timestamp) -> bool {
        anchored.checked_add(self.duration()).is_ok_and(|end| end <= now)
    }

    /// Whether a chain that ends with a fact of this time needs an entry, so that its end does not expire.
    pub fn is_half_over(&self, newest: Timestamp, now: Timestamp) -> bool {
        newest.checked_add(self.duration() / 2).is_ok_and(|half| half <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_can_be_used() {
        assert_eq!(Retention::bundled().unwrap().duration(), SignedDuration::from_hours(24 * 400));
    }

    #[test]
    fn a_retention_out_of_bounds_is_refused() {
        for days in [-1, 0, 29, 3651] {
            let json = serde_json::json!({ "retention_days": days, "entry": {} }).to_string();
            assert_eq!(Retention::parse(&json).unwrap_err(), RetentionError::Days(days));
        }
        assert!(matches!(Retention::parse("{}"), Err(RetentionError::Json(_))));
    }

    #[test]
    fn an_entry_outlives_the_anchor_that_may_prove_its_age() {
        let retention = Retention::bundled().unwrap();
        let recorded: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let anchored = recorded + SignedDuration::from_hours(47);
        assert!(retention.is_over(anchored, retention.expires_at(recorded)));
    }
}
