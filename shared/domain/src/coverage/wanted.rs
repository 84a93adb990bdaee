//! The alarms that a resource should have.

use std::collections::BTreeMap;

use super::Policy;
use super::alarm::{self, AlarmSpec, Level};
use super::overrides::{self, BadTag, Effective, Overrides};
use super::products::{BadThreshold, product_of};
use super::series::SeriesIndex;
use super::thresholds::ThresholdOverride;
use crate::catalogue::{AlarmEntry, Catalogue, CatalogueEntry, Levels, ResourceType};
use crate::onboarding::FoundResource;
use crate::routing::Product;

/// An alarm that should be.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub spec: AlarmSpec,
    pub level: Level,
    pub entry: &'a CatalogueEntry,
    pub values: Effective,
}

/// What a resource should have, and what keeps it from having more.
#[derive(Debug)]
pub(super) struct Wants<'a> {
    pub resource: &'a FoundResource,
    /// `None`: the catalogue does not know the type.
    pub kind: Option<&'a ResourceType>,
    pub alarms: Vec<Wanted<'a>>,
    pub bad_tags: Vec<BadTag>,
    /// The product that it belongs to, where products say anything of thresholds.
    pub product: Option<&'a Product>,
    /// What of it cannot be used here.
    pub bad_of_product: Vec<BadThreshold>,
    /// Series that the detector watches.
    pub anomaly_series: usize,
    /// Entries that someone expects, and that nothing publishes.
    pub absent: Vec<&'a CatalogueEntry>,
    /// Entries whose dimensions cannot be told.
    pub nameless: Vec<&'a CatalogueEntry>,
}

pub(super) fn wants<'a>(
    resource: &'a FoundResource,
    catalogue: &'a Catalogue,
    index: &SeriesIndex<'_>,
    policy: &Policy,
) -> Wants<'a> {
    let kind = catalogue.resource_types.get(&resource.reference.kind);
    let mut wants = Wants {
        resource,
        kind,
        alarms: Vec::new(),
        bad_tags: Vec::new(),
        product: None,
        bad_of_product: Vec::new(),
        anomaly_series: 0,
        absent: Vec::new(),
        nameless: Vec::new(),
    };
    let Some(kind) = kind else { return wants };
    let alarmed = kind.metrics.iter().filter(|entry| entry.alarm.is_some());
    let known: Vec<&str> = alarmed.map(|entry| entry.metric.as_str()).collect();
    let mut tags = overrides::read(&resource.tags, policy, &known);
    wants.bad_tags.append(&mut tags.bad);
    wants.product = product_of(&catalogue.products, resource);
    let of_product = wants.product.and_then(|product| product.thresholds.get(&resource.reference.kind));
    let unknown = of_product.into_iter().flatten().filter(|(metric, _)| !known.contains(&metric.as_str()));
    wants.bad_of_product.extend(unknown.map(|(metric, _)| BadThreshold {
        metric: metric.clone(),
        problem: format!("it is none of the type's metrics with an alarm: {}", known.join(", ")),
    }));
    for entry in &kind.metrics {
        let Some(series) = index.of(kind, entry, resource) else {
            wants.nameless.push(entry);
            continue;
        };
        if series.is_empty() && entry.note_when_absent.is_some() {
            wants.absent.push(entry);
        }
        if entry.anomaly.is_some() {
            wants.anomaly_series += series.len();
        }
        if let Some(alarm) = &entry.alarm {
            let set = catalogue.overrides.of(&resource.reference.kind, &entry.metric);
            let of_product = of_product.and_then(|metrics| metrics.get(&entry.metric));
            let watched = Watched { resource, kind, entry, alarm, said: (of_product, set), policy };
            watched.wants(&series, &tags, &mut wants);
        }
    }
    wants
}

/// One entry of one resource.
struct Watched<'a, 'p> {
    resource: &'a FoundResource,
    kind: &'a ResourceType,
    entry: &'a CatalogueEntry,
    alarm: &'a AlarmEntry,
    /// What its product says, and what was set for the type at run time.
    said: (Option<&'a ThresholdOverride>, Option<&'a ThresholdOverride>),
    policy: &'p Policy,
}

impl<'a> Watched<'a, '_> {
    fn wants(&self, series: &[BTreeMap<String, String>], tags: &Overrides, wants: &mut Wants<'a>) {
        let metric = &self.entry.metric;
        let (values, bad) = overrides::effective(self.alarm, metric, tags, self.said, self.policy);
        // An entry may be there twice with other dimensions: what is wrong with it is told once.
        wants.bad_tags.extend(bad.tag.filter(|bad| !wants.bad_tags.contains(bad)));
        let bad = bad.product.map(|problem| BadThreshold { metric: metric.clone(), problem });
        wants.bad_of_product.extend(bad.filter(|bad| !wants.bad_of_product.contains(bad)));
        for dimensions in series {
            let wanted = |level, threshold| Wanted {
                spec: self.spec(dimensions, level, threshold, &values),
                level,
                entry: self.entry,
                values: values.clone(),
            };
            match (values.levels.0, values.warning) {
                (Levels::Off, _) => {}
                (Levels::All, Some((warning, _))) => {
                    wants.alarms.push(wanted(Level::Critical, values.critical.0));
                    wants.alarms.push(wanted(Level::Warning, warning));
                }
                _ => wants.alarms.push(wanted(Level::Critical, values.critical.0)),
            }
        }
    }

    fn spec(
        &self,
        dimensions: &BTreeMap<String, String>,
        level: Level,
        threshold: f64,
        values: &Effective,
    ) -> AlarmSpec {
        let Self { resource, entry, alarm, policy, .. } = self;
        let reference = &resource.reference;
        let series = (entry.namespace.as_str(), entry.metric.as_str(), dimensions);
        let topic = if reference.kind.starts_with("nightjar:") { &policy.ops_topic } else { &policy.alarms_topic };
        AlarmSpec {
            name: alarm::name(&policy.prefix, &reference.arn, &reference.id, series, level),
            description: self.description(level, threshold),
            namespace: entry.namespace.clone(),
            metric: entry.metric.clone(),
            dimensions: dimensions.clone(),
            statistic: alarm.statistic.clone(),
            period_seconds: values.period_seconds.0,
            datapoints_to_alarm: values.window.0.0,
            evaluation_periods: values.window.0.1,
            comparison: alarm.comparison,
            threshold,
            missing_data: values.missing_data.0,
            alarm_actions: policy.actions(topic),
            ok_actions: policy.actions(topic),
        }
    }

    fn description(&self, level: Level, threshold: f64) -> String {
        let Self { resource, kind, entry, alarm, .. } = self;
        let reference = &resource.reference;
        let text = format!(
            "{} {}: {} {} {threshold} ({}). {} Made by Nightjar; nightjar explain alarm tells where each value comes from.",
            kind.title,
            reference.label(),
            entry.metric,
            alarm.comparison.sign(),
            level.as_str(),
            entry.why,
        );
        alarm::described(&text, &reference.arn)
    }
}
