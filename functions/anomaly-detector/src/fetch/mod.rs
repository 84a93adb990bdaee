//! Datapoints from CloudWatch: what to ask for, and the asking.

mod plan;
mod request;

pub use plan::{Batch, plan};
pub use request::{Fetched, fetch};
