//! Which metrics are watched for which type of resource: `config/alert_thresholds.json`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Direction, Missing};

/// The document `config/alert_thresholds.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// By resource type, such as `ec2:instance`.
    pub resource_types: BTreeMap<String, Vec<CatalogueEntry>>,
}

/// One metric that is watched for anomalies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueEntry {
    pub namespace: String,
    pub metric: String,
    /// `Average`, `Sum`, `Minimum`, `Maximum` or `SampleCount`.
    pub statistic: String,
    /// Seconds; 60 or a multiple of it, one day at most.
    pub period_seconds: u32,
    pub direction: Direction,
    /// How its series are found.
    pub discovery: Discovery,
    /// Why it is watched so.
    pub why: String,
    /// Noted on the resource when no series is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_when_absent: Option<AbsenceNote>,
}

/// How the series of an entry are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discovery {
    /// AWS always publishes it with the resource's id as its only dimension.
    Standard,
    /// An agent may publish it, with dimensions that vary: asked for with ListMetrics.
    ListMetrics,
}

/// What an absent metric is noted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

const STATISTICS: [&str; 5] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];
const SECONDS_PER_DAY: u32 = 86_400;

impl Catalogue {
    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, CatalogueError> {
        let catalogue: Self = serde_json::from_str(json)?;
        let problems = catalogue.problems();
        if problems.is_empty() { Ok(catalogue) } else { Err(CatalogueError::Content(problems)) }
    }

    /// The catalogue that ships with Nightjar.
    pub fn bundled() -> Result<Self, CatalogueError> {
        Self::parse(include_str!("../../../config/alert_thresholds.json"))
    }

    pub fn entries(&self, resource_type: &str) -> &[CatalogueEntry] {
        self.resource_types.get(resource_type).map_or(&[], Vec::as_slice)
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (kind, entries) in &self.resource_types {
            let mut seen = BTreeSet::new();
            for (index, entry) in entries.iter().enumerate() {
                let at = format!("resource_types.{kind}[{index}] ({})", entry.metric);
                if !STATISTICS.contains(&entry.statistic.as_str()) {
                    problems.push(format!(
                        "{at}: statistic {:?} is none of {}",
                        entry.statistic,
                        STATISTICS.join(", ")
                    ));
                }
                if entry.period_seconds == 0 || entry.period_seconds % 60 != 0 || entry.period_seconds > SECONDS_PER_DAY
                {
                    problems.push(format!(
                        "{at}: period_seconds {} is not a multiple of 60 between 60 and {SECONDS_PER_DAY}",
                        entry.period_seconds
                    ));
                }
                if !seen.insert((&entry.namespace, &entry.metric, &entry.statistic, entry.period_seconds)) {
                    problems.push(format!("{at}: listed twice"));
                }
            }
        }
        problems
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
        assert!(catalogue.entries("no:such").is_empty());
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_place() {
        let error = Catalogue::parse(
            r#"{"resource_types": {"ec2:instance": [
                {"namespace": "AWS/EC2", "metric": "CPUUtilization", "statistic": "Mean", "period_seconds": 90,
                 "direction": "above", "discovery": "standard", "why": "x"}]}}"#,
        )
        .unwrap_err()
        .to_string();
        insta::assert_snapshot!(error, @"alert_thresholds.json: resource_types.ec2:instance[0] (CPUUtilization): statistic \"Mean\" is none of Average, Sum, Minimum, Maximum, SampleCount; resource_types.ec2:instance[0] (CPUUtilization): period_seconds 90 is not a multiple of 60 between 60 and 86400");
    }
}
