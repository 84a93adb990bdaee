//! What may be done to a machine, and when it must not be.

mod action;
mod approval;
mod belts;
mod claim;
mod decline;
mod fleet;
mod ledger;
mod mode;
mod outcome;
mod plan;
mod policies;
mod subject;
mod symptoms;
mod undo;
mod verify;

pub use action::Action;
pub use approval::{Refusal, Ticket};
pub use belts::{BELTS, Belt, Situation, stopped_by};
pub use claim::{Announcement, CannotUndo, Claim, ClaimState, Decision, Remembered, Resume, Run, Tried, resume};
pub use decline::DeclineReason;
pub use fleet::{Control, FleetState, GROUP_TAG, GroupState, InstanceState, Member, Stop};
pub use ledger::{Act, Breaker, End, Healing, Ledger, OpenRun};
pub use mode::{Mode, UnknownMode};
pub use outcome::{RemediationOutcome, RemediationResult};
pub use plan::{Explained, Plan, explain, may_go_on, plan};
pub use policies::{
    AllowedDocument, Bounds, Freeze, Limits, Matcher, Policies, PoliciesDocument, PoliciesError, Policy, Step,
};
pub use subject::{AccessKey, IAM_USER, UserState, subject};
pub use symptoms::{LogsAgain, Symptom, judge_logs, symptoms};
pub use undo::{Way, way_back};
pub use verify::{GOOD_PERIODS, Judgement, Observed, judge, judge_replacement};
