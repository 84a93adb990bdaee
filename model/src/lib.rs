//! Nightjar's detector: a streaming, causal judgement of one metric's datapoints, one at a time.
//!
//! ```
//! use nightjar_model::{Datapoint, Detector, Model, SeriesState, Verdict};
//!
//! let detector = Detector::new(Model::bundled());
//! let mut state = SeriesState::new(300);
//! let observation = detector.observe(&mut state, Datapoint { at: 1_700_000_100, value: 31.5 });
//! assert!(matches!(observation.verdict, Verdict::Learning { have: 1, .. }));
//! ```
//!
//! Pure: no AWS, no clock, no environment, and no randomness in inference. Everything a series needs between two datapoints is
//! its [`SeriesState`]; everything trained is the [`Model`].

mod artifact;
pub mod calendar;
mod combine;
mod detector;
pub mod evaluation;
mod explain;
mod feedback;
pub mod forest;
mod members;
mod model;
mod policy;
mod robust;
mod state;
pub mod synthetic;
mod tail;
pub mod train;
mod verdict;

pub use artifact::{Artifact, ArtifactError, FORMAT_VERSION, MAX_BYTES, Provenance, TrainingMetrics};
pub use combine::Tuning;
pub use detector::{Config, Detector};
pub use feedback::Feedback;
pub use members::{MEMBERS, Member};
pub use model::Model;
pub use policy::Policy;
pub use state::{MAX_STATE_BYTES, SeriesState, StateError};
pub use tail::TailOptions;
pub use verdict::{Anomaly, Datapoint, Expected, IgnoreReason, Observation, Reason, Severity, Verdict};
