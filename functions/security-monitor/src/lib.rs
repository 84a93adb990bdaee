//! Judges CloudTrail events by the security rules, and opens one incident per attack.
//!
//! | module | what it does |
//! |---|---|
//! | [`request`] | what the function was called for |
//! | [`handler`] | one call: judge an event, sweep, or answer the API |
//! | [`judge`] | events of one principal: load what is remembered, decide, save |
//! | [`tell`] | a story: store its incident, publish it |
//! | [`sweep`] | CloudTrail's history, for what EventBridge did not bring |
//! | [`detect`] | what the rules say of events, without remembering anything |
//! | [`rules`] | the rules of the package and those beside it |

pub mod context;
pub mod detect;
pub mod handler;
pub mod judge;
pub mod request;
pub mod rules;
pub mod settings;
pub mod sweep;
pub mod tell;
