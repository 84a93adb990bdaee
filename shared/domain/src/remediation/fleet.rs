//! What is known right now of a resource and of everything under repair.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Action, Ledger, UserState};
use crate::incident::Status;
use crate::resource::ResourceRef;

/// The tag by which EC2 tells the Auto Scaling group of an instance.
pub const GROUP_TAG: &str = "aws:autoscaling:groupName";

/// Everything a decision looks at beside the incident and the policies.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FleetState {
    /// What the steps act on, as the engine found it; else what the incident says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<ResourceRef>,
    /// The user behind an attack; `None` when IAM knows no such user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserState>,
    /// `None` when AWS knows no such instance.
    pub instance: Option<InstanceState>,
    /// Its Auto Scaling group; looked at where a policy may change one.
    pub group: Option<GroupState>,
    /// Running instances of the same product, this one included.
    pub product_members: u32,
    /// Until when an earlier run keeps this resource off limits.
    pub cooldown_until: Option<Timestamp>,
    /// Where the incident stands, once it is stored.
    pub incident_status: Option<Status>,
    pub control: Control,
    pub ledger: Ledger,
}

/// An instance as AWS describes it right now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct InstanceState {
    /// Such as `running`.
    pub state: String,
    pub tags: BTreeMap<String, String>,
    pub launched_at: Option<Timestamp>,
    /// `ebs` or `instance-store`.
    pub root_device: Option<String>,
    /// Ids of the attached EBS volumes.
    pub volumes: Vec<String>,
    /// Whether AWS still runs the first status checks after a start.
    pub is_initializing: bool,
    /// Whether a status check fails.
    pub is_impaired: bool,
    /// What AWS has scheduled for it, such as `system-reboot`.
    pub scheduled_events: Vec<String>,
    /// Ids of its security groups, sorted.
    pub security_groups: Vec<String>,
    pub network_interfaces: u32,
    /// Whether Systems Manager's agent on it answers; looked at where a policy may run a document.
    pub is_managed: bool,
}

/// An Auto Scaling group right now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupState {
    pub name: String,
    pub tags: BTreeMap<String, String>,
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub members: Vec<Member>,
    /// Processes that somebody suspended, such as `Launch`.
    pub suspended: Vec<String>,
}

/// An instance as its group sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    pub instance: String,
    /// Such as `InService`.
    pub lifecycle: String,
    pub is_healthy: bool,
}

impl Member {
    pub fn is_in_service(&self) -> bool {
        self.is_healthy && self.lifecycle == "InService"
    }
}

impl GroupState {
    /// Why the group cannot take part in `action` on one of its instances.
    pub(super) fn objection(&self, action: Action, instance: &str) -> Option<&'static str> {
        let others = || self.members.iter().filter(|member| member.instance != instance);
        if self.suspended.iter().any(|process| process == "Launch") {
            return Some("its group may not launch instances: that process is suspended");
        }
        match action {
            Action::AsgReplace if self.suspended.iter().any(|process| process == "Terminate") => {
                Some("its group may not terminate instances: that process is suspended")
            }
            Action::AsgReplace
                if !self.members.iter().any(|m| m.instance == instance && m.lifecycle == "InService") =>
            {
                Some("it is not in service in its group")
            }
            Action::AsgReplace if others().count() == 0 => Some("it is the only member of its group"),
            Action::AsgReplace
                if (self.members.len() as u64) < u64::from(self.desired) || !others().all(Member::is_in_service) =>
            {
                Some("another member of its group is missing or not healthy")
            }
            Action::ScaleOut if self.desired >= self.max => Some("its group is as large as it may be"),
            Action::ScaleOut
                if self.members.len() as u64 != u64::from(self.desired)
                    || self.members.iter().any(|member| member.lifecycle != "InService") =>
            {
                Some("a member of its group comes or goes")
            }
            _ => None,
        }
    }

    /// Whether the group is whole again without `instance`.
    pub(super) fn has_replaced(&self, instance: &str) -> bool {
        let whole = self.members.iter().filter(|member| member.is_in_service()).count() as u64;
        whole >= u64::from(self.desired) && self.members.iter().all(|member| member.instance != instance)
    }
}

impl FleetState {
    /// What an approval holds for; `None` where there is nothing to act on.
    pub fn fingerprint(&self) -> Option<String> {
        let instance = self.instance.as_ref().map(InstanceState::fingerprint);
        instance.or_else(|| self.user.as_ref().map(UserState::fingerprint))
    }
}

impl InstanceState {
    /// The Auto Scaling group that owns it.
    pub fn group(&self) -> Option<&str> {
        self.tags.get(GROUP_TAG).map(String::as_str)
    }

    /// What an approval holds for: state, tags and time of launch. Anything else would be another situation.
    pub fn fingerprint(&self) -> String {
        let launched = self.launched_at.map(|at| at.to_string()).unwrap_or_default();
        let tags = self.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
        digest([self.state.as_str(), launched.as_str()].into_iter().chain(tags))
    }
}

/// SHA-256 over the parts, each with its length, so that no two lists are the same text.
pub(super) fn digest<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

/// The kill switch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Control {
    /// Set: nothing is carried out, whatever the mode.
    pub stopped: Option<Stop>,
    /// Who took the last stop back.
    pub resumed: Option<Stop>,
}

/// Who used the switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stop {
    pub by: String,
    pub at: Timestamp,
    pub why: String,
}
