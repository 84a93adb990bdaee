//! What the store keeps of groups, in the words of the domain.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::backoff::Failures;
use super::group::{Group, GroupState, Member};
use crate::id::GroupId;
use crate::incident::Status;

/// Where an alert has been put: enough to find it again when somebody acknowledges or resolves its incident.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub group: GroupId,
    pub fingerprint: String,
}

/// What somebody did to an incident, as far as telling people goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub incident: String,
    pub to: Status,
    /// Of a suppression: when it ends.
    pub until: Option<Timestamp>,
}

/// The first message that a channel was sent of a group, which later ones refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Where it is, as the other side calls the place.
    pub channel: String,
    /// Its name there.
    pub message: String,
}

/// The right to look at a group, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub group: Group,
    /// Grows with every claim: a worker whose lease has ended cannot write over the one who took over.
    pub token: u64,
    /// Alerts that had arrived when the claim was won. One that arrives later must be looked at again.
    pub arrivals: u64,
    pub failures: Option<Failures>,
}

/// A group as stored, read under a claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    pub state: GroupState,
    pub members: Vec<Member>,
}

/// How a look at a group ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub state: GroupState,
    pub due_at: Option<Timestamp>,
    /// When to look again if an alert has arrived in the meantime.
    pub due_for_arrivals: Timestamp,
    pub failures: Option<Failures>,
}
