//! Heals what it may: plans, claims, reboots, records.
//!
//! The order is what makes it safe: the claim is won by a conditional write before EC2 is called, so that no delivery,
//! however often repeated, acts twice; `started` is in the audit trail before the call, so that no call goes unseen; and
//! a claim whose owner died is never taken over, only looked into.

pub mod context;
pub mod handler;
pub mod lookup;
pub mod settings;
