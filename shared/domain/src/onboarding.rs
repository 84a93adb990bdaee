//! What the inventory should say, given what was found.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalogue::{Catalogue, CatalogueEntry, Discovery};
use crate::metric::Metric;
use crate::resource::{LogSource, Missing, Resource, ResourceRef, WatchedMetric};

/// A resource as AWS describes it, before the inventory's own notes.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundResource {
    pub reference: ResourceRef,
    pub tags: BTreeMap<String, String>,
    pub state: String,
    pub launched_at: Option<Timestamp>,
    /// See [`Resource::neighbours`].
    pub neighbours: BTreeMap<String, String>,
}

/// Everything the plan rests on.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    pub resources: Vec<FoundResource>,
    /// Log groups that exist, among those asked for.
    pub log_groups: BTreeSet<String>,
    /// Series that ListMetrics returned, as (namespace, name, dimensions).
    pub listed_metrics: Vec<ListedMetric>,
}

/// One row of ListMetrics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedMetric {
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
}

/// The changes to make in the inventory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InventoryPlan {
    /// New resources, and known ones that changed.
    pub put: Vec<Resource>,
    /// ARNs of `put` that were not known before.
    pub new: BTreeSet<String>,
    /// ARNs that are no longer monitored: gone, or their tag was taken away.
    pub retire: Vec<String>,
}

/// The tag that names log groups, separated by spaces; `group:stream-prefix` where a group is shared.
/// (A space and a colon are allowed in tag values and in no log group's name.)
pub fn log_sources_by_tag(value: &str) -> Vec<LogSource> {
    value
        .split_whitespace()
        .map(|entry| match entry.split_once(':') {
            Some((group, prefix)) if !prefix.is_empty() => {
                LogSource { group: group.to_owned(), stream_prefix: Some(prefix.to_owned()) }
            }
            Some((group, _)) => LogSource { group: group.to_owned(), stream_prefix: None },
            None => LogSource { group: entry.to_owned(), stream_prefix: None },
        })
        .collect()
}

/// The log groups looked for where no tag names any.
pub fn conventional_log_groups(resource_id: &str) -> [String; 2] {
    [format!("/aws/ec2/{resource_id}"), format!("/ec2/{resource_id}")]
}

/// All log groups worth asking AWS about for `resource`. A tag may say anything: what can be no log group's name is left
/// out, since AWS would refuse the question, and one wrong tag must not stop the others' onboarding.
pub fn log_group_candidates(resource: &FoundResource, log_groups_tag: &str) -> Vec<String> {
    match resource.tags.get(log_groups_tag) {
        Some(value) => {
            let groups = log_sources_by_tag(value).into_iter().map(|source| source.group);
            groups.filter(|group| is_log_group_name(group)).collect()
        }
        None => conventional_log_groups(&resource.reference.id).into(),
    }
}

/// 1 to 512 of the characters that CloudWatch Logs allows.
fn is_log_group_name(text: &str) -> bool {
    (1..=512).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b'#'))
}

/// Compares what was found with what is known. A resource whose description did not change is left alone, so that a
/// quiet run writes nothing.
pub fn plan_inventory(
    discovered: &Discovered,
    known: &[Resource],
    catalogue: &Catalogue,
    log_groups_tag: &str,
    now: Timestamp,
) -> InventoryPlan {
    let known: BTreeMap<&str, &Resource> = known.iter().map(|r| (r.reference.arn.as_str(), r)).collect();
    let mut plan = InventoryPlan::default();
    let mut found = BTreeSet::new();
    for resource in &discovered.resources {
        let arn = resource.reference.arn.as_str();
        found.insert(arn);
        let before = known.get(arn).copied();
        let after = describe(resource, discovered, catalogue, log_groups_tag, before, now);
        match before {
            None => {
                plan.new.insert(arn.to_owned());
                plan.put.push(after);
            }
            Some(before) if !same_description(before, &after) => plan.put.push(after),
            Some(_) => {}
        }
    }
    plan.retire = known.keys().filter(|arn| !found.contains(*arn)).map(|arn| (*arn).to_owned()).collect();
    plan
}

fn describe(
    found: &FoundResource,
    discovered: &Discovered,
    catalogue: &Catalogue,
    log_groups_tag: &str,
    before: Option<&Resource>,
    now: Timestamp,
) -> Resource {
    let mut missing = BTreeSet::new();
    let log_sources = log_sources(found, discovered, log_groups_tag, &mut missing);
    let mut metrics = Vec::new();
    for entry in catalogue.entries(&found.reference.kind) {
        let series = series_of(entry, &found.reference.id, &discovered.listed_metrics);
        if let (true, Some(note)) = (series.is_empty(), entry.note_when_absent) {
            missing.insert(Missing::from(note));
        }
        metrics.extend(series.into_iter().map(|metric| WatchedMetric { metric, direction: entry.direction }));
    }
    Resource {
        reference: found.reference.clone(),
        tags: found.tags.clone(),
        state: found.state.clone(),
        launched_at: found.launched_at,
        neighbours: found.neighbours.clone(),
        log_sources,
        metrics,
        missing: missing.into_iter().collect(),
        onboarded_at: before.map_or(now, |resource| resource.onboarded_at),
        updated_at: now,
    }
}

fn log_sources(
    found: &FoundResource,
    discovered: &Discovered,
    log_groups_tag: &str,
    missing: &mut BTreeSet<Missing>,
) -> Vec<LogSource> {
    let candidates = match found.tags.get(log_groups_tag) {
        Some(value) => log_sources_by_tag(value),
        None => conventional_log_groups(&found.reference.id)
            .into_iter()
            .map(|group| LogSource { group, stream_prefix: None })
            .collect(),
    };
    let (existing, absent): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|source| discovered.log_groups.contains(&source.group));
    if found.tags.contains_key(log_groups_tag) && !absent.is_empty() {
        missing.insert(Missing::NamedLogGroup);
    }
    if existing.is_empty() {
        missing.insert(Missing::LogGroup);
    }
    existing
}

fn series_of(entry: &CatalogueEntry, resource_id: &str, listed: &[ListedMetric]) -> Vec<Metric> {
    let metric = |dimensions: BTreeMap<String, String>| Metric {
        namespace: entry.namespace.clone(),
        name: entry.metric.clone(),
        dimensions,
        statistic: entry.statistic.clone(),
        period_seconds: entry.period_seconds,
    };
    match entry.discovery {
        Discovery::Standard => vec![metric(BTreeMap::from([("InstanceId".to_owned(), resource_id.to_owned())]))],
        // Sorted: ListMetrics answers in any order, and the same series in another order are no change.
        Discovery::ListMetrics => listed
            .iter()
            .filter(|row| row.namespace == entry.namespace && row.name == entry.metric)
            .filter(|row| row.dimensions.get("InstanceId").is_some_and(|id| id == resource_id))
            .map(|row| &row.dimensions)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|dimensions| metric(dimensions.clone()))
            .collect(),
    }
}

/// Equal in everything but the time of the look.
fn same_description(before: &Resource, after: &Resource) -> bool {
    Resource { updated_at: before.updated_at, ..after.clone() } == *before
}
