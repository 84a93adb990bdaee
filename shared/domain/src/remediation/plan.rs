//! The decision to act.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::DeclineReason;
use crate::incident::Incident;
use crate::resource::EC2_INSTANCE;

/// How far remediation may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything is declined.
    Off,
    /// Everything is decided and recorded, nothing is carried out.
    DryRun,
    /// What is decided is carried out.
    Auto,
}

/// The text is none of the modes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown remediation mode {0:?}: use one of off, dry_run, auto")]
pub struct UnknownMode(String);

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "dry_run" => Ok(Self::DryRun),
            "auto" => Ok(Self::Auto),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Reboot,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reboot => f.write_str("reboot"),
        }
    }
}

/// The rules of remediation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub mode: Mode,
    /// The tag key whose value must be `reboot` for a resource to be rebooted.
    pub opt_in_tag: String,
    /// A resource with this tag key is never touched, whatever its value.
    pub protected_tag: String,
    /// After an action, how long the resource is left alone.
    pub cooldown: SignedDuration,
    /// How old the anomaly may be: a message that comes out of a dead-letter queue days later must not reboot
    /// a machine that has long been well.
    pub max_incident_age: SignedDuration,
}

/// What is known of the resource right now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetState {
    /// `None` when AWS knows no such instance.
    pub instance: Option<InstanceState>,
    /// Until when an earlier action keeps this resource off limits.
    pub cooldown_until: Option<Timestamp>,
}

/// An instance as AWS describes it right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceState {
    /// Such as `running`.
    pub state: String,
    pub tags: BTreeMap<String, String>,
    pub launched_at: Option<Timestamp>,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    Act(Action),
    /// Decided as if to act, but the mode is a dry run.
    Rehearse(Action),
    Declined(DeclineReason),
}

/// Decides what to do about `incident`. The tags that count are those of `fleet`, read just now, not those of the
/// inventory: an opt-in that was taken back a minute ago is respected.
pub fn plan(incident: &Incident, policy: &Policy, fleet: &FleetState, now: Timestamp) -> Plan {
    match refusal(incident, policy, fleet, now) {
        Some(reason) => Plan::Declined(reason),
        None if policy.mode == Mode::DryRun => Plan::Rehearse(Action::Reboot),
        None => Plan::Act(Action::Reboot),
    }
}

fn refusal(incident: &Incident, policy: &Policy, fleet: &FleetState, now: Timestamp) -> Option<DeclineReason> {
    if policy.mode == Mode::Off {
        return Some(DeclineReason::SwitchedOff);
    }
    let kind = &incident.anomaly.resource.kind;
    if kind != EC2_INSTANCE {
        return Some(DeclineReason::UnsupportedType { resource_type: kind.clone() });
    }
    let Some(instance) = &fleet.instance else { return Some(DeclineReason::Gone) };
    if instance.tags.contains_key(&policy.protected_tag) {
        return Some(DeclineReason::Protected { tag: policy.protected_tag.clone() });
    }
    let wanted = Action::Reboot.to_string();
    if instance.tags.get(&policy.opt_in_tag) != Some(&wanted) {
        return Some(DeclineReason::NotOptedIn { tag: policy.opt_in_tag.clone(), value: wanted });
    }
    if instance.state != "running" {
        return Some(DeclineReason::NotRunning { state: instance.state.clone() });
    }
    let age = now.duration_since(incident.anomaly.window_end);
    if age > policy.max_incident_age {
        return Some(DeclineReason::Stale {
            age_minutes: age.as_mins(),
            limit_minutes: policy.max_incident_age.as_mins(),
        });
    }
    fleet.cooldown_until.filter(|until| *until > now).map(|until| DeclineReason::CoolingDown { until })
}
