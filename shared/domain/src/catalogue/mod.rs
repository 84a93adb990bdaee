//! What is watched of which type of resource, and from where on it is an alarm: `config/alert_thresholds.json`.

mod check;
mod table;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::coverage::thresholds::ThresholdOverrides;
use crate::resource::{Direction, Missing};
use crate::routing::Product;

pub(crate) use check::{is_period, window_problem};
pub use table::markdown;

/// The document `config/alert_thresholds.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Where alarms come from, by the name that they give as their source.
    #[serde(default)]
    pub sources: BTreeMap<String, Source>,
    /// Alarms that AWS recommends and this catalogue has not, with the reason.
    #[serde(default)]
    pub not_covered: Vec<NotCovered>,
    /// By resource type, such as `ec2:instance`.
    pub resource_types: BTreeMap<String, ResourceType>,
    /// What people set at run time; no part of the file.
    #[serde(skip)]
    pub overrides: ThresholdOverrides,
    /// The products, whose resources may have other thresholds; no part of the file.
    #[serde(skip)]
    pub products: Vec<Product>,
}

/// Who recommends an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day on which it was compared with this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_on: Option<String>,
    /// Where it was read, if not at the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_from: Option<String>,
}

/// A recommended alarm that is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotCovered {
    pub namespace: String,
    /// `*` for all of the namespace that no entry watches.
    pub metric: String,
    pub why: String,
}

/// One type of resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceType {
    /// What people call it.
    pub title: String,
    /// The dimensions of its metrics: name → value, in which `{id}`, `{arn}`, `{account}`, `{region}`, `{cluster}` (of an ECS
    /// service) and `{api_name}` (of a REST API) stand for the resource's own.
    pub dimensions: BTreeMap<String, String>,
    /// Log groups that are looked for where no tag names any, with the same placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log_groups: Vec<String>,
    pub metrics: Vec<CatalogueEntry>,
}

/// One metric that is watched: for anomalies, against a threshold, or both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    pub namespace: String,
    pub metric: String,
    /// In the words of CloudWatch. For people: an alarm that names a unit sees no datapoint in another.
    pub unit: String,
    /// How its series are found.
    pub discovery: Discovery,
    /// Instead of the type's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<BTreeMap<String, String>>,
    /// Names of dimensions that a listed series has besides, and no others. Absent: whatever others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub further_dimensions: Option<Vec<String>>,
    /// How the detector watches it; absent: it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<AnomalyWatch>,
    /// Its alarm; absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmEntry>,
    /// Noted on the resource when no series is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_when_absent: Option<AbsenceNote>,
    /// Why it is watched so.
    pub why: String,
}

/// How the detector watches a metric.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnomalyWatch {
    /// `Average`, `Sum`, `Minimum`, `Maximum` or `SampleCount`.
    pub statistic: String,
    /// Seconds; 60 or a multiple of it, one day at most.
    pub period_seconds: u32,
    pub direction: Direction,
}

/// A threshold, as CloudWatch judges it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlarmEntry {
    /// Which of its levels are made where no tag says otherwise.
    pub default: Levels,
    /// `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p90`.
    pub statistic: String,
    /// Seconds; 60 or a multiple of it, one day at most.
    pub period_seconds: u32,
    /// M of `M of N`.
    pub datapoints_to_alarm: u32,
    /// N of `M of N`.
    pub evaluation_periods: u32,
    pub comparison: Comparison,
    /// In the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// In the metric's unit.
    pub critical: f64,
    pub missing_data: MissingData,
    /// One of `sources`.
    pub source: String,
    /// In what it differs from its source, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differs: Option<String>,
}

/// Which alarms of an entry are made. Each is $0.10 a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Levels {
    Off,
    /// The critical one.
    Critical,
    /// The critical one and, where the entry has one, the warning.
    All,
}

/// On which side of the threshold it is an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    Above,
    AtOrAbove,
    Below,
    AtOrBelow,
}

impl Comparison {
    /// CloudWatch's name.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Above => "GreaterThanThreshold",
            Self::AtOrAbove => "GreaterThanOrEqualToThreshold",
            Self::Below => "LessThanThreshold",
            Self::AtOrBelow => "LessThanOrEqualToThreshold",
        }
    }

    pub fn from_operator(name: &str) -> Option<Self> {
        [Self::Above, Self::AtOrAbove, Self::Below, Self::AtOrBelow].into_iter().find(|c| c.operator() == name)
    }

    /// As a formula is written.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtOrAbove => "≥",
            Self::Below => "<",
            Self::AtOrBelow => "≤",
        }
    }

    /// Whether a warning at `warning` comes before `critical`.
    pub fn warns_before(self, warning: f64, critical: f64) -> bool {
        match self {
            Self::Above | Self::AtOrAbove => warning < critical,
            Self::Below | Self::AtOrBelow => warning > critical,
        }
    }
}

/// What a period without a datapoint counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingData {
    /// It is left out; without any datapoint the alarm has insufficient data.
    Missing,
    Breaching,
    NotBreaching,
    /// The alarm keeps its state.
    Ignore,
}

impl MissingData {
    /// CloudWatch's name.
    pub fn treatment(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
        }
    }

    pub fn from_treatment(name: &str) -> Option<Self> {
        [Self::Missing, Self::Breaching, Self::NotBreaching, Self::Ignore].into_iter().find(|m| m.treatment() == name)
    }
}

/// How the series of an entry are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discovery {
    /// AWS always publishes it, with the dimensions that are named and no others.
    Standard,
    /// It may be published, with dimensions that vary: asked for with ListMetrics.
    ListMetrics,
}

/// What an absent metric is noted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AbsenceNote {
    MemoryMetric,
    DiskMetric,
}

impl From<AbsenceNote> for Missing {
    fn from(note: AbsenceNote) -> Self {
        match note {
            AbsenceNote::MemoryMetric => Self::MemoryMetric,
            AbsenceNote::DiskMetric => Self::DiskMetric,
        }
    }
}

/// Everything that is wrong with the document, at once.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error("alert_thresholds.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("alert_thresholds.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

impl Catalogue {
    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self = serde_json::from_str(json)?;
        let problems = check::problems(&catalogue);
        if problems.is_empty() { Ok(catalogue) } else { Err(CatalogueError::Content(problems)) }
    }

    /// The document that ships with Nightjar.
    pub const BUNDLED: &str = include_str!("../../../../config/alert_thresholds.json");

    /// The catalogue that ships with Nightjar.
    pub fn bundled() -> Result<Self, CatalogueError> {
        Self::parse(Self::BUNDLED)
    }

    /// The catalogue with what people set; what does not fit it, because the catalogue has changed since, is left out and told.
    #[must_use]
    pub fn overridden(self, mut overrides: ThresholdOverrides) -> (Self, Vec<String>) {
        let problems = overrides.drop_unusable(&self);
        (Self { overrides, ..self }, problems)
    }

    pub fn entries(&self, resource_type: &str) -> &[CatalogueEntry] {
        self.resource_types.get(resource_type).map_or(&[], |kind| kind.metrics.as_slice())
    }

    /// The log groups that a type's resources have by convention, with placeholders.
    pub fn log_groups(&self, resource_type: &str) -> &[String] {
        self.resource_types.get(resource_type).map_or(&[], |kind| kind.log_groups.as_slice())
    }
}

impl ResourceType {
    /// The dimensions of an entry's series, with placeholders.
    pub fn dimensions_of<'a>(&'a self, entry: &'a CatalogueEntry) -> &'a BTreeMap<String, String> {
        entry.dimensions.as_ref().unwrap_or(&self.dimensions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::EC2_INSTANCE;

    #[test]
    fn the_bundled_catalogue_is_valid_and_watches_cpu() {
        let catalogue = Catalogue::bundled().unwrap();
        assert!(catalogue.entries(EC2_INSTANCE).iter().any(|entry| entry.metric == "CPUUtilization"));
        assert!(catalogue.resource_types.len() >= 18, "{}", catalogue.resource_types.len());
        assert!(catalogue.entries("no:such").is_empty());
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_place() {
        let error = Catalogue::parse(
            r#"{"resource_types": {"ec2:instance": {"title": "x", "dimensions": {"InstanceId": "{ID}"}, "metrics": [
                {"namespace": "AWS/EC2", "metric": "CPUUtilization", "unit": "Percent", "discovery": "standard", "why": "x",
                 "anomaly": {"statistic": "Mean", "period_seconds": 90, "direction": "above"},
                 "alarm": {"default": "all", "statistic": "p101", "period_seconds": 3600, "datapoints_to_alarm": 4,
                           "evaluation_periods": 3, "comparison": "above", "warning": 95, "critical": 90,
                           "missing_data": "missing", "source": "nobody"}},
                {"namespace": "AWS/EC2", "metric": "NetworkIn", "unit": "Bytes", "discovery": "standard", "why": " "}]}}}"#,
        )
        .unwrap_err();
        insta::assert_snapshot!(error.to_string().replace("; ", "\n"));
    }
}
