//! Why an alarm exists, and where each of its values comes from.

use serde::{Deserialize, Serialize};

use super::alarm::{self, AlarmSpec, Level};
use super::composites::Voices;
use super::overrides::Origin;
use super::plan::{series_index, suite};
use super::{CoverageInput, wanted};
use crate::catalogue::{Levels, Source};

/// One alarm, explained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    pub alarm: AlarmSpec,
    pub level: Level,
    pub resource: String,
    pub resource_type: String,
    /// Why the metric is watched.
    pub why: String,
    pub source: Option<Source>,
    /// In what it differs from its source.
    pub differs: Option<String>,
    pub values: Vec<Value>,
    /// Whether it is there, and as it should be.
    pub in_force: bool,
}

/// One value, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Value {
    pub name: String,
    pub value: String,
    pub from: Origin,
    /// The tag with its value, or the place in the catalogue.
    pub place: String,
}

/// Explains the alarm of this name; `None` if none of this name is wanted.
pub fn explain(input: CoverageInput<'_>, name: &str) -> Option<Explanation> {
    let suite = suite(input.policy);
    let index = series_index(&input, |name| alarm::is_generated_name(&input.policy.prefix, name));
    let voices = Voices::new(&input);
    let mut all = input.discovered.resources.iter().chain((!input.policy.elsewhere).then_some(&suite));
    all.find_map(|resource| {
        let mut wants = wanted::wants(resource, input.catalogue, &index, input.policy);
        voices.silence(&mut wants);
        let wanted = wants.alarms.into_iter().find(|wanted| wanted.spec.name == name)?;
        let (reference, entry, values) = (&resource.reference, wanted.entry, &wanted.values);
        let alarm = entry.alarm.as_ref()?;
        let tag = |key: String| {
            let value = resource.tags.get(&key).map_or("", String::as_str);
            format!("tag {key} = {value}")
        };
        let place = |from: Origin| match from {
            Origin::MetricTag => tag(format!("{}{}", input.policy.metric_tag_prefix(), entry.metric)),
            Origin::ResourceTag => tag(input.policy.levels_tag()),
            Origin::Product => {
                let product = wants.product.map_or("", |product| product.name.as_str());
                let said =
                    wants.product.and_then(|product| product.thresholds.get(&reference.kind)?.get(&entry.metric));
                let why = said.map_or("", |said| said.why.as_str());
                format!("product {product}, thresholds {} {}: {why}", reference.kind, entry.metric)
            }
            Origin::Override => {
                let set = &input.catalogue.overrides;
                let why = set.of(&reference.kind, &entry.metric).map_or("", |set| set.why.as_str());
                format!("set for {} at run time, {}: {why}", reference.kind, set.place)
            }
            Origin::Catalogue => format!("config/alert_thresholds.json, {} {}", reference.kind, entry.metric),
        };
        let value =
            |name: &str, value: String, from: Origin| Value { name: name.into(), value, from, place: place(from) };
        let threshold_from = match wanted.level {
            Level::Critical => values.critical.1,
            Level::Warning => values.warning.map_or(Origin::Catalogue, |(_, from)| from),
        };
        let levels = match values.levels.0 {
            Levels::Off => "off",
            Levels::Critical => "critical",
            Levels::All => "all",
        };
        let window = values.window.0;
        let explained = vec![
            value("levels", levels.to_owned(), values.levels.1),
            value("threshold", format!("{} {}", alarm.comparison.sign(), wanted.spec.threshold), threshold_from),
            value("datapoints", format!("{} of {}", window.0, window.1), values.window.1),
            value("period", format!("{} s", values.period_seconds.0), values.period_seconds.1),
            value("missing data", values.missing_data.0.treatment().to_owned(), values.missing_data.1),
            value("statistic", alarm.statistic.clone(), Origin::Catalogue),
        ];
        let there = input.existing.iter().find(|existing| existing.spec.name == name);
        Some(Explanation {
            in_force: there.is_some_and(|there| there.spec == wanted.spec),
            level: wanted.level,
            resource: reference.arn.clone(),
            resource_type: reference.kind.clone(),
            why: entry.why.clone(),
            source: input.catalogue.sources.get(&alarm.source).cloned(),
            differs: alarm.differs.clone(),
            values: explained,
            alarm: wanted.spec,
        })
    })
}
