//! An anomaly: one datapoint that the detector did not expect.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::envelope::Message;
use crate::id::AnomalyId;
use crate::metric::Metric;
use crate::resource::ResourceRef;
use crate::severity::Severity;

/// The message `nightjar.anomaly/1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Anomaly {
    pub id: AnomalyId,
    pub resource: ResourceRef,
    pub metric: Metric,
    /// Start of the datapoint's period.
    pub window_start: Timestamp,
    /// End of the datapoint's period.
    pub window_end: Timestamp,
    /// In the metric's own unit.
    pub observed: f64,
    pub expected: ExpectedRange,
    /// 0 (ordinary) to 1 (never seen).
    pub score: f64,
    pub severity: Severity,
    /// Plain sentences: which members of the detector fired, and why.
    pub reasons: Vec<String>,
    /// The version of the model that judged.
    pub detector: String,
}

/// The range the detector expected, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExpectedRange {
    pub low: f64,
    pub typical: f64,
    pub high: f64,
}

impl Anomaly {
    /// The identity of an anomaly: the same series and window give the same id on every run. The model has no part in it: a run
    /// that dies after publishing is repeated, perhaps by a newer model, and a series that is learnt anew judges its last hours a
    /// second time. Neither may raise again what was raised.
    pub fn identify(metric: &Metric, window_end: Timestamp) -> AnomalyId {
        AnomalyId::derive(&[metric.series().as_str(), &window_end.to_string()])
    }
}

impl Message for Anomaly {
    const SCHEMA: &'static str = "nightjar.anomaly/1";
    const KIND: &'static str = "anomaly";

    fn message_id(&self) -> String {
        self.id.to_string()
    }

    fn severity(&self) -> Severity {
        self.severity
    }

    fn resource_type(&self) -> &str {
        &self.resource.kind
    }
}
