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
        }
    }

    /// Whether this build carries it out. What it cannot do is refused when policies are read, not at night.
    pub fn is_carried_out(self) -> bool {
        matches!(self, Self::NotifyOnly | Self::Reboot | Self::StopStart | Self::SnapshotFirst)
    }

    /// The values of the opt-in tag that permit it.
    pub fn consents(self) -> &'static [&'static str] {
        match self {
            Self::StopStart => &["stop_start"],
            _ => &["reboot", "stop_start"],
        }
    }

    /// Whether it calls AWS to change something.
    pub fn changes_something(self) -> bool {
        self != Self::NotifyOnly
    }

    /// Whether it is meant to heal, so that the symptom is looked at afterwards.
    pub fn heals(self) -> bool {
        matches!(self, Self::Reboot | Self::StopStart)
    }

    /// What must hold before, beside the belts that hold for every step.
    pub fn precondition(self) -> &'static str {
        match self {
            Self::NotifyOnly => "none",
            Self::Reboot | Self::SnapshotFirst => "the instance is running",
            Self::StopStart => "the instance is running, its root volume is on EBS, and no Auto Scaling group owns it",
            Self::Isolate | Self::SsmDocument | Self::AsgReplace | Self::ScaleOut => "not carried out by this build",
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
            Self::Isolate | Self::SsmDocument | Self::AsgReplace | Self::ScaleOut => "not carried out by this build",
        }
    }

    /// How its effect is judged.
    pub fn verification(self) -> &'static str {
        match self {
            Self::NotifyOnly => "none",
            Self::SnapshotFirst => "EC2 accepted every snapshot",
            Self::Reboot | Self::StopStart => {
                "the metric is back inside the range that was expected, and the status checks do not fail"
            }
            Self::Isolate | Self::SsmDocument | Self::AsgReplace | Self::ScaleOut => "not carried out by this build",
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
        })
    }
}
