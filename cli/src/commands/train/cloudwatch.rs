//! History from CloudWatch.

use anyhow::{Context as _, bail, ensure};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat, ScanBy};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::catalogue::{Catalogue, Discovery};
use nightjar_domain::resource::EC2_INSTANCE;
use nightjar_model::Datapoint;
use nightjar_model::train::TrainingSeries;

use crate::output::progress;

const EC2: &str = "AWS/EC2";
const INSTANCE_ID: &str = "InstanceId";
const PERIOD_SECONDS: i32 = 300;
const STATISTIC: &str = "Average";

/// The history of `metrics` over the last `days`. A metric that was asked for and has no datapoints is an error, since a model
/// without it would not be the one that was asked for; of the catalogue's metrics those count that the instance has.
pub(super) async fn history(
    client: &Client,
    instance: &str,
    metrics: &[String],
    days: i64,
    now: Timestamp,
) -> anyhow::Result<Vec<TrainingSeries>> {
    let since = now.checked_sub(SignedDuration::from_hours(24 * days)).context("the history starts before all time")?;
    let bar = progress(format!("Fetching {days} days of {instance}"));
    let mut all = Vec::new();
    let mut silent = Vec::new();
    for (namespace, name) in wanted(metrics)? {
        for metric in series_of(client, instance, &namespace, &name).await? {
            let points = datapoints(client, &metric, since, now).await?;
            bar.inc(points.len() as u64);
            let label = label(&metric);
            if points.is_empty() {
                silent.push(label);
            } else {
                all.push(TrainingSeries { name: label, period_seconds: PERIOD_SECONDS as u32, points });
            }
        }
    }
    bar.finish_and_clear();
    ensure!(
        silent.is_empty() || (metrics.is_empty() && !all.is_empty()),
        "CloudWatch has no datapoints of the last {days} days for {}: look at the instance id, the region and the metric's \
         name (`aws cloudwatch list-metrics --dimensions Name=InstanceId,Value={instance}` shows those there are)",
        silent.join(", ")
    );
    Ok(all)
}

/// Namespace and name of each metric; those that the catalogue watches on every instance, if none is named.
fn wanted(metrics: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    if metrics.is_empty() {
        let catalogue = Catalogue::bundled()?;
        let standard = catalogue.entries(EC2_INSTANCE).iter().filter(|entry| entry.discovery == Discovery::Standard);
        return Ok(standard.map(|entry| (entry.namespace.clone(), entry.metric.clone())).collect());
    }
    metrics.iter().map(|text| namespace_and_name(text)).collect()
}

fn namespace_and_name(text: &str) -> anyhow::Result<(String, String)> {
    match text.rsplit_once('/') {
        None if !text.is_empty() => Ok((EC2.to_owned(), text.to_owned())),
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace.to_owned(), name.to_owned()))
        }
        _ => bail!("{text:?} is no metric: write NAME for AWS/EC2, or NAMESPACE/NAME"),
    }
}

/// The series of a metric: EC2's own has one; an agent's have dimensions that only CloudWatch knows.
async fn series_of(client: &Client, instance: &str, namespace: &str, name: &str) -> anyhow::Result<Vec<Metric>> {
    if namespace == EC2 {
        let dimension = Dimension::builder().name(INSTANCE_ID).value(instance).build();
        return Ok(vec![Metric::builder().namespace(namespace).metric_name(name).dimensions(dimension).build()]);
    }
    let mut found = Vec::new();
    let filter = DimensionFilter::builder().name(INSTANCE_ID).value(instance).build();
    let mut pages =
        client.list_metrics().namespace(namespace).metric_name(name).dimensions(filter).into_paginator().send();
    while let Some(page) = pages.next().await {
        found.extend(page.context("CloudWatch's metrics cannot be listed")?.metrics.unwrap_or_default());
    }
    ensure!(
        !found.is_empty(),
        "CloudWatch has no series {namespace}/{name} of {instance}: is the CloudWatch agent running?"
    );
    Ok(found)
}

async fn datapoints(
    client: &Client,
    metric: &Metric,
    since: Timestamp,
    until: Timestamp,
) -> anyhow::Result<Vec<Datapoint>> {
    let stat = MetricStat::builder().metric(metric.clone()).period(PERIOD_SECONDS).stat(STATISTIC).build();
    let query = MetricDataQuery::builder().id("history").metric_stat(stat).build();
    let mut pages = client
        .get_metric_data()
        .metric_data_queries(query)
        .start_time(DateTime::from_secs(since.as_second()))
        .end_time(DateTime::from_secs(until.as_second()))
        .scan_by(ScanBy::TimestampAscending)
        .into_paginator()
        .send();
    let mut points = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| format!("the history of {} cannot be read", label(metric)))?;
        for result in page.metric_data_results() {
            let pairs = result.timestamps().iter().zip(result.values());
            points.extend(pairs.map(|(at, value)| Datapoint { at: at.secs(), value: *value }));
        }
    }
    points.sort_by_key(|point| point.at);
    points.dedup_by_key(|point| point.at);
    Ok(points)
}

/// `AWS/EC2 CPUUtilization InstanceId=i-1`.
fn label(metric: &Metric) -> String {
    let mut words =
        vec![metric.namespace().unwrap_or_default().to_owned(), metric.metric_name().unwrap_or_default().to_owned()];
    words.extend(metric.dimensions().iter().map(|dimension| {
        format!("{}={}", dimension.name().unwrap_or_default(), dimension.value().unwrap_or_default())
    }));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
    use aws_sdk_cloudwatch::operation::list_metrics::ListMetricsOutput;
    use aws_sdk_cloudwatch::types::MetricDataResult;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use nightjar_testkit::{INSTANCE, now};

    fn page(seconds: &[i64], next: Option<&str>) -> GetMetricDataOutput {
        let result = seconds.iter().fold(MetricDataResult::builder().id("history"), |result, second| {
            result.timestamps(DateTime::from_secs(*second)).values(1.5)
        });
        GetMetricDataOutput::builder()
            .metric_data_results(result.build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn pages_are_joined_in_order_of_time() {
        let rule = mock!(Client::get_metric_data)
            .sequence()
            .output(|| page(&[600, 900], Some("more")))
            .output(|| page(&[300, 900], None))
            .build();
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::Sequential, [&rule]);
        let series = history(&client, INSTANCE, &["CPUUtilization".to_owned()], 14, now()).await.unwrap();
        let times: Vec<i64> = series[0].points.iter().map(|point| point.at).collect();
        assert_eq!(times, [300, 600, 900]);
        assert_eq!(series[0].name, format!("AWS/EC2 CPUUtilization InstanceId={INSTANCE}"));
    }

    #[tokio::test]
    async fn no_datapoints_is_an_error_that_says_where_to_look() {
        let rule = mock!(Client::get_metric_data).then_output(|| page(&[], None));
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&rule]);
        let error = history(&client, INSTANCE, &[], 14, now()).await.unwrap_err().to_string();
        assert!(error.contains("no datapoints of the last 14 days for AWS/EC2 CPUUtilization"), "{error}");
        assert_eq!(rule.num_calls(), wanted(&[]).unwrap().len(), "the standard metrics of the catalogue");
    }

    #[rstest::rstest]
    #[case::of_the_catalogue(&[], true)]
    #[case::asked_for(&["CPUUtilization", "CPUCreditBalance"], false)]
    #[tokio::test]
    async fn a_metric_that_the_instance_does_not_have_matters_only_where_it_was_asked_for(
        #[case] asked: &[&str],
        #[case] fine: bool,
    ) {
        let has = mock!(Client::get_metric_data)
            .match_requests(|request| format!("{request:?}").contains("CPUUtilization"))
            .then_output(|| page(&[300], None));
        let has_not = mock!(Client::get_metric_data).then_output(|| page(&[], None));
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&has, &has_not]);
        let asked: Vec<String> = asked.iter().map(|&name| name.to_owned()).collect();
        let series = history(&client, INSTANCE, &asked, 14, now()).await;
        assert_eq!(series.is_ok_and(|series| series.len() == 1), fine);
    }

    #[tokio::test]
    async fn an_agents_metric_is_looked_up_first() {
        let rule = mock!(Client::list_metrics).then_output(|| ListMetricsOutput::builder().build());
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::Sequential, [&rule]);
        let metric = "CWAgent/mem_used_percent".to_owned();
        let error = history(&client, INSTANCE, &[metric], 14, now()).await.unwrap_err().to_string();
        assert!(error.contains("no series CWAgent/mem_used_percent"), "{error}");
    }

    #[rstest::rstest]
    #[case("CPUUtilization", Some(("AWS/EC2", "CPUUtilization")))]
    #[case("AWS/EC2/NetworkIn", Some(("AWS/EC2", "NetworkIn")))]
    #[case("CWAgent/mem_used_percent", Some(("CWAgent", "mem_used_percent")))]
    #[case("", None)]
    #[case("/x", None)]
    #[case("x/", None)]
    fn names_carry_their_namespace(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        let parsed = namespace_and_name(text).ok();
        assert_eq!(parsed.as_ref().map(|(namespace, name)| (namespace.as_str(), name.as_str())), expected);
    }
}
