//! One CloudWatch series: a metric, its dimensions, a statistic and a period.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::accounts::Scope;

/// A CloudWatch metric as GetMetricData asks for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Metric {
    /// Such as `AWS/EC2` or `CWAgent`.
    pub namespace: String,
    /// Such as `CPUUtilization`.
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
    /// `Average`, `Sum`, `Maximum`, `Minimum`, `SampleCount` or a percentile such as `p99`.
    pub statistic: String,
    /// Seconds; 60 or a multiple of it.
    pub period_seconds: u32,
    /// Where CloudWatch keeps it, if not in the suite's own account and region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "111122223333/eu-west-1")]
    pub scope: Option<Scope>,
}

/// Identifies a series in the series table; readable, since people look there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SeriesId(String);

impl SeriesId {
    /// Takes a text that [`Metric::series`] gave earlier.
    pub fn from_existing(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SeriesId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Metric {
    /// `namespace|name|dimension=value,…|statistic|period`, behind the scope where there is one: equal metrics give equal ids, in any
    /// order of dimensions, and what has one name in two accounts has two.
    pub fn series(&self) -> SeriesId {
        let dimensions: Vec<String> = self.dimensions.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let scope = self.scope.as_ref().map(|scope| format!("{scope}|")).unwrap_or_default();
        SeriesId(format!(
            "{scope}{}|{}|{}|{}|{}",
            self.namespace,
            self.name,
            dimensions.join(","),
            self.statistic,
            self.period_seconds
        ))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({}, {} s)", self.namespace, self.name, self.statistic, self.period_seconds)
    }
}
