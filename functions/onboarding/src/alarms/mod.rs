//! Alarms as CloudWatch has them, and the steps that bring them where the plan wants them.

mod apply;
mod look;

pub use apply::{Applied, Refusal, apply};
pub use look::{Existing, own, read};
