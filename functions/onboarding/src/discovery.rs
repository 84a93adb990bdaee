//! Asks AWS what there is: instances, log groups, agent metrics.

use std::collections::BTreeSet;

use anyhow::Context as _;
use aws_sdk_cloudwatch::types::{Metric, RecentlyActive};
use nightjar_domain::catalogue::{Catalogue, Discovery};
use nightjar_domain::onboarding::{Discovered, FoundResource, ListedMetric, log_group_candidates};

use crate::context::Context;

/// Everything that carries the monitor tag, with what is needed to describe it.
pub async fn discover(context: &Context) -> anyhow::Result<Discovered> {
    let resources = context.fleet.tagged(&context.settings.monitor_tag, "true").await?;
    if resources.is_empty() {
        return Ok(Discovered::default());
    }
    let (log_groups, listed_metrics) = tokio::try_join!(
        existing_log_groups(&context.logs, &resources, &context.settings.log_groups_tag),
        list_metrics(&context.cloudwatch, &context.catalogue, &resources),
    )?;
    Ok(Discovered { resources, log_groups, listed_metrics })
}

/// Which of the candidate log groups exist. One look-up a candidate: accounts have thousands of groups, a resource one
/// or two.
async fn existing_log_groups(
    logs: &aws_sdk_cloudwatchlogs::Client,
    resources: &[FoundResource],
    log_groups_tag: &str,
) -> anyhow::Result<BTreeSet<String>> {
    let candidates: BTreeSet<String> =
        resources.iter().flat_map(|resource| log_group_candidates(resource, log_groups_tag)).collect();
    let mut existing = BTreeSet::new();
    for candidate in candidates {
        // Groups come sorted by name, so the candidate itself is on the first page, before all that it is a prefix of.
        let page = logs
            .describe_log_groups()
            .log_group_name_prefix(&candidate)
            .send()
            .await
            .with_context(|| format!("looking for the log group {candidate}"))?;
        if page.log_groups().iter().any(|group| group.log_group_name() == Some(&candidate)) {
            existing.insert(candidate);
        }
    }
    Ok(existing)
}

/// The series of every catalogue entry whose dimensions vary, for the resource types at hand.
async fn list_metrics(
    cloudwatch: &aws_sdk_cloudwatch::Client,
    catalogue: &Catalogue,
    resources: &[FoundResource],
) -> anyhow::Result<Vec<ListedMetric>> {
    let kinds: BTreeSet<&str> = resources.iter().map(|resource| resource.reference.kind.as_str()).collect();
    let wanted: BTreeSet<(&str, &str)> = kinds
        .into_iter()
        .flat_map(|kind| catalogue.entries(kind))
        .filter(|entry| entry.discovery == Discovery::ListMetrics)
        .map(|entry| (entry.namespace.as_str(), entry.metric.as_str()))
        .collect();
    let mut listed = Vec::new();
    for (namespace, name) in wanted {
        let mut pages = cloudwatch
            .list_metrics()
            .namespace(namespace)
            .metric_name(name)
            .recently_active(RecentlyActive::Pt3H)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| format!("listing {namespace} {name}"))?;
            listed.extend(page.metrics().iter().filter_map(row));
        }
    }
    Ok(listed)
}

fn row(metric: &Metric) -> Option<ListedMetric> {
    Some(ListedMetric {
        namespace: metric.namespace()?.to_owned(),
        name: metric.metric_name()?.to_owned(),
        dimensions: metric
            .dimensions()
            .iter()
            .filter_map(|dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned())))
            .collect(),
    })
}
