//! What may be done to a machine, and when it must not be.

mod claim;
mod decline;
mod outcome;
mod plan;

pub use claim::{Announcement, Claim, ClaimState, Resume, resume};
pub use decline::DeclineReason;
pub use outcome::{RemediationOutcome, RemediationResult};
pub use plan::{Action, FleetState, InstanceState, Mode, Plan, Policy, UnknownMode, plan};
