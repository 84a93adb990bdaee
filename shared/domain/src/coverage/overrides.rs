//! Thresholds by tag, for one resource.
//!
//! ```text
//! <prefix>:alarms         = off | critical | all
//! <prefix>:alarm:<Metric> = item { space item }
//! item                    = off | critical | all | critical=<number> | warning=<number>
//!                         | for=<M>/<N> | period=<seconds> | missing=breaching|not_breaching|missing|ignore
//! ```
//!
//! A tag that cannot be used is told on the resource and left out whole, so that its metric has the catalogue's values:
//! half of what somebody meant may be worse than nothing of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Policy;
use super::thresholds::ThresholdOverride;
use crate::catalogue::{AlarmEntry, Levels, MissingData, is_period, window_problem};

/// A tag that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BadTag {
    pub tag: String,
    pub problem: String,
}

/// What the tags of one resource say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    pub levels: Option<Levels>,
    pub metrics: BTreeMap<String, MetricOverride>,
    pub bad: Vec<BadTag>,
}

/// What a tag says of one metric; the catalogue says the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricOverride {
    pub levels: Option<Levels>,
    pub warning: Option<f64>,
    pub critical: Option<f64>,
    pub window: Option<(u32, u32)>,
    pub period_seconds: Option<u32>,
    pub missing_data: Option<MissingData>,
}

/// Reads a resource's tags. `known` are the metrics of its type that have alarms.
pub fn read(tags: &BTreeMap<String, String>, policy: &Policy, known: &[&str]) -> Overrides {
    let mut overrides = Overrides::default();
    let levels_tag = policy.levels_tag();
    if let Some(value) = tags.get(&levels_tag) {
        match levels(value) {
            Some(levels) => overrides.levels = Some(levels),
            None => overrides
                .bad
                .push(BadTag { tag: levels_tag, problem: format!("{value:?} is none of off, critical, all") }),
        }
    }
    let prefix = policy.metric_tag_prefix();
    for (tag, value) in tags.range(prefix.clone()..).take_while(|(tag, _)| tag.starts_with(&prefix)) {
        let metric = &tag[prefix.len()..];
        let read = if known.contains(&metric) {
            metric_override(value)
        } else if known.is_empty() {
            Err("resources of this type have no alarms".to_owned())
        } else {
            Err(format!("{metric:?} is none of the type's metrics with an alarm: {}", known.join(", ")))
        };
        match read {
            Ok(read) => _ = overrides.metrics.insert(metric.to_owned(), read),
            Err(problem) => overrides.bad.push(BadTag { tag: tag.clone(), problem }),
        }
    }
    overrides
}

fn levels(word: &str) -> Option<Levels> {
    match word.trim() {
        "off" => Some(Levels::Off),
        "critical" => Some(Levels::Critical),
        "all" => Some(Levels::All),
        _ => None,
    }
}

fn metric_override(value: &str) -> Result<MetricOverride, String> {
    let mut read = MetricOverride::default();
    let mut seen = Vec::new();
    for item in value.split_whitespace() {
        let key = item.split_once('=').map_or("on or off", |(key, _)| key);
        if seen.contains(&key) {
            return Err(format!("{key} is said twice"));
        }
        seen.push(key);
        match item.split_once('=') {
            None => read.levels = Some(levels(item).ok_or_else(|| unknown(item))?),
            Some(("critical", text)) => read.critical = Some(number(item, text)?),
            Some(("warning", text)) => read.warning = Some(number(item, text)?),
            Some(("for", text)) => {
                let window = text.split_once('/').and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)));
                read.window = Some(window.ok_or_else(|| format!("{item:?} is not for=M/N, such as for=3/5"))?);
            }
            Some(("period", text)) => {
                let period = text.parse().ok().filter(|seconds| is_period(*seconds));
                let rule = "is not a multiple of 60 between 60 and 86400";
                read.period_seconds = Some(period.ok_or_else(|| format!("{item:?} {rule}"))?);
            }
            Some(("missing", text)) => {
                let rule = "is none of breaching, not_breaching, missing, ignore";
                let missing = match text {
                    "breaching" => MissingData::Breaching,
                    "not_breaching" => MissingData::NotBreaching,
                    "missing" => MissingData::Missing,
                    "ignore" => MissingData::Ignore,
                    _ => return Err(format!("{item:?} {rule}")),
                };
                read.missing_data = Some(missing);
            }
            Some(_) => return Err(unknown(item)),
        }
    }
    if seen.is_empty() {
        return Err("it is empty".to_owned());
    }
    if read.levels == Some(Levels::Off) && seen.len() > 1 {
        return Err("it says off, and values besides".to_owned());
    }
    Ok(read)
}

fn unknown(item: &str) -> String {
    format!("{item:?} is none of off, critical, all, critical=, warning=, for=, period=, missing=")
}

fn number(item: &str, text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| format!("{item:?} has no number"))
}

/// Where a value comes from, in the order in which they are asked: the first that says something decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The resource's tag for this metric.
    MetricTag,
    /// The resource's tag for all its alarms: it decides whether they are made, nothing else.
    ResourceTag,
    /// The product that the resource belongs to.
    Product,
    /// Set at run time for all resources of the type.
    Override,
    /// `config/alert_thresholds.json`.
    Catalogue,
}

/// The order in which values are looked for.
pub const PRECEDENCE: [(Origin, &str); 5] = [
    (Origin::MetricTag, "the resource's tag <prefix>:alarm:<Metric>"),
    (Origin::ResourceTag, "the resource's tag <prefix>:alarms, which says which levels are made and nothing else"),
    (Origin::Product, "the thresholds of the product that the resource belongs to"),
    (Origin::Override, "what was set for the type through PUT /thresholds"),
    (Origin::Catalogue, "config/alert_thresholds.json, in the version that is published"),
];

/// An entry with all that was said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    pub levels: (Levels, Origin),
    pub warning: Option<(f64, Origin)>,
    pub critical: (f64, Origin),
    pub window: ((u32, u32), Origin),
    pub period_seconds: (u32, Origin),
    pub missing_data: (MissingData, Origin),
}

/// What each says of one metric, besides the catalogue.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layers {
    /// The resource's tag for the metric.
    pub tag: MetricOverride,
    /// The product that the resource belongs to.
    pub product: MetricOverride,
    /// What was set for the type at run time.
    pub set: MetricOverride,
}

impl Layers {
    /// The first that says it.
    fn said<T>(&self, of: impl Fn(&MetricOverride) -> Option<T>) -> Option<(T, Origin)> {
        let order = [(&self.tag, Origin::MetricTag), (&self.product, Origin::Product), (&self.set, Origin::Override)];
        order.into_iter().find_map(|(layer, from)| Some((of(layer)?, from)))
    }
}

/// What cannot be used of what was said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unusable {
    pub tag: Option<BadTag>,
    /// Why not, where it is what the product says.
    pub product: Option<String>,
}

/// The values in force for one entry of a resource. What contradicts the rest is told and left out: what the product says first, then
/// the tag. `of_product` is what the resource's product says, `set` what was set at run time.
pub fn effective(
    entry: &AlarmEntry,
    metric: &str,
    tags: &Overrides,
    (of_product, set): (Option<&ThresholdOverride>, Option<&ThresholdOverride>),
    policy: &Policy,
) -> (Effective, Unusable) {
    let said = |set: Option<&ThresholdOverride>| set.map(ThresholdOverride::as_override).unwrap_or_default();
    let mut layers = Layers { product: said(of_product), set: said(set), ..Layers::default() };
    let mut unusable = Unusable::default();
    if of_product.is_some() {
        unusable.product = contradiction(entry, &merge(entry, &layers, None), &layers.product);
        if unusable.product.is_some() {
            layers.product = MetricOverride::default();
        }
    }
    if let Some(tag) = tags.metrics.get(metric) {
        layers.tag = tag.clone();
        if let Some(problem) = contradiction(entry, &merge(entry, &layers, tags.levels), tag) {
            unusable.tag = Some(BadTag { tag: format!("{}{metric}", policy.metric_tag_prefix()), problem });
            layers.tag = MetricOverride::default();
        }
    }
    (merge(entry, &layers, tags.levels), unusable)
}

/// What all of them and an entry come to; `all` is the resource's tag for all its alarms.
pub(super) fn merge(entry: &AlarmEntry, layers: &Layers, all: Option<Levels>) -> Effective {
    // Who gives a threshold wants the alarm.
    let wanted = |said: &MetricOverride, otherwise: Levels| {
        said.levels.or(match (said.warning, said.critical) {
            (Some(_), _) => Some(Levels::All),
            (None, Some(_)) if otherwise == Levels::Off => Some(Levels::Critical),
            _ => None,
        })
    };
    let mut of_type = (entry.default, Origin::Catalogue);
    for (layer, from) in [(&layers.set, Origin::Override), (&layers.product, Origin::Product)] {
        of_type = wanted(layer, of_type.0).map_or(of_type, |levels| (levels, from));
    }
    let levels = match (wanted(&layers.tag, of_type.0), all) {
        (Some(levels), _) => (levels, Origin::MetricTag),
        // `critical` and `all` choose among what is on for the type: an entry that is off needs a threshold of its own.
        (None, Some(_)) if of_type.0 == Levels::Off => of_type,
        (None, Some(levels)) => (levels, Origin::ResourceTag),
        (None, None) => of_type,
    };
    let window = (entry.datapoints_to_alarm, entry.evaluation_periods);
    let or_entry = Origin::Catalogue;
    Effective {
        levels,
        warning: layers.said(|said| said.warning).or_else(|| Some((entry.warning?, or_entry))),
        critical: layers.said(|said| said.critical).unwrap_or((entry.critical, or_entry)),
        window: layers.said(|said| said.window).unwrap_or((window, or_entry)),
        period_seconds: layers.said(|said| said.period_seconds).unwrap_or((entry.period_seconds, or_entry)),
        missing_data: layers.said(|said| said.missing_data).unwrap_or((entry.missing_data, or_entry)),
    }
}

/// Why `said` does not fit what it comes to, if it does not.
pub(super) fn contradiction(entry: &AlarmEntry, merged: &Effective, said: &MetricOverride) -> Option<String> {
    let ((datapoints, periods), period) = (merged.window.0, merged.period_seconds.0);
    if let Some(problem) = window_problem(datapoints, periods, period) {
        return Some(problem);
    }
    if said.levels == Some(Levels::All) && merged.warning.is_none() {
        return Some("it says all, but the metric has no warning: say warning=".to_owned());
    }
    let (warning, critical) = (merged.warning?.0, merged.critical.0);
    let concerns = said.warning.is_some() || (said.critical.is_some() && merged.levels.0 == Levels::All);
    (concerns && !entry.comparison.warns_before(warning, critical))
        .then(|| format!("the warning at {warning} does not come before critical at {critical}"))
}
