//! What may be done to a machine.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kinds of step that a runbook may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Leaves it to people, and tells them what was tried.
    NotifyOnly,
    Reboot,
    /// Stops the instance and starts it again, on other hardware.
    StopStart,
    /// Takes a snapshot of every EBS volume before the next step.
    SnapshotFirst,
    Isolate,
    SsmDocument,
    AsgReplace,
    ScaleOut,
    /// Makes the access keys inactive that an attack was made with.
    DisableAccessKey,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotifyOnly => "notify_only",
            Self::Reboot => "reboot",
            Self::StopStart => "stop_start",
            Self::SnapshotFirst => "snapshot_first",
            Self::Isolate => "isolate",
            Self::SsmDocument => "ssm_document",
            Self::AsgReplace => "asg_replace",
            Self::ScaleOut => "scale_out",
            Self::DisableAccessKey => "disable_access_key",
        }
    }

    /// The words of the opt-in tag of which one permits it.
    pub fn consents(self) -> &'static [&'static str] {
        match self {
            Self::NotifyOnly | Self::Reboot => &["reboot", "stop_start"],
            Self::StopStart => &["stop_start"],
            Self::SnapshotFirst => &["reboot", "stop_start", "isolate", "ssm_document", "asg_replace"],
            Self::Isolate => &["isolate"],
            Self::SsmDocument => &["ssm_document"],
            Self::AsgReplace => &["asg_replace"],
            Self::ScaleOut => &["scale_out"],
            Self::DisableAccessKey => &["disable_access_key"],
        }
    }

    /// Whether it changes an Auto Scaling group, which then must consent too.
    pub fn is_on_group(self) -> bool {
        matches!(self, Self::AsgReplace | Self::ScaleOut)
    }

    /// Whether it is about a user of IAM, and not about an instance.
    pub fn is_on_user(self) -> bool {
        self == Self::DisableAccessKey
    }

    /// Whether an attack may be answered with it: it stops or keeps, and heals nothing.
    pub fn answers_attacks(self) -> bool {
        matches!(self, Self::NotifyOnly | Self::SnapshotFirst | Self::Isolate | Self::DisableAccessKey)
    }

    /// Whether it calls AWS to change something.
    pub fn changes_something(self) -> bool {
        self != Self::NotifyOnly
    }

    /// Whether it is meant to heal, so that the symptom is looked at afterwards.
    pub fn heals(self) -> bool {
        matches!(self, Self::Reboot | Self::StopStart | Self::SsmDocument | Self::AsgReplace | Self::ScaleOut)
    }

    /// Whether there is no patient any more afterwards: only people can follow.
    pub fn ends_the_runbook(self) -> bool {
        matches!(self, Self::Isolate | Self::AsgReplace | Self::DisableAccessKey)
    }

    /// What must hold before, beside the belts that hold for every step.
    pub fn precondition(self) -> &'static str {
        match self {
            Self::NotifyOnly => "none",
            Self::Reboot | Self::SnapshotFirst => "the instance is running",
            Self::StopStart => "the instance is running, its root volume is on EBS, and no Auto Scaling group owns it",
            Self::Isolate => {
                "the instance has one network interface, is not isolated yet, and no Auto Scaling group owns it"
            }
            Self::SsmDocument => "the document and its parameters are on the list, and Systems Manager's agent answers",
            Self::AsgReplace => {
                "the instance is in service in a group that may launch, and all its other members, at least one, are healthy"
            }
            Self::ScaleOut => "the group is below its maximum, may launch, and no member comes or goes",
            Self::DisableAccessKey => {
                "a key that the events name belongs to the user and is active; it is not this function's own, and the user is not on the list break_glass"
            }
        }
    }

    /// How it can be taken back.
    pub fn undo(self) -> &'static str {
        match self {
            Self::NotifyOnly => "nothing to take back",
            Self::Reboot => "cannot be taken back; disks are kept, memory is lost",
            Self::StopStart => {
                "cannot be taken back; instance-store data and a public IP that is no Elastic IP are lost"
            }
            Self::SnapshotFirst => "delete the snapshots, which are tagged with the incident",
            Self::Isolate => "`nightjar remediate undo` gives the security groups back that it had",
            Self::SsmDocument => "whatever the document says",
            Self::AsgReplace => "cannot be taken back; the instance and what only it held are lost",
            Self::ScaleOut => "`nightjar remediate undo` sets the capacity back that the group had",
            Self::DisableAccessKey => "`nightjar remediate undo` makes the keys active again that were",
        }
    }

    /// How its effect is judged.
    pub fn verification(self) -> &'static str {
        match self {
            Self::NotifyOnly => "none",
            Self::SnapshotFirst => "EC2 accepted every snapshot",
            Self::Reboot | Self::StopStart | Self::ScaleOut => {
                "the metric is back inside the range that was expected, the status checks do not fail, and the log lines that were new are gone"
            }
            Self::SsmDocument => "the document ended with success, and then as after a reboot",
            Self::Isolate => "the instance's only security group is that of the quarantine",
            Self::AsgReplace => "the group is at its desired capacity again, all healthy, without the instance",
            Self::DisableAccessKey => "the keys are inactive",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotifyOnly => "notice to people",
            Self::Reboot => "reboot",
            Self::StopStart => "stop and start",
            Self::SnapshotFirst => "snapshot",
            Self::Isolate => "isolation",
            Self::SsmDocument => "SSM document",
            Self::AsgReplace => "replacement",
            Self::ScaleOut => "scale-out",
            Self::DisableAccessKey => "deactivation of an access key",
        })
    }
}
