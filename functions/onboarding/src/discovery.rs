//! Asks AWS what there is: resources, log groups, series whose dimensions vary.
//!
//! Where access is denied, that one source is noted as unread and the rest goes on; any other failure fails the run, which is
//! repeated.

use std::collections::BTreeSet;

use anyhow::Context as _;
use aws_sdk_cloudwatch::types::{Metric, RecentlyActive};
use nightjar_aws::retry::{Failure, classify, explain};
use nightjar_domain::catalogue::{Catalogue, Discovery};
use nightjar_domain::coverage::Unread;
use nightjar_domain::onboarding::{
    Discovered, FoundResource, ListedMetric, READ_LOG_GROUPS, READ_METRICS, log_group_candidates,
};

use crate::context::Context;
use crate::signed::CallError;
use crate::sources;

const REST_API: &str = "apigateway:restapis";

/// Everything that carries the monitor tag, with what is needed to describe it.
pub async fn discover(context: &Context) -> anyhow::Result<Discovered> {
    let mut discovered = Discovered { scope: context.elsewhere(), ..Discovered::default() };
    find(context, &mut discovered).await?;
    if discovered.resources.is_empty() {
        return Ok(discovered);
    }
    name_rest_apis(context, &mut discovered).await?;
    log_groups(context, &mut discovered).await?;
    list_metrics(context, &mut discovered).await?;
    Ok(discovered)
}

async fn find(context: &Context, discovered: &mut Discovered) -> anyhow::Result<()> {
    let settings = &context.settings;
    let (tag, home) =
        ((settings.monitor_tag.as_str(), "true"), (context.scope.account.as_str(), context.scope.region.as_str()));
    let (instances, tagged, groups) = tokio::join!(
        context.fleet.tagged(tag.0, tag.1),
        sources::tagged(&context.signed, tag, home),
        sources::auto_scaling_groups(&context.signed, tag, home),
    );
    match instances {
        Ok(instances) => discovered.resources.extend(instances),
        Err(error) if error.failure() == Failure::Denied => {
            unread(discovered, "ec2:DescribeInstances", &error.to_string());
        }
        Err(error) => return Err(error.into()),
    }
    for answer in [tagged, groups] {
        match answer {
            Ok(found) => discovered.resources.extend(found),
            Err(CallError::Denied { action, problem }) => unread(discovered, action, &problem),
            Err(error) => return Err(error.into()),
        }
    }
    // The same order on every run, and nothing twice, should the Tagging API come to know the groups.
    discovered.resources.sort_by(|a, b| a.reference.arn.cmp(&b.reference.arn));
    discovered.resources.dedup_by(|a, b| a.reference.arn == b.reference.arn);
    Ok(())
}

fn unread(discovered: &mut Discovered, source: &str, problem: &str) {
    let scope = discovered.scope.clone();
    tracing::error!(source, problem, ?scope, "access denied: what it would have told stays as it was");
    discovered.unread.insert(Unread { source: source.to_owned(), problem: problem.to_owned(), scope });
}

/// The metrics of a REST API go by its name, which no ARN tells.
async fn name_rest_apis(context: &Context, discovered: &mut Discovered) -> anyhow::Result<()> {
    let apis: Vec<usize> = (0..discovered.resources.len())
        .filter(|index| discovered.resources[*index].reference.kind == REST_API)
        .collect();
    for index in apis {
        match sources::rest_api_name(&context.signed, &discovered.resources[index].reference.id).await {
            Ok(name) => _ = discovered.resources[index].details.insert("api_name".to_owned(), name),
            Err(CallError::Denied { action, problem }) => {
                unread(discovered, action, &problem);
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Which of the candidate log groups exist. One look-up a candidate: accounts have thousands of groups, a resource one
/// or two.
async fn log_groups(context: &Context, discovered: &mut Discovered) -> anyhow::Result<()> {
    let tag = &context.settings.log_groups_tag;
    let candidates = |resource: &FoundResource| log_group_candidates(resource, &context.catalogue, tag);
    let candidates: BTreeSet<String> = discovered.resources.iter().flat_map(candidates).collect();
    for candidate in candidates {
        // Groups come sorted by name, so the candidate itself is on the first page, before all that it is a prefix of.
        let page = match context.logs.describe_log_groups().log_group_name_prefix(&candidate).send().await {
            Ok(page) => page,
            Err(error) if classify(&error) == Failure::Denied => {
                unread(discovered, READ_LOG_GROUPS, &explain(&error));
                return Ok(());
            }
            Err(error) => return Err(error).with_context(|| format!("looking for the log group {candidate}")),
        };
        let group = page.log_groups().iter().find(|group| group.log_group_name() == Some(&candidate));
        let Some(group) = group else { continue };
        if group.retention_in_days().is_none() {
            discovered.kept_for_ever.insert(candidate.clone());
        }
        discovered.log_groups.insert(candidate);
    }
    Ok(())
}

/// The series of every catalogue entry whose dimensions vary, for the resource types at hand.
async fn list_metrics(context: &Context, discovered: &mut Discovered) -> anyhow::Result<()> {
    for (namespace, name) in varying(&context.catalogue, &discovered.resources) {
        let request = context.cloudwatch.list_metrics().namespace(namespace).metric_name(name);
        let mut pages = request.recently_active(RecentlyActive::Pt3H).into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => discovered.listed_metrics.extend(page.metrics().iter().filter_map(row)),
                Err(error) if classify(&error) == Failure::Denied => {
                    unread(discovered, READ_METRICS, &explain(&error));
                    return Ok(());
                }
                Err(error) => return Err(error).with_context(|| format!("listing {namespace} {name}")),
            }
        }
    }
    Ok(())
}

fn varying<'a>(catalogue: &'a Catalogue, resources: &[FoundResource]) -> BTreeSet<(&'a str, &'a str)> {
    let kinds: BTreeSet<&str> = resources.iter().map(|resource| resource.reference.kind.as_str()).collect();
    let entries = kinds.into_iter().flat_map(|kind| catalogue.entries(kind));
    let varying = entries.filter(|entry| entry.discovery == Discovery::ListMetrics);
    varying.map(|entry| (entry.namespace.as_str(), entry.metric.as_str())).collect()
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
