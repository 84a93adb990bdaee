//! Heals what it may: plans, claims, acts, verifies, records.
//!
//! The order is what makes it safe: the claim is won by a conditional write before EC2 is called, so that no delivery,
//! however often repeated, acts twice; `started` is in the audit trail before the call, so that no call goes unseen; and
//! a claim whose owner died is never taken over, only looked into. What waits (for approval, for a stop, for its effect to
//! show) is taken up again by the sweep, every minute, from the ledger of open runs.

pub mod act;
pub mod advance;
pub mod approvals;
pub mod context;
pub mod decide;
pub mod handler;
pub mod lookup;
pub mod observe;
pub mod report;
pub mod settings;
pub mod sweep;
pub mod symptoms;
pub mod undo;
