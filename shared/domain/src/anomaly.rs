//! An anomaly: one datapoint that the detector did not expect.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::diagnosis::number;
use crate::envelope::Message;
use crate::id::{AnomalyId, Fingerprint};
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

/// Who noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The detector, in a metric.
    Metric,
    /// A threshold alarm of CloudWatch.
    Alarm,
    /// A rule over log lines.
    Logs,
}

impl ExpectedRange {
    /// Stands for a bound that there is not. Stores take 38 digits (DynamoDB, data types), written without an exponent, so that no
    /// float's own largest will do.
    pub const NO_BOUND: f64 = 1e30;

    /// From the lower bound to the upper, in the metric's unit; `None` where one of them is not there.
    pub fn width(&self) -> Option<f64> {
        let is_bounded = self.low > -Self::NO_BOUND && self.high < Self::NO_BOUND;
        is_bounded.then(|| (self.high - self.low).abs())
    }

    /// As people say it: `3 to 7`, `at most 7`, `at least 3`.
    pub fn text(&self) -> String {
        match (self.low <= -Self::NO_BOUND, self.high >= Self::NO_BOUND) {
            (true, _) => format!("at most {}", number(self.high)),
            (false, true) => format!("at least {}", number(self.low)),
            (false, false) => format!("{} to {}", number(self.low), number(self.high)),
        }
    }
}

impl fmt::Display for FoundBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metric => "metric",
            Self::Alarm => "alarm",
            Self::Logs => "logs",
        })
    }
}

impl Anomaly {
    /// Who noticed, by the detector's name.
    pub fn found_by(&self) -> FoundBy {
        match self.detector.as_str() {
            crate::alarm::DETECTOR => FoundBy::Alarm,
            crate::log_watch::DETECTOR => FoundBy::Logs,
            _ => FoundBy::Metric,
        }
    }

    /// What the same trouble has in common each time it comes: the resource and its metric, in whatever statistic and period it
    /// was looked at. An alarm and the detector that watch one metric agree.
    pub fn fingerprint(&self) -> Fingerprint {
        let Metric { namespace, name, dimensions, .. } = &self.metric;
        let mut parts = vec![self.resource.arn.as_str(), namespace, name];
        parts.extend(dimensions.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
        Fingerprint::derive(&parts)
    }

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
