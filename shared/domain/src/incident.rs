//! An incident: an anomaly, what is known about it, and what became of it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::diagnosis::Finding;
use crate::envelope::Message;
use crate::escalation::{Decision, Escalation};
use crate::feedback::IncidentFeedback;
use crate::id::IncidentId;
use crate::recovery::Source;
use crate::security::AttackStory;
use crate::severity::Severity;

/// The message `nightjar.incident/1`, and the item of the incidents table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Incident {
    pub id: IncidentId,
    #[serde(default)]
    pub kind: IncidentKind,
    pub title: String,
    pub status: Status,
    pub severity: Severity,
    pub opened_at: Timestamp,
    pub anomaly: Anomaly,
    pub finding: Finding,
    pub escalation: Escalation,
    /// Every change of status and every piece of evidence that joined, oldest first.
    pub timeline: Vec<StatusChange>,
    /// What is abnormal: one entry for each series, alarm or rule that was. The incident is over when all of them are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// How often the same trouble had come and gone in the day before: each time, calm must last twice as long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flaps: u32,
    /// Who takes care of it, where somebody was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// When evidence was gathered anew for what joined; absent where that was never worth it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// The last thing a person said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<IncidentFeedback>,
    /// Grows by one with every change: the `ETag`, and the condition of the next write.
    pub version: u64,
    /// What an incident of kind `security` is about; its `anomaly` then counts the matches of security rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<AttackStory>,
}

/// What opened an incident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// A metric outside its expected range.
    #[default]
    Anomaly,
    /// Security rules that matched in CloudTrail.
    Security,
}

impl IncidentKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anomaly => "anomaly",
            Self::Security => "security",
        }
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Open,
    Acknowledged,
    Suppressed,
    Resolved,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Open, Self::Acknowledged, Self::Suppressed, Self::Resolved];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Suppressed => "SUPPRESSED",
            Self::Resolved => "RESOLVED",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

/// The text is none of the four states.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown status {0:?}: use one of OPEN, ACKNOWLEDGED, SUPPRESSED, RESOLVED")]
pub struct UnknownStatus(String);

/// Who changed the status, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StatusChange {
    pub at: Timestamp,
    pub by: String,
    pub to: Status,
    pub why: String,
    /// Of a suppression: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of evidence that joined without changing the status: the anomaly it is, or the alarm's change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Of an assignment, which leaves the status as it is: to whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
}

impl Incident {
    /// The incident that an anomaly opens; the same anomaly always opens the same one.
    pub fn identify(anomaly: &Anomaly) -> IncidentId {
        IncidentId::derive(&[anomaly.id.as_str()])
    }

    /// Opens an incident. `by` names the function that did.
    pub fn open(anomaly: Anomaly, finding: Finding, decision: Decision, by: &str, now: Timestamp) -> Self {
        let Decision { escalation, severity } = decision;
        Self {
            id: Self::identify(&anomaly),
            kind: IncidentKind::Anomaly,
            title: format!("{} of {} is abnormal", anomaly.metric.name, anomaly.resource.label()),
            status: Status::Open,
            severity,
            opened_at: now,
            timeline: vec![StatusChange {
                at: now,
                by: by.to_owned(),
                to: Status::Open,
                why: escalation.because().to_owned(),
                until: None,
                evidence: None,
                assignee: None,
            }],
            sources: vec![Source::of(&anomaly)],
            flaps: 0,
            looked_at: None,
            anomaly,
            finding,
            escalation,
            assignee: None,
            feedback: None,
            version: 1,
            security: None,
        }
    }

    /// The month of `opened_at`, such as `2026-11`: the partition under which lists find it.
    pub fn month(&self) -> String {
        month_of(self.opened_at)
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// The month of an instant in UTC, such as `2026-11`.
pub fn month_of(at: Timestamp) -> String {
    at.strftime("%Y-%m").to_string()
}

/// The months from `until` back to `since`, newest first, for walking the incidents by time.
pub fn months_back(since: Timestamp, until: Timestamp) -> Vec<String> {
    let mut months = Vec::new();
    let mut at = until;
    let oldest = month_of(since);
    loop {
        let month = month_of(at);
        if month < oldest {
            return months;
        }
        if months.last() != Some(&month) {
            months.push(month);
        }
        match at.checked_sub(SignedDuration::from_hours(24 * 27)) {
            Ok(earlier) => at = earlier,
            Err(_) => return months,
        }
    }
}

impl Message for Incident {
    const SCHEMA: &'static str = "nightjar.incident/1";
    const KIND: &'static str = "incident";

    fn message_id(&self) -> String {
        self.id.to_string()
    }

    fn severity(&self) -> Severity {
        self.severity
    }

    fn resource_type(&self) -> &str {
        &self.anomaly.resource.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::one_month("2026-11-03T00:00:00Z", "2026-11-21T00:00:00Z", &["2026-11"])]
    #[case::across_a_year("2025-12-31T23:59:59Z", "2026-02-01T00:00:00Z", &["2026-02", "2026-01", "2025-12"])]
    #[case::backwards("2026-11-21T00:00:00Z", "2026-10-01T00:00:00Z", &[])]
    fn walks_the_months(#[case] since: Timestamp, #[case] until: Timestamp, #[case] expected: &[&str]) {
        assert_eq!(months_back(since, until), expected);
    }

    proptest::proptest! {
        #[test]
        fn no_month_is_left_out(start in 0_i64..2_000_000_000, days in 0_i64..800, probe in 0.0_f64..1.0) {
            let since = Timestamp::from_second(start).unwrap();
            let until = Timestamp::from_second(start + days * 86_400).unwrap();
            let inside = Timestamp::from_second(start + (days as f64 * 86_400.0 * probe) as i64).unwrap();
            proptest::prop_assert!(months_back(since, until).contains(&month_of(inside)));
        }
    }
}
