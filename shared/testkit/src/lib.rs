//! Realistic examples for tests: one EC2 instance whose CPU jumps while its application runs out of memory.
//!
//! Every builder returns a complete value with public fields; a test changes what it is about and leaves the rest:
//!
//! ```
//! use nightjar_domain::anomaly::Anomaly;
//! use nightjar_testkit::{anomaly, at};
//!
//! let faint = Anomaly { score: 0.4, ..anomaly() };
//! assert_eq!(faint.window_end, at("2026-11-21T10:00:00Z"));
//! ```

mod audit;
mod diagnosis;
mod envelope;
mod incident;
mod resource;
mod security;
mod time;

pub use audit::{AnchorKey, Trail};
pub use diagnosis::{change, evidence, finding, finding_without_errors, log_line, observed_pattern};
pub use envelope::{envelope_of, sns_event};
pub use incident::{anomaly, incident, incident_of, incidents};
pub use resource::{ACCOUNT, INSTANCE, LOG_GROUP, REGION, metric, resource, resource_ref, watched_metric};
pub use security::{attack_story, security_incident};
pub use time::{at, now};
