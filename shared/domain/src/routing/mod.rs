//! Who is told what, when: Alertmanager's semantics as pure functions.
//!
//! - [`labels`], [`matcher`]: what an alert is called by, and conditions on it;
//! - [`document`], [`tree`], [`product`], [`channel`]: the configuration as written, and checked;
//! - [`group`]: alerts that go out together, and what was told of them;
//! - [`silence`], [`inhibition`], [`time_interval`], [`suppression`]: what holds an alert back, and why;
//! - [`decide`]: what becomes of an alert that arrives: [`route`];
//! - [`flush`]: what a group has to say at this moment;
//! - [`held`]: what the store keeps;
//! - [`rate_limit`], [`backoff`]: how often a channel is told, and when a failure is tried again.

mod alert;
pub mod backoff;
pub mod channel;
mod check;
pub mod decide;
pub mod document;
pub mod flush;
pub mod group;
pub mod held;
pub mod inhibition;
pub mod labels;
mod lenient;
pub mod matcher;
pub mod product;
pub mod rate_limit;
pub mod silence;
mod span;
pub mod suppression;
pub mod time_interval;
pub mod tree;

pub use alert::Alert;
pub use channel::{Channel, SecretRef};
pub use decide::{AlertState, Decision, Way, route};
pub use flush::{Because, Flush, Look, Quiet, Verdict, flush};
pub use group::{Group, GroupState, Member, ToldAs};
pub use labels::Labels;
pub use matcher::Matcher;
pub use product::Product;
pub use silence::Silence;
pub use span::Span;
pub use suppression::SuppressedBy;
pub use tree::{Node, Receiver, Routes, RoutesError, Settings};
