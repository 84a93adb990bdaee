//! The GetMetricData call.

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy};
use nightjar_model::Datapoint;

use crate::{Batch, Wanted};

/// Datapoints by index of the series, each oldest first.
pub type Fetched = BTreeMap<usize, Vec<Datapoint>>;

/// Asks for one batch, all pages.
pub async fn fetch(client: &Client, series: &[Wanted<'_>], batch: &Batch) -> anyhow::Result<Fetched> {
    let queries: Vec<MetricDataQuery> =
        batch.series.iter().filter_map(|index| Some(query(*index, series.get(*index)?.metric))).collect();
    let mut pages = client
        .get_metric_data()
        .set_metric_data_queries(Some(queries))
        .start_time(DateTime::from_secs(batch.from.as_second()))
        .end_time(DateTime::from_secs(batch.until.as_second()))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    let mut fetched = Fetched::new();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| {
            format!("GetMetricData for {} series from {} to {}", batch.series.len(), batch.from, batch.until)
        })?;
        for message in page.messages() {
            tracing::warn!(code = message.code(), value = message.value(), "CloudWatch answered with a message");
        }
        for result in page.metric_data_results() {
            if let Some(index) = result.id().and_then(index_of) {
                fetched.entry(index).or_default().extend(datapoints(result));
            }
        }
    }
    for points in fetched.values_mut() {
        points.sort_by_key(|point| point.at);
    }
    Ok(fetched)
}

fn datapoints(result: &MetricDataResult) -> impl Iterator<Item = Datapoint> {
    result.timestamps().iter().zip(result.values()).map(|(at, value)| Datapoint { at: at.secs(), value: *value })
}

/// Ids of queries begin with a lower-case letter.
fn id_of(index: usize) -> String {
    format!("s{index}")
}

fn index_of(id: &str) -> Option<usize> {
    id.strip_prefix('s')?.parse().ok()
}

fn query(index: usize, metric: &nightjar_domain::metric::Metric) -> MetricDataQuery {
    let dimensions =
        metric.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect();
    let asked = Metric::builder()
        .namespace(&metric.namespace)
        .metric_name(&metric.name)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder()
        .metric(asked)
        .period(i32::try_from(metric.period_seconds).unwrap_or(i32::MAX))
        .stat(&metric.statistic)
        .build();
    MetricDataQuery::builder().id(id_of(index)).metric_stat(stat).return_data(true).build()
}
