//! One watched series on its way through a run.

use jiff::Timestamp;
use nightjar_aws::stores::SeriesItem;
use nightjar_domain::metric::Metric;
use nightjar_domain::resource::{Direction, Resource, ResourceRef};
use nightjar_model::SeriesState;

/// A series, the resource it belongs to, and what the detector remembers of it.
#[derive(Debug, Clone)]
pub struct Watch {
    pub resource: ResourceRef,
    pub metric: Metric,
    pub direction: Direction,
    pub state: SeriesState,
    /// The version the state was loaded at; 0 for a new series.
    pub version: u64,
}

impl Watch {
    /// A series with its stored state. A state that cannot be read (written by a later version, or damaged) is learnt
    /// anew from history rather than stopping the series for ever.
    pub fn new(resource: &ResourceRef, metric: &Metric, direction: Direction, stored: Option<&SeriesItem>) -> Self {
        let fresh = || SeriesState::new(metric.period_seconds);
        let (state, version) = match stored {
            None => (fresh(), 0),
            Some(item) => match SeriesState::decode(&item.state) {
                Ok(state) => (state, item.version),
                Err(error) => {
                    tracing::warn!(series = %metric.series(), %error, "the state is unreadable: the series is learnt anew");
                    (fresh(), item.version)
                }
            },
        };
        Self { resource: resource.clone(), metric: metric.clone(), direction, state, version }
    }

    /// The newest datapoint that was judged.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.state.last_at().and_then(|seconds| Timestamp::from_second(seconds).ok())
    }
}

/// Every series of every resource that can bring datapoints.
pub fn all(resources: &[Resource]) -> Vec<(&ResourceRef, &Metric, Direction)> {
    resources
        .iter()
        .flat_map(|resource| {
            resource.metrics.iter().map(|watched| (&resource.reference, &watched.metric, watched.direction))
        })
        .collect()
}
