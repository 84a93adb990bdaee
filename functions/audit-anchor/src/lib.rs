//! Signs the ends of the audit trail's chains every hour and locks them away.
//!
//! One hour has one anchor, whoever runs how often. An end that lies before the one of the last anchor is an error: the event
//! ends in the dead-letter queue, and its alarm tells people within the hour that entries are gone.

pub mod context;
pub mod handler;
pub mod settings;
