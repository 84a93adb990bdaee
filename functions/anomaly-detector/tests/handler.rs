//! A run, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_anomaly_detector::context::Context;
use nightjar_anomaly_detector::handler::handle;
use nightjar_anomaly_detector::models::Models;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::scopes::Scopes;
use nightjar_aws::stores::{AuditStore, InventoryStore, ModelStore, SeriesStore};
use nightjar_domain::accounts::Scope;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::models::{Considered, ModelName, ModelScope, Pointer};
use nightjar_domain::resource::Resource;
use nightjar_model::train::{TrainOptions, train};
use nightjar_model::{Model, SeriesState, synthetic};
use nightjar_testkit::{metric, now, resource};

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

type Item = HashMap<String, AttributeValue>;

/// The models table's pointers.
fn pointers(pointers: Vec<Pointer>) -> Rule {
    mock!(aws_sdk_dynamodb::Client::query).match_requests(|request| request.table_name() == Some("models")).then_output(
        move || {
            let item =
                |pointer| Item::from([("pointer".into(), AttributeValue::S(serde_json::to_string(pointer).unwrap()))]);
            QueryOutput::builder().set_items(Some(pointers.iter().map(item).collect())).build()
        },
    )
}

fn artifact(bytes: Vec<u8>) -> Rule {
    mock!(aws_sdk_dynamodb::Client::get_item)
        .match_requests(|request| request.table_name() == Some("models"))
        .then_output(move || {
            GetItemOutput::builder().item("artifact", AttributeValue::B(Blob::new(bytes.clone()))).build()
        })
}

/// The pointer of a scope whose model is `model`.
fn promoted(scope: ModelScope, model: &Model) -> Pointer {
    let model = ModelName {
        version: model.version().to_owned(),
        sha256: model.provenance().sha256.clone(),
        trained_at: model.provenance().trained_at.clone(),
    };
    Pointer::new(scope).after(Considered {
        model,
        data_sha256: "data".into(),
        promoted: true,
        why: "no worse".into(),
        comparison: serde_json::Value::Null,
        by: "model-trainer".into(),
        at: now(),
    })
}

struct World {
    inventory: Vec<Resource>,
    cloudwatch: Rule,
    sns: Rule,
    saved: Rule,
    states: Vec<Item>,
    pointers: Rule,
    artifact: Rule,
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
            states: Vec::new(),
            pointers: pointers(vec![]),
            artifact: artifact(Model::bundled_bytes().to_vec()),
        }
    }

    /// The suite's own account and region alone.
    fn scopes() -> Scopes {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        Scopes::new(config, Scope::of(&resource().reference), "aiops-anomaly-detector")
    }

    fn context(&self) -> Context {
        let inventory = self.inventory.clone();
        let scan = mock!(aws_sdk_dynamodb::Client::scan).then_output(move || {
            let items = inventory.iter().map(|resource| serde_dynamo::to_item(resource).unwrap()).collect();
            ScanOutput::builder().set_items(Some(items)).build()
        });
        let stored = self.states.clone();
        let states = mock!(aws_sdk_dynamodb::Client::batch_get_item)
            .then_output(move || BatchGetItemOutput::builder().responses("series", stored.clone()).build());
        let tip = mock!(aws_sdk_dynamodb::Client::query)
            .match_requests(|request| request.table_name() == Some("audit"))
            .then_output(|| QueryOutput::builder().build());
        let audit = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .then_output(|| TransactWriteItemsOutput::builder().build());
        let rules = [&scan, &states, &tip, &audit, &self.saved, &self.pointers, &self.artifact];
        let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
        let audit = AuditStore::new(dynamodb.clone(), "audit".into());
        Context {
            config: ConfigReader::new(dynamodb.clone(), None, audit.clone(), "anomaly-detector"),
            maintenance: MaintenanceWindows::default(),
            models: Models::new(ModelStore::new(dynamodb.clone(), "models".into())),
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.cloudwatch]),
            scopes: Self::scopes(),
            inventory: InventoryStore::new(dynamodb.clone(), "inventory".into()),
            series: SeriesStore::new(dynamodb, "series".into()),
            audit,
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

/// A series of the same name in another account is another series, and is never read with the own credentials.
#[tokio::test]
async fn a_scope_that_cannot_be_opened_waits_and_the_others_are_judged() {
    let mut world =
        World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0, 98.0])));
    let mut other = resource();
    other.reference.arn = other.reference.arn.replace(&other.reference.account, "222233334444");
    other.reference.account = "222233334444".to_owned();
    other.metrics[0].metric.scope = Some(Scope::of(&other.reference));
    assert_ne!(other.metrics[0].metric.series(), metric().series());
    world.inventory.push(other);
    let summary = handle(&world.context(), now()).await.unwrap();
    assert_eq!((summary.series, summary.unread, world.cloudwatch.num_calls(), world.saved.num_calls()), (2, 1, 1, 1));
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

/// A model that is not the bundled one.
fn another_model() -> (Vec<u8>, Model) {
    let artifact = train(&synthetic::fleet(3), &TrainOptions::default()).unwrap();
    let bytes = artifact.to_bytes().unwrap();
    let model = Model::from_bytes(&bytes).unwrap();
    (bytes, model)
}

/// The versions that the published anomalies name, and the anomalies' ids.
type Heard = Arc<Mutex<Vec<(String, String)>>>;

fn listening() -> (Rule, Heard) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    let sns = mock!(aws_sdk_sns::Client::publish)
        .match_requests(move |request| {
            let message: serde_json::Value = serde_json::from_str(request.message().unwrap()).unwrap();
            let text = |name: &str| message["body"][name].as_str().unwrap().to_owned();
            into.lock().unwrap().push((text("detector"), text("id")));
            true
        })
        .then_output(|| PublishOutput::builder().message_id("m").build());
    (sns, heard)
}

#[tokio::test]
async fn the_narrowest_scope_judges_and_its_artifact_is_read_once_for_each_version() {
    let (bytes, model) = another_model();
    let mut world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0])));
    let of_metric = promoted(ModelScope::of_metric(&metric()), &model);
    let of_nobody = promoted(ModelScope::Resource("i-another".into()), &model);
    world.pointers = pointers(vec![of_metric, of_nobody]);
    world.artifact = artifact(bytes);
    let (sns, heard) = listening();
    world.sns = sns;
    let context = world.context();
    for _ in 0..2 {
        assert_eq!(handle(&context, now()).await.unwrap().models, 1);
    }
    assert_eq!((world.pointers.num_calls(), world.artifact.num_calls()), (2, 1));
    let heard = heard.lock().unwrap().clone();
    assert!(!heard.is_empty() && heard.iter().all(|(version, _)| version == model.version()), "{heard:?}");
}

#[tokio::test]
async fn a_model_that_changes_in_the_middle_of_an_incident_raises_nothing_twice() {
    let (bytes, model) = another_model();
    let mut ids = Vec::new();
    for pointed in [vec![], vec![promoted(ModelScope::Account, &model)]] {
        let mut world =
            World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0])));
        world.pointers = pointers(pointed);
        world.artifact = artifact(bytes.clone());
        let (sns, heard) = listening();
        world.sns = sns;
        handle(&world.context(), now()).await.unwrap();
        ids.push(heard.lock().unwrap().clone());
    }
    assert_ne!(ids[0][0].0, ids[1][0].0, "another model judged");
    assert_eq!(ids[0][0].1, ids[1][0].1, "under the same id");
}

#[rstest::rstest]
#[case::damaged(Model::bundled_bytes()[..1000].to_vec())]
#[case::of_another_format({
    let mut bytes = Model::bundled_bytes().to_vec();
    bytes[7] = 99;
    bytes
})]
#[case::another_than_named(another_model().0)]
#[tokio::test]
async fn an_artifact_that_cannot_be_used_fails_no_run(#[case] bytes: Vec<u8>) {
    let mut world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0])));
    world.pointers = pointers(vec![promoted(ModelScope::Account, Model::bundled())]);
    world.artifact = artifact(bytes);
    let (sns, heard) = listening();
    world.sns = sns;
    let context = world.context();
    for _ in 0..2 {
        assert_eq!(handle(&context, now()).await.unwrap().models, 0);
    }
    assert_eq!(world.artifact.num_calls(), 1, "what is damaged is not read every five minutes");
    assert_eq!(heard.lock().unwrap()[0].0, Model::bundled().version());
}

#[tokio::test]
async fn a_models_table_that_cannot_be_read_fails_no_run() {
    let mut world = World::new(mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(|| answer(vec![97.0])));
    world.pointers = mock!(aws_sdk_dynamodb::Client::query)
        .match_requests(|request| request.table_name() == Some("models"))
        .then_error(|| {
            QueryError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build())
        });
    let summary = handle(&world.context(), now()).await.unwrap();
    assert_eq!((summary.models, summary.anomalies), (0, 1));
}

#[rstest::rstest]
#[case::of_an_old_version(vec![1; 14_000])]
#[case::damaged(vec![2, 3])]
#[case::empty(vec![])]
#[tokio::test]
async fn a_state_that_cannot_be_read_is_learnt_anew_from_fourteen_days(#[case] state: Vec<u8>) {
    let mut world = World::new(
        mock!(aws_sdk_cloudwatch::Client::get_metric_data)
            .match_requests(|request| {
                let span = request.end_time().unwrap().secs() - request.start_time().unwrap().secs();
                span > 13 * 86_400
            })
            .then_output(|| answer(vec![97.0])),
    );
    world.states = vec![Item::from([
        ("series".into(), AttributeValue::S(metric().series().to_string())),
        ("state".into(), AttributeValue::B(Blob::new(state))),
        ("version".into(), AttributeValue::N("7".into())),
        ("feedback".into(), AttributeValue::S(r#"{"raise":0.5,"since":1}"#.into())),
    ])];
    world.saved = mock!(aws_sdk_dynamodb::Client::put_item)
        .match_requests(|request| {
            let item = request.item().unwrap();
            let state = SeriesState::decode(item["state"].as_b().unwrap().as_ref()).unwrap();
            item["version"] == AttributeValue::N("8".into())
                && item["feedback"] == AttributeValue::S(r#"{"raise":0.5,"since":1}"#.into())
                && (state.feedback.raise_at(1) - 0.5).abs() < 1e-6
        })
        .then_output(|| PutItemOutput::builder().build());
    let summary = handle(&world.context(), now()).await.unwrap();
    assert_eq!((summary.datapoints, summary.anomalies, world.saved.num_calls()), (2881, 1, 1));
}
