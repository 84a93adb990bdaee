//! What the inventory should say, given what was found.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::accounts::Scope;
use crate::catalogue::{AnomalyWatch, Catalogue, CatalogueEntry, Discovery};
use crate::coverage::series::SeriesIndex;
use crate::coverage::{Unread, fill, is_unread};
use crate::metric::Metric;
use crate::resource::{LogSource, Missing, Resource, ResourceRef, WatchedMetric};

/// The source of log groups, as [`Unread`] names it.
pub const READ_LOG_GROUPS: &str = "logs:DescribeLogGroups";
/// The source of series that vary, as [`Unread`] names it.
pub const READ_METRICS: &str = "cloudwatch:ListMetrics";

/// A resource as AWS describes it, before the inventory's own notes.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundResource {
    pub reference: ResourceRef,
    pub tags: BTreeMap<String, String>,
    pub state: String,
    pub launched_at: Option<Timestamp>,
    /// See [`Resource::neighbours`].
    pub neighbours: BTreeMap<String, String>,
    /// What else was learnt of it, by name: `monitoring` of an instance, `cluster` of an ECS service, `api_name` of a REST API.
    pub details: BTreeMap<String, String>,
}

/// Everything the plan rests on.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    /// Where it was looked, if not in the suite's own account and region.
    pub scope: Option<Scope>,
    pub resources: Vec<FoundResource>,
    /// Log groups that exist, among those asked for.
    pub log_groups: BTreeSet<String>,
    /// Those of them without a retention.
    pub kept_for_ever: BTreeSet<String>,
    /// Series that ListMetrics returned, as (namespace, name, dimensions).
    pub listed_metrics: Vec<ListedMetric>,
    /// What access was denied to. Its resources may be there all the same: none of them is retired.
    pub unread: BTreeSet<Unread>,
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

/// All log groups worth asking AWS about for `resource`. A tag may say anything: what can be no log group's name is left
/// out, since AWS would refuse the question, and one wrong tag must not stop the others' onboarding.
pub fn log_group_candidates(resource: &FoundResource, catalogue: &Catalogue, log_groups_tag: &str) -> Vec<String> {
    let sources = candidate_sources(resource, catalogue, log_groups_tag);
    sources.into_iter().map(|source| source.group).filter(|group| is_log_group_name(group)).collect()
}

/// What the tag names; without one, what the type's resources have by convention.
fn candidate_sources(resource: &FoundResource, catalogue: &Catalogue, log_groups_tag: &str) -> Vec<LogSource> {
    match resource.tags.get(log_groups_tag) {
        Some(value) => log_sources_by_tag(value),
        None => catalogue
            .log_groups(&resource.reference.kind)
            .iter()
            .filter_map(|template| fill(template, resource))
            .map(|group| LogSource { group, stream_prefix: None })
            .collect(),
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
    let listed = discovered.listed_metrics.iter();
    let series = SeriesIndex::new(listed.map(|row| (row.namespace.as_str(), row.name.as_str(), &row.dimensions)));
    let mut plan = InventoryPlan::default();
    let mut found = BTreeSet::new();
    for resource in &discovered.resources {
        let arn = resource.reference.arn.as_str();
        found.insert(arn);
        let before = known.get(arn).copied();
        let after = describe(resource, discovered, &series, (catalogue, log_groups_tag), before, now);
        match before {
            None => {
                plan.new.insert(arn.to_owned());
                plan.put.push(after);
            }
            Some(before) if !same_description(before, &after) => plan.put.push(after),
            Some(_) => {}
        }
    }
    let gone = known.values().filter(|resource| !found.contains(resource.reference.arn.as_str()));
    let gone = gone.filter(|resource| !is_unread(&discovered.unread, &resource.reference.kind));
    plan.retire = gone.map(|resource| resource.reference.arn.clone()).collect();
    plan
}

fn describe(
    found: &FoundResource,
    discovered: &Discovered,
    series: &SeriesIndex<'_>,
    (catalogue, log_groups_tag): (&Catalogue, &str),
    before: Option<&Resource>,
    now: Timestamp,
) -> Resource {
    let mut missing = BTreeSet::new();
    let unread = |source: &str| discovered.unread.iter().any(|unread| unread.source == source);
    // What could not be read is as it was.
    let log_sources = match before {
        _ if !unread(READ_LOG_GROUPS) => log_sources(found, discovered, (catalogue, log_groups_tag), &mut missing),
        before => before.map(|resource| resource.log_sources.clone()).unwrap_or_default(),
    };
    let mut metrics = Vec::new();
    let kind = catalogue.resource_types.get(&found.reference.kind);
    for (kind, entry) in kind.iter().flat_map(|kind| kind.metrics.iter().map(move |entry| (kind, entry))) {
        if entry.discovery == Discovery::ListMetrics && unread(READ_METRICS) {
            let known = before.iter().flat_map(|resource| &resource.metrics);
            let same = |watched: &&WatchedMetric| {
                watched.metric.namespace == entry.namespace && watched.metric.name == entry.metric
            };
            metrics.extend(known.filter(same).cloned());
            continue;
        }
        let dimensions = series.of(kind, entry, found).unwrap_or_default();
        if let (true, Some(note)) = (dimensions.is_empty(), entry.note_when_absent) {
            missing.insert(Missing::from(note));
        }
        if let Some(anomaly) = &entry.anomaly {
            let scope = discovered.scope.as_ref();
            metrics.extend(dimensions.into_iter().map(|dimensions| watched(entry, anomaly, dimensions, scope)));
        }
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
    (catalogue, log_groups_tag): (&Catalogue, &str),
    missing: &mut BTreeSet<Missing>,
) -> Vec<LogSource> {
    let candidates = candidate_sources(found, catalogue, log_groups_tag);
    let named = found.tags.contains_key(log_groups_tag);
    // Most types write no logs of their own: only where some are looked for are they missed.
    let expected = named || !candidates.is_empty();
    let (existing, absent): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|source| discovered.log_groups.contains(&source.group));
    if named && !absent.is_empty() {
        missing.insert(Missing::NamedLogGroup);
    }
    if existing.is_empty() && expected {
        missing.insert(Missing::LogGroup);
    }
    existing
}

fn watched(
    entry: &CatalogueEntry,
    anomaly: &AnomalyWatch,
    dimensions: BTreeMap<String, String>,
    scope: Option<&Scope>,
) -> WatchedMetric {
    let metric = Metric {
        namespace: entry.namespace.clone(),
        name: entry.metric.clone(),
        dimensions,
        statistic: anomaly.statistic.clone(),
        period_seconds: anomaly.period_seconds,
        scope: scope.cloned(),
    };
    WatchedMetric { metric, direction: anomaly.direction }
}

/// Equal in everything but the time of the look.
fn same_description(before: &Resource, after: &Resource) -> bool {
    Resource { updated_at: before.updated_at, ..after.clone() } == *before
}
