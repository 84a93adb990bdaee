//! Other metrics of the resource, and the same metric of the resources beside it: one GetMetricData for all.

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric as CloudWatchMetric, MetricDataQuery, MetricStat, ScanBy};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::accounts::Scope;
use nightjar_domain::anomaly::{Anomaly, FoundBy};
use nightjar_domain::diagnosis::{Sibling, calm_until, movement};
use nightjar_domain::evidence::{MetricMove, RecentValues};
use nightjar_domain::metric::Metric;
use nightjar_domain::resource::{EC2_INSTANCE, Resource};

use super::{Gathered, explained};
use crate::context::Context;

pub(super) const SOURCE: &str = "metrics of the resource and its siblings";
/// Hours before the anomaly that say what is usual.
const BEFORE: SignedDuration = SignedDuration::from_hours(6);
/// Other resources that are compared: members of the group first.
const SIBLINGS: usize = 24;
/// Metrics that EC2 publishes for every instance, with the statistic to read.
const EC2_METRICS: [(&str, &str); 8] = [
    ("CPUUtilization", "Average"),
    ("NetworkIn", "Average"),
    ("NetworkOut", "Average"),
    ("CPUCreditBalance", "Average"),
    ("StatusCheckFailed_Instance", "Maximum"),
    ("StatusCheckFailed_System", "Maximum"),
    ("EBSReadOps", "Average"),
    ("EBSWriteOps", "Average"),
];

/// What metrics did.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// Other metrics of the resource.
    pub(super) own: Vec<MetricMove>,
    /// The anomalous metric itself.
    pub(super) recent: Option<RecentValues>,
    pub(super) siblings: Vec<Sibling>,
    /// Metrics asked for.
    pub(super) asked: u64,
}

/// What moved on the resource, and on which siblings the anomalous metric moved too.
pub(super) async fn read(
    context: &Context,
    anomaly: &Anomaly,
    resource: Option<&Resource>,
) -> anyhow::Result<Gathered<Moves>> {
    let mut gaps = Vec::new();
    let others = match context.inventory.all().await {
        Ok(all) => all,
        Err(error) => {
            let reason = explained(&error.into());
            gaps.extend(Gathered::<()>::gap("inventory of the siblings", reason).gaps);
            Vec::new()
        }
    };
    let own = own_metrics(anomaly, resource);
    let siblings = siblings(anomaly, resource, &others, &context.settings.group_tags);
    let of_siblings = siblings.iter().map(|(sibling, _)| of_sibling(anomaly, sibling));
    let itself = has_datapoints(anomaly).then(|| anomaly.metric.clone());
    let metrics: Vec<Metric> = own.iter().cloned().chain(of_siblings).chain(itself.clone()).collect();
    let from = anomaly.window_start - BEFORE;
    let mut points = fetch(context, &metrics, from, anomaly.window_end).await?;
    let of_itself = itself.and_then(|_| points.pop());
    let recent =
        of_itself.and_then(|points| RecentValues::of(&points, anomaly.expected.typical, from, anomaly.window_end));
    let judge = |metric: &Metric, points: &[(Timestamp, f64)]| {
        movement(metric, points, calm_until(anomaly), anomaly.window_end)
    };
    let mut verdicts = metrics.iter().zip(&points).map(|(metric, points)| judge(metric, points));
    let moved: Vec<MetricMove> = verdicts.by_ref().take(own.len()).flatten().collect();
    let above = anomaly.observed >= anomaly.expected.typical;
    let judged = siblings.into_iter().zip(verdicts).filter_map(|((sibling, group), found)| {
        let found = found?;
        let moved = found.moved_at.is_some() && (found.z > 0.0) == above;
        Some(Sibling { resource: sibling.reference.id.clone(), group, moved })
    });
    let asked = metrics.len() as u64;
    Ok(Gathered { found: Moves { own: moved, recent, siblings: judged.collect(), asked }, gaps })
}

/// Whether CloudWatch keeps what was abnormal: bursts of log lines are counted by nobody else.
fn has_datapoints(anomaly: &Anomaly) -> bool {
    anomaly.found_by() != FoundBy::Logs
}

/// Every other series of the resource: those of the inventory, and what EC2 always publishes.
fn own_metrics(anomaly: &Anomaly, resource: Option<&Resource>) -> Vec<Metric> {
    let mut metrics: Vec<Metric> =
        resource.iter().flat_map(|resource| &resource.metrics).map(|watched| watched.metric.clone()).collect();
    if anomaly.resource.kind == EC2_INSTANCE {
        metrics.extend(EC2_METRICS.iter().map(|(name, statistic)| Metric {
            namespace: "AWS/EC2".to_owned(),
            name: (*name).to_owned(),
            dimensions: BTreeMap::from([("InstanceId".to_owned(), anomaly.resource.id.clone())]),
            statistic: (*statistic).to_owned(),
            period_seconds: 300,
            scope: None,
        }));
    }
    let mut seen =
        vec![(anomaly.metric.namespace.clone(), anomaly.metric.name.clone(), anomaly.metric.dimensions.clone())];
    metrics.retain(|metric| {
        let key = (metric.namespace.clone(), metric.name.clone(), metric.dimensions.clone());
        let fresh = !seen.contains(&key);
        seen.push(key);
        fresh
    });
    metrics
}

/// Other watched resources of the same type: those of the same group first, then strangers.
fn siblings<'a>(
    anomaly: &Anomaly,
    resource: Option<&Resource>,
    all: &'a [Resource],
    group_tags: &[String],
) -> Vec<(&'a Resource, Option<String>)> {
    let mine = |tag: &String| resource.and_then(|resource| resource.tags.get(tag)).cloned();
    let group = group_tags.iter().find_map(|tag| Some((tag, mine(tag)?)));
    let mut siblings: Vec<_> = all
        .iter()
        .filter(|other| other.reference.arn != anomaly.resource.arn && other.reference.kind == anomaly.resource.kind)
        .filter(|other| Scope::of(&other.reference) == Scope::of(&anomaly.resource))
        .map(|other| {
            let shared = group.as_ref().filter(|(tag, name)| other.tags.get(*tag) == Some(name));
            (other, shared.map(|(_, name)| name.clone()))
        })
        .collect();
    siblings.sort_by(|a, b| b.1.is_some().cmp(&a.1.is_some()).then_with(|| a.0.reference.arn.cmp(&b.0.reference.arn)));
    siblings.truncate(SIBLINGS);
    siblings
}

/// The anomalous metric as the sibling has it: the resource's id in the dimensions becomes the sibling's.
fn of_sibling(anomaly: &Anomaly, sibling: &Resource) -> Metric {
    let same = |watched: &&nightjar_domain::resource::WatchedMetric| {
        watched.metric.namespace == anomaly.metric.namespace && watched.metric.name == anomaly.metric.name
    };
    let watched = sibling.metrics.iter().find(same).map(|watched| watched.metric.clone());
    watched.unwrap_or_else(|| {
        let mut metric = anomaly.metric.clone();
        for value in metric.dimensions.values_mut().filter(|value| **value == anomaly.resource.id) {
            value.clone_from(&sibling.reference.id);
        }
        metric
    })
}

/// The points of every metric, in the order asked.
async fn fetch(
    context: &Context,
    metrics: &[Metric],
    from: Timestamp,
    until: Timestamp,
) -> anyhow::Result<Vec<Vec<(Timestamp, f64)>>> {
    let mut points = vec![Vec::new(); metrics.len()];
    if metrics.is_empty() {
        return Ok(points);
    }
    let queries: Vec<MetricDataQuery> =
        metrics.iter().enumerate().map(|(index, metric)| query(index, metric)).collect();
    let mut pages = context
        .metrics
        .get_metric_data()
        .set_metric_data_queries(Some(queries))
        .start_time(DateTime::from_secs(from.as_second()))
        .end_time(DateTime::from_secs(until.as_second()))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for result in page.context("GetMetricData")?.metric_data_results() {
            let index = result.id().and_then(|id| id.strip_prefix('m')).and_then(|id| id.parse::<usize>().ok());
            let Some(series) = index.and_then(|index| points.get_mut(index)) else { continue };
            let pairs = result.timestamps().iter().zip(result.values());
            series.extend(pairs.filter_map(|(at, value)| Some((Timestamp::from_second(at.secs()).ok()?, *value))));
        }
    }
    Ok(points)
}

fn query(index: usize, metric: &Metric) -> MetricDataQuery {
    let dimensions = metric.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let named = CloudWatchMetric::builder()
        .namespace(&metric.namespace)
        .metric_name(&metric.name)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let statistic =
        MetricStat::builder().metric(named).period(metric.period_seconds.cast_signed()).stat(&metric.statistic).build();
    MetricDataQuery::builder().id(format!("m{index}")).metric_stat(statistic).build()
}
