//! One watched series on its way through a run.

use jiff::Timestamp;
use nightjar_aws::stores::SeriesItem;
use nightjar_domain::maintenance::Window;
use nightjar_domain::metric::Metric;
use nightjar_domain::recovery::Calm;
use nightjar_domain::resource::{Direction, Resource, ResourceRef};
use nightjar_model::{Feedback, SeriesState};

/// A series, the resource it belongs to, and what the detector remembers of it.
#[derive(Debug, Clone)]
pub struct Watch {
    pub resource: ResourceRef,
    pub metric: Metric,
    pub direction: Direction,
    /// When what the resource does is no news.
    pub maintenance: Vec<Window>,
    pub state: SeriesState,
    /// How long it has been within its expected range.
    pub calm: Option<Calm>,
    /// The version the state was loaded at; 0 for a new series.
    pub version: u64,
}

impl Watch {
    /// A series with its stored state. A state that cannot be read (written by another version, or damaged) is learnt
    /// anew from history rather than stopping the series for ever; what people said of the series stays.
    pub fn new(
        resource: &ResourceRef,
        metric: &Metric,
        direction: Direction,
        maintenance: Vec<Window>,
        stored: Option<&SeriesItem>,
    ) -> Self {
        let fresh = || SeriesState::new(metric.period_seconds);
        let (mut state, version) = match stored {
            None => (fresh(), 0),
            Some(item) => match SeriesState::decode(&item.state) {
                Ok(state) => (state, item.version),
                Err(error) => {
                    tracing::warn!(series = %metric.series(), %error, "the state is unreadable: the series is learnt anew");
                    (fresh(), item.version)
                }
            },
        };
        if let Some(feedback) = stored.and_then(|item| item.feedback.as_deref()) {
            match serde_json::from_str::<Feedback>(feedback) {
                Ok(feedback) => state.feedback = feedback,
                Err(error) => {
                    tracing::warn!(series = %metric.series(), %error, "what people said of the series is unreadable");
                }
            }
        }
        let calm = stored.and_then(|item| item.calm);
        Self { resource: resource.clone(), metric: metric.clone(), direction, maintenance, state, calm, version }
    }

    /// Whether the period that began at `at` (Unix seconds) lies in a maintenance window.
    pub fn is_maintained(&self, at: i64) -> bool {
        let period = i64::from(self.metric.period_seconds);
        let span = (Timestamp::from_second(at), Timestamp::from_second(at.saturating_add(period)));
        let (Ok(from), Ok(until)) = span else { return false };
        self.maintenance.iter().any(|window| window.overlaps(from, until))
    }

    /// What is stored of the series after the run.
    pub fn to_item(&self) -> anyhow::Result<SeriesItem> {
        let said = self.state.feedback != Feedback::default();
        let feedback = said.then(|| serde_json::to_string(&self.state.feedback)).transpose()?;
        Ok(SeriesItem { state: self.state.encode(), feedback, calm: self.calm, version: self.version })
    }

    /// The newest datapoint that was judged.
    pub fn last_at(&self) -> Option<Timestamp> {
        self.state.last_at().and_then(|seconds| Timestamp::from_second(seconds).ok())
    }
}

/// Every series of every resource that can bring datapoints.
pub fn all(resources: &[Resource]) -> Vec<(&Resource, &Metric, Direction)> {
    resources
        .iter()
        .flat_map(|resource| resource.metrics.iter().map(move |watched| (resource, &watched.metric, watched.direction)))
        .collect()
}
