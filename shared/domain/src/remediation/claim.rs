//! The claim on an action: taken before it, settled after it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, DeclineReason};
use crate::id::IncidentId;

/// One incident's remediation, as stored. Whoever writes it first owns the action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claim {
    pub incident: IncidentId,
    pub resource_arn: String,
    pub state: ClaimState,
    pub claimed_at: Timestamp,
    /// Until when the owner may still be at work.
    pub lease_until: Timestamp,
    pub settled_at: Option<Timestamp>,
    pub announcement: Announcement,
}

/// Whether people were told how it ended. Until they were, every redelivery tries to tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    Due,
    /// A delivery may be telling them until then; afterwards another one may.
    Underway {
        until: Timestamp,
    },
    Done,
}

/// Where a claim stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ClaimState {
    /// The call may have been made, or not yet.
    Started {
        action: Action,
    },
    Finished {
        action: Action,
    },
    /// AWS refused the call.
    Failed {
        action: Action,
        error: String,
    },
    /// Nobody knows whether the call was made.
    Unknown {
        action: Action,
    },
    Rehearsed {
        action: Action,
    },
    Declined(DeclineReason),
}

/// What a second delivery of the same incident may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Settled: nothing but telling people, if that has not happened.
    Settled,
    /// The owner may still be at work: come back later.
    InFlight { until: Timestamp },
    /// The owner is gone and left no outcome: look, then tell people. Never repeat.
    OutcomeUnknown { action: Action, since: Timestamp },
}

/// Decides what a delivery may do that finds the claim taken.
pub fn resume(claim: &Claim, now: Timestamp) -> Resume {
    match claim.state {
        ClaimState::Started { .. } if now < claim.lease_until => Resume::InFlight { until: claim.lease_until },
        ClaimState::Started { action } => Resume::OutcomeUnknown { action, since: claim.claimed_at },
        _ => Resume::Settled,
    }
}
