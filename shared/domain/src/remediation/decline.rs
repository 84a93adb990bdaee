//! Why nothing was done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accounts::Scope;
use crate::severity::Severity;

/// The reason, as it is recorded and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum DeclineReason {
    #[error("the resource is in {resource}; remediation acts in {home} alone")]
    Elsewhere {
        #[schema(value_type = String)]
        resource: Scope,
        #[schema(value_type = String)]
        home: Scope,
    },
    #[error("remediation is switched off (mode off)")]
    SwitchedOff,
    #[error("no policy is meant for this incident")]
    NoPolicy,
    #[error("the policy {policy} leaves it to people: {why}")]
    LeftToPeople { policy: String, why: String },
    #[error("everything was stopped by {by} at {at}: {why}")]
    Stopped { by: String, at: Timestamp, why: String },
    #[error("the incident is resolved")]
    IncidentResolved,
    /// No policy is meant for attacks like this one.
    #[error("it is a security incident: what is done about a principal, a person decides")]
    SecurityIncident,
    #[error("no action is known for resources of type {resource_type}")]
    UnsupportedType { resource_type: String },
    #[error("the resource is not opted in: it does not carry the tag {tag}={value}")]
    NotOptedIn { tag: String, value: String },
    #[error("the resource is protected by the tag {tag}")]
    Protected { tag: String },
    #[error("the instance or user no longer exists")]
    Gone,
    #[error("the instance is {state}, not running")]
    NotRunning { state: String },
    #[error("AWS has scheduled {events} for the instance: that comes first")]
    ScheduledEvent { events: String },
    #[error("the instance has just started: its first status checks are not through")]
    Restarting,
    #[error("the instance was launched {age_minutes} minutes ago; it is left alone for the first {limit_minutes}")]
    TooYoung { age_minutes: i64, limit_minutes: i64 },
    #[error("the instance was acted upon recently: its cooldown lasts until {until}")]
    CoolingDown { until: Timestamp },
    #[error(
        "the anomaly is {age_minutes} minutes old, past the {limit_minutes} within which it may be acted upon unseen"
    )]
    Stale { age_minutes: i64, limit_minutes: i64 },
    #[error("the likeliest cause has a confidence of {confidence:.2}, below {least:.2}")]
    LowConfidence { confidence: f64, least: f64 },
    #[error("changes are frozen until {until} ({name})")]
    Frozen { name: String, until: Timestamp },
    #[error("people are at work on the resource (maintenance window {name})")]
    Maintenance { name: String },
    #[error("the policy {policy} failed too often and is off until {until}")]
    BreakerOpen { policy: String, until: Timestamp },
    #[error("the instance is under repair because of {incident}")]
    UnderRepair { incident: String },
    #[error("{count} steps were carried out within the last hour, the most that are allowed")]
    HourlyCap { count: u32 },
    #[error("another member of the group {group} is under repair")]
    GroupMember { group: String },
    #[error("{open} of {members} instances of {product} are under repair, the most that {percent} % allow")]
    ProductShare { product: String, open: u32, members: u32, percent: u32 },
    #[error("a {action} is not possible: {why}")]
    Precondition { action: String, why: String },
    #[error("the attack is {severity}; only one that is high or critical is answered")]
    NotSevere { severity: Severity },
    #[error("{count} approvals wait already, the most that are allowed")]
    TooManyWaiting { count: u32 },
    #[error("nobody approved it before {until}")]
    ApprovalExpired { until: Timestamp },
    #[error("denied by {by}: {why}")]
    Denied { by: String, why: String },
    #[error("the approval is void: the instance's state, tags or launch time changed since it was asked for")]
    Void,
}
