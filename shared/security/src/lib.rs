//! CloudTrail events against Sigma rules. Pure: no AWS, no clock, no environment; time comes with the events.
//!
//! | module | what it does |
//! |---|---|
//! | [`read`] | bytes of any delivery (gzip, `Records`, JSON lines, `EventBridge`) to events, with named problems |
//! | [`facts`] | what a rule needs and an event does not say: who acts, which accounts a policy lets in |
//! | [`rules`] | Sigma YAML to a rule set; a rule that does not load is named and stops nothing |
//! | [`detector`] | events to matches: single rules, correlations, what a principal never did before |
//! | [`baseline`] | which principal usually does what: learned, bounded, explainable |
//! | [`monitor`] | events of one principal and what is remembered of it, to stories |
//! | [`noise`] | allow-lists by rule, principal, network and time |
//! | [`story`] | matches to incidents: one per principal, session and chain of tactics |
//! | [`cases`] | the example events beside each rule, and whether they do what they claim |
//! | [`month`] | an ordinary month of an account, generated, to count false alarms |
//! | [`coverage`] | technique × rule × example, as Markdown |
//!
//! # The Sigma engine
//!
//! Matching is `rsigma-eval`'s, not ours. It was measured against `sigma-rust` 0.7 (figures in
//! `docs/security-rules.md`): `sigma-rust` is half as large, has no correlation rules, does not see an absent field as
//! `null`, and evaluates every rule on every event. `rsigma-eval` has correlations and finds the candidate rules of an
//! event through an index of values, which is what makes a thousand rules affordable.

pub mod baseline;
pub mod cases;
pub mod coverage;
pub mod detector;
pub mod facts;
pub mod monitor;
pub mod month;
pub mod noise;
pub mod policy;
pub mod read;
pub mod rules;
pub mod story;

pub use detector::{Detector, Match, Options};
pub use rules::{Level, RuleSet};
