//! Datapoints from CloudWatch: what to ask for, and the asking.
//!
//! Apart from `shared/aws`, so that only who reads metrics is linked with their SDK.

mod plan;
mod request;

use jiff::Timestamp;
use nightjar_domain::metric::Metric;

pub use plan::{Batch, HISTORY, LAG, plan};
pub use request::{Fetched, fetch};

/// A series to be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub metric: &'a Metric,
    /// The newest datapoint that is known; with `None`, all history is asked for.
    pub last_at: Option<Timestamp>,
}
