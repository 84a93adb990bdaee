//! A run, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_anomaly_detector::context::Context;
use nightjar_anomaly_detector::handler::handle;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::stores::{AuditStore, InventoryStore, SeriesStore};
use nightjar_domain::resource::Resource;
use nightjar_model::Model;
use nightjar_testkit::{now, resource};

const PERIOD: i64 = 300;

/// Ten days of a daily rhythm up to the newest complete period, ending with `tail`.
fn answer(tail: Vec<f64>) -> GetMetricDataOutput {
    let count = 10 * 288;
    let last = (now().as_second() - PERIOD) / PERIOD * PERIOD - PERIOD;
    let rhythm =
        (0..count).map(|i: i64| 30.0 + 10.0 * (i as f64 / 288.0 * std::f64::consts::TAU).sin() + (i % 7) as f64 / 4.0);
    let values: Vec<f64> = rhythm.chain(tail).collect();
    let first = last - (values.len() as i64 - 1) * PERIOD;
    let timestamps = (0..values.len() as i64).map(|i| DateTime::from_secs(first + i * PERIOD)).collect();
    let result = MetricDataResult::builder().id("s0").set_timestamps(Some(timestamps)).set_values(Some(values));
    GetMetricDataOutput::builder().metric_data_results(result.build()).build()
}

struct World {
    inventory: Vec<Resource>,
    cloudwatch: Rule,
    sns: Rule,
    saved: Rule,
}

impl World {
    fn new(cloudwatch: Rule) -> Self {
        Self {
            inventory: vec![resource()],
            cloudwatch,
            sns: mock!(aws_sdk_sns::Client::publish).then_output(|| PublishOutput::builder().message_id("m").build()),
            saved: mock!(aws_sdk_dynamodb::Client::put_item)
                .match_requests(|request| request.table_name() == Some("series"))
                .then_output(|| PutItemOutput::builder().build()),
        }
    }

    fn context(&self) -> Context {
        let inventory = self.inventory.clone();
        let scan = mock!(aws_sdk_dynamodb::Client::scan).then_output(move || {
            let items = inventory.iter().map(|resource| serde_dynamo::to_item(resource).unwrap()).collect();
            ScanOutput::builder().set_items(Some(items)).build()
        });
        let states =
            mock!(aws_sdk_dynamodb::Client::batch_get_item).then_output(|| BatchGetItemOutput::builder().build());
        let tip = mock!(aws_sdk_dynamodb::Client::query).then_output(|| QueryOutput::builder().build());
        let audit = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .then_output(|| TransactWriteItemsOutput::builder().build());
        let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&scan, &states, &tip, &audit, &self.saved]);
        Context {
            model: Model::bundled(),
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.cloudwatch]),
            inventory: InventoryStore::new(dynamodb.clone(), "inventory".into()),
            series: SeriesStore::new(dynamodb.clone(), "series".into()),
            audit: AuditStore::new(dynamodb, "audit".into()),
            anomalies: Publisher::new(mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.sns]), "topic".into()),
        }
    }
}

#[tokio::test]
async fn a_spike_is_published_and_the_state_saved() {
    let world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0, 98.0])));
    let summary = handle(&world.context(), now()).await.unwrap();
    assert_eq!((summary.series, summary.learning, summary.silent), (1, 0, 0));
    assert!(summary.anomalies >= 1);
    assert_eq!(world.sns.num_calls(), summary.anomalies);
    assert_eq!(world.saved.num_calls(), 1);
}

#[tokio::test]
async fn an_ordinary_day_publishes_nothing() {
    let world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![])));
    let summary = handle(&world.context(), now()).await.unwrap();
    assert_eq!((summary.anomalies, world.sns.num_calls(), world.saved.num_calls()), (0, 0, 1));
}

#[tokio::test]
async fn no_datapoints_is_a_silent_series_and_no_error() {
    let world = World::new(
        mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| GetMetricDataOutput::builder().build()),
    );
    let summary = handle(&world.context(), now()).await.unwrap();
    assert_eq!((summary.silent, summary.datapoints, world.saved.num_calls()), (1, 0, 0));
}

#[tokio::test]
async fn an_empty_inventory_asks_cloudwatch_nothing() {
    let mut world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![])));
    world.inventory.clear();
    assert_eq!(handle(&world.context(), now()).await.unwrap().series, 0);
    assert_eq!(world.cloudwatch.num_calls(), 0);
}

#[tokio::test]
async fn a_throttled_cloudwatch_fails_the_run_and_loses_no_datapoint() {
    let world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_error(|| {
        GetMetricDataError::generic(ErrorMetadata::builder().code("Throttling").message("Rate exceeded").build())
    }));
    let error = format!("{:#}", handle(&world.context(), now()).await.unwrap_err());
    assert!(error.contains("GetMetricData for 1 series") && error.contains("Rate exceeded"), "{error}");
    assert_eq!(world.saved.num_calls(), 0, "the watermark must not move past datapoints nobody judged");
}

#[tokio::test]
async fn an_anomaly_that_sns_refuses_is_judged_again_by_the_retry() {
    let mut world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0])));
    world.sns = mock!(aws_sdk_sns::Client::publish).then_error(|| {
        PublishError::generic(ErrorMetadata::builder().code("InternalError").message("try later").build())
    });
    assert!(handle(&world.context(), now()).await.is_err());
    assert_eq!(world.saved.num_calls(), 0, "the state must not remember an anomaly nobody heard of");
}
