//! Thresholds that people set at run time, for all resources of a type: between the tags of a resource and the catalogue.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::overrides::{Layers, MetricOverride, contradiction, merge};
use crate::catalogue::{AlarmEntry, Catalogue, Levels, MissingData, is_period};

/// Characters of a reason.
const LONGEST_WHY: usize = 500;

/// Everything that was set, as `PUT /thresholds` takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdOverrides {
    /// By resource type, such as `ec2:instance`, then by metric, such as `CPUUtilization`.
    #[serde(default)]
    pub resource_types: BTreeMap<String, BTreeMap<String, ThresholdOverride>>,
    /// Which version this is and whose, for people who ask where a value comes from.
    #[serde(skip)]
    #[schema(ignore)]
    pub place: String,
}

/// What is set for one metric of a type; the catalogue says the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdOverride {
    /// Which alarms are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<Levels>,
    /// In the metric's unit. It switches both alarms on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<f64>,
    /// In the metric's unit. It switches the critical alarm on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<f64>,
    /// M of `M of N`, together with N.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<u32>,
    /// N of `M of N`, together with M.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation_periods: Option<u32>,
    /// A multiple of 60, one day at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_data: Option<MissingData>,
    /// Why, 1 to 500 characters: whoever meets the alarm reads it.
    #[schema(min_length = 1, max_length = 500)]
    pub why: String,
}

impl ThresholdOverrides {
    /// Reads the document; [`ThresholdOverrides::problems`] says whether it can be used.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// What is set for a metric of a type.
    pub fn of(&self, resource_type: &str, metric: &str) -> Option<&ThresholdOverride> {
        self.resource_types.get(resource_type)?.get(metric)
    }

    /// Everything that cannot be used with this catalogue, each with its place.
    pub fn problems(&self, catalogue: &Catalogue) -> Vec<String> {
        let each = self.resource_types.iter().flat_map(|(kind, metrics)| metrics.iter().map(move |m| (kind, m)));
        each.filter_map(|(kind, (metric, set))| {
            problem(catalogue, kind, metric, set).map(|problem| format!("resource_types.{kind}.{metric}: {problem}"))
        })
        .collect()
    }

    /// Leaves out what cannot be used with this catalogue, and tells it.
    pub fn drop_unusable(&mut self, catalogue: &Catalogue) -> Vec<String> {
        let problems = self.problems(catalogue);
        if !problems.is_empty() {
            for (kind, metrics) in &mut self.resource_types {
                metrics.retain(|metric, set| problem(catalogue, kind, metric, set).is_none());
            }
        }
        problems
    }
}

impl ThresholdOverride {
    /// In the words of a tag.
    pub(super) fn as_override(&self) -> MetricOverride {
        MetricOverride {
            levels: self.levels,
            warning: self.warning,
            critical: self.critical,
            window: self.datapoints_to_alarm.zip(self.evaluation_periods),
            period_seconds: self.period_seconds,
            missing_data: self.missing_data,
        }
    }

    /// What is wrong with it whatever the catalogue says.
    pub(crate) fn problem(&self) -> Option<String> {
        let said = self.as_override();
        if !(1..=LONGEST_WHY).contains(&self.why.trim().chars().count()) {
            return Some(format!("why must have 1 to {LONGEST_WHY} characters"));
        }
        if self.datapoints_to_alarm.is_some() != self.evaluation_periods.is_some() {
            return Some("datapoints_to_alarm and evaluation_periods go together".to_owned());
        }
        if said == MetricOverride::default() {
            return Some("it sets nothing".to_owned());
        }
        if said.levels == Some(Levels::Off)
            && (MetricOverride { levels: None, ..said.clone() }) != MetricOverride::default()
        {
            return Some("it says off, and values besides".to_owned());
        }
        if [self.warning, self.critical].into_iter().flatten().any(|number| !number.is_finite()) {
            return Some("a threshold must be a finite number".to_owned());
        }
        let period = self.period_seconds.filter(|seconds| !is_period(*seconds));
        period.map(|seconds| format!("period_seconds {seconds} is not a multiple of 60 between 60 and 86400"))
    }
}

fn problem(catalogue: &Catalogue, kind: &str, metric: &str, set: &ThresholdOverride) -> Option<String> {
    let Some(of_type) = catalogue.resource_types.get(kind) else {
        return Some(format!("{kind:?} is no type of the catalogue"));
    };
    let alarmed = of_type.metrics.iter().filter_map(|entry| Some((entry.metric.as_str(), entry.alarm.as_ref()?)));
    let entries: Vec<&AlarmEntry> =
        alarmed.clone().filter(|(name, _)| *name == metric).map(|(_, alarm)| alarm).collect();
    if entries.is_empty() {
        let known: Vec<&str> = alarmed.map(|(name, _)| name).collect();
        return Some(format!("{metric:?} is none of the type's metrics with an alarm: {}", known.join(", ")));
    }
    set.problem().or_else(|| {
        let layers = Layers { set: set.as_override(), ..Layers::default() };
        entries.into_iter().find_map(|entry| contradiction(entry, &merge(entry, &layers, None), &layers.set))
    })
}
