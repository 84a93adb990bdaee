//! The nouns of Nightjar and every decision it takes.
//!
//! Nothing here touches AWS, tokio, a clock, the environment or a source of randomness: "now" and every
//! identifier's ingredients arrive as arguments, so that a decision can be replayed from its inputs.

pub mod accounts;
pub mod alarm;
pub mod alert;
pub mod anomaly;
pub mod audit;
pub mod catalogue;
pub mod configuration;
pub mod coverage;
pub mod diagnosis;
pub mod envelope;
pub mod escalation;
pub mod event_summary;
pub mod evidence;
pub mod feedback;
pub mod id;
pub mod idempotency;
pub mod identity;
pub mod incident;
pub mod incident_change;
pub mod incident_times;
pub mod log_watch;
pub mod maintenance;
pub mod metric;
pub mod models;
pub mod onboarding;
pub mod record;
pub mod recovery;
pub mod remediation;
pub mod resource;
pub mod routing;
pub mod second_look;
pub mod security;
pub mod severity;
