//! A run, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::stores::{AuditStore, InventoryStore, ModelStore};
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::models::{ModelScope, Pointer};
use nightjar_domain::resource::{Resource, ResourceRef};
use nightjar_model::{Model, synthetic};
use nightjar_model_trainer::context::Context;
use nightjar_model_trainer::handler::{Summary, handle};
use nightjar_testkit::{metric, now, resource};
use nightjar_training::Outcome;

type Item = HashMap<String, AttributeValue>;

/// `days` of healthy history for every series asked for, each its own.
fn answer(days: u32) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(move |request| {
        let start = request.start_time().unwrap().secs();
        let results = request.metric_data_queries().iter().map(|query| {
            let dimensions = query.metric_stat().unwrap().metric().unwrap().dimensions();
            let seed = dimensions[0].value().unwrap().bytes().last().map_or(0, u64::from);
            let series = synthetic::healthy(seed, 300, start, days);
            MetricDataResult::builder()
                .id(query.id().unwrap())
                .set_timestamps(Some(series.points.iter().map(|point| DateTime::from_secs(point.at)).collect()))
                .set_values(Some(series.points.iter().map(|point| point.value).collect()))
                .build()
        });
        GetMetricDataOutput::builder().set_metric_data_results(Some(results.collect())).build()
    })
}

/// The models table in memory, and what else a run touches.
#[derive(Default)]
struct Tables {
    models: Mutex<HashMap<(String, String), Item>>,
    /// Kinds of the facts told, in order.
    facts: Mutex<Vec<String>>,
}

impl Tables {
    fn pointer(&self, scope: &ModelScope) -> Option<Pointer> {
        let models = self.models.lock().unwrap();
        let item = models.get(&("pointer".to_owned(), scope.to_string()))?;
        Some(serde_json::from_str(item["pointer"].as_s().unwrap()).unwrap())
    }

    fn put(&self, item: &Item) {
        let name = |name: &str| item[name].as_s().unwrap().clone();
        self.models.lock().unwrap().insert((name("kind"), name("name")), item.clone());
    }

    fn artifacts(&self) -> Vec<Item> {
        let models = self.models.lock().unwrap();
        models.iter().filter(|((kind, _), _)| kind.starts_with("artifact#")).map(|(_, item)| item.clone()).collect()
    }
}

struct World {
    resources: Vec<Resource>,
    cloudwatch: Rule,
    tables: Arc<Tables>,
    maintenance: MaintenanceWindows,
}

impl World {
    fn new(cloudwatch: Rule, instances: usize) -> Self {
        let resources = (0..instances)
            .map(|index| {
                let mut one = resource();
                one.reference = ResourceRef { id: format!("i-{index}"), ..one.reference };
                one.metrics[0].metric.dimensions.insert("InstanceId".into(), format!("i-{index}"));
                one
            })
            .collect();
        Self { resources, cloudwatch, tables: Arc::default(), maintenance: MaintenanceWindows::default() }
    }

    fn context(&self) -> Context {
        let (inventory, tables) = (self.resources.clone(), &self.tables);
        let scan = mock!(aws_sdk_dynamodb::Client::scan).then_output(move || {
            let items = inventory.iter().map(|resource| serde_dynamo::to_item(resource).unwrap()).collect();
            ScanOutput::builder().set_items(Some(items)).build()
        });
        let t = Arc::clone(tables);
        let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |request| {
            let kind = request.expression_attribute_values().unwrap().get(":kind").cloned();
            let models = t.models.lock().unwrap();
            let items = models.values().filter(|item| Some(&item["kind"]) == kind.as_ref()).cloned().collect();
            QueryOutput::builder().set_items(Some(items)).build()
        });
        let t = Arc::clone(tables);
        let get = mock!(aws_sdk_dynamodb::Client::get_item).then_compute_output(move |request| {
            let key = request.key().unwrap();
            let name = |name: &str| key[name].as_s().unwrap().clone();
            let found = t.models.lock().unwrap().get(&(name("kind"), name("name"))).cloned();
            GetItemOutput::builder().set_item(found).build()
        });
        let t = Arc::clone(tables);
        let put = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_output(move |request| {
            t.put(request.item().unwrap());
            PutItemOutput::builder().build()
        });
        let t = Arc::clone(tables);
        let transact = mock!(aws_sdk_dynamodb::Client::transact_write_items).then_compute_output(move |request| {
            for write in request.transact_items() {
                match write.put() {
                    Some(put) if put.table_name() == "models" => t.put(put.item()),
                    Some(put) => {
                        t.facts.lock().unwrap().extend(put.item().get("kind").map(|kind| kind.as_s().unwrap().clone()));
                    }
                    None => {
                        let key = write.update().unwrap().key();
                        let name = |name: &str| key[name].as_s().unwrap().clone();
                        let mut models = t.models.lock().unwrap();
                        models.get_mut(&(name("kind"), name("name"))).unwrap().remove("expires_at");
                    }
                }
            }
            TransactWriteItemsOutput::builder().build()
        });
        let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&scan, &query, &get, &put, &transact]);
        let audit = AuditStore::new(dynamodb.clone(), "audit".into());
        Context {
            config: ConfigReader::new(dynamodb.clone(), None, audit.clone(), "model-trainer"),
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.cloudwatch]),
            inventory: InventoryStore::new(dynamodb.clone(), "inventory".into()),
            models: ModelStore::new(dynamodb, "models".into()),
            audit,
            maintenance: self.maintenance.clone(),
            now,
        }
    }

    fn facts(&self) -> Vec<String> {
        self.tables.facts.lock().unwrap().clone()
    }
}

fn decided(summary: &Summary) -> usize {
    summary.promoted + summary.rejected
}

#[tokio::test]
async fn every_scope_is_decided_once_on_the_same_data_and_told_each_time() {
    let world = World::new(answer(14), 3);
    let first = handle(&world.context()).await.unwrap();
    assert_eq!((decided(&first), first.unchanged, first.too_little_history), (2, 0, 0), "{first:?}");
    assert_eq!(world.tables.artifacts().len(), first.promoted, "what is rejected is not stored");
    assert!(world.tables.artifacts().iter().all(|item| !item.contains_key("expires_at")));
    let facts = world.facts();
    assert_eq!(facts.len(), 2, "{facts:?}");

    let before: Vec<Option<Pointer>> =
        [ModelScope::Account, ModelScope::of_metric(&metric())].map(|scope| world.tables.pointer(&scope)).into();
    let second = handle(&world.context()).await.unwrap();
    assert_eq!((decided(&second), second.unchanged), (0, 2), "{second:?}");
    let after: Vec<Option<Pointer>> =
        [ModelScope::Account, ModelScope::of_metric(&metric())].map(|scope| world.tables.pointer(&scope)).into();
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_was_decided_is_what_the_comparison_says() {
    let world = World::new(answer(14), 3);
    let summary = handle(&world.context()).await.unwrap();
    for report in &summary.reports {
        let pointer = world.tables.pointer(&report.scope).unwrap();
        let considered = pointer.considered.clone().unwrap();
        let figure = |name: &str| considered.comparison[name].as_u64().unwrap();
        let no_worse = figure("candidate_found") >= figure("current_found")
            && figure("candidate_alerts") <= figure("current_alerts")
            && figure("handover_alerts") <= figure("current_late_alerts");
        assert!(figure("judged") >= 288);
        assert_eq!((considered.promoted, report.outcome == Outcome::Promoted), (no_worse, no_worse), "{report:?}");
        assert_eq!(pointer.current.is_some(), no_worse);
    }
}

#[tokio::test]
async fn too_little_history_is_named_and_changes_nothing() {
    let world = World::new(answer(3), 3);
    let summary = handle(&world.context()).await.unwrap();
    assert_eq!((decided(&summary), summary.too_little_history), (0, 2));
    assert!(summary.reports[0].why.starts_with("too little history to train on: "), "{:?}", summary.reports[0]);
    assert!(world.tables.models.lock().unwrap().is_empty() && world.facts().is_empty());
}

#[tokio::test]
async fn nothing_is_learnt_in_a_maintenance_window() {
    let mut world = World::new(answer(14), 3);
    world.maintenance = MaintenanceWindows::parse(
        r#"{"windows": [{"name": "move", "why": "a test", "resources": {"all": true},
            "when": {"once": {"from": "2026-11-01T00:00:00Z", "until": "2026-11-20T00:00:00Z"}}}]}"#,
    )
    .unwrap();
    let summary = handle(&world.context()).await.unwrap();
    assert_eq!((decided(&summary), summary.too_little_history), (0, 2), "one day of fourteen is left: {summary:?}");
}

#[tokio::test]
async fn an_empty_inventory_asks_cloudwatch_nothing() {
    let world = World::new(answer(14), 0);
    assert_eq!(handle(&world.context()).await.unwrap(), Summary::default());
    assert_eq!(world.cloudwatch.num_calls(), 0);
}

#[tokio::test]
async fn a_damaged_model_in_use_is_compared_as_what_judges_instead_of_it() {
    let world = World::new(answer(14), 1);
    handle(&world.context()).await.unwrap();
    for mut item in world.tables.artifacts() {
        item.insert("artifact".into(), AttributeValue::B(Blob::new(&Model::bundled_bytes()[..100])));
        world.tables.put(&item);
    }
    let another_day = World { cloudwatch: answer(13), ..world };
    assert_eq!(decided(&handle(&another_day.context()).await.unwrap()), 2);
}

#[tokio::test]
async fn a_throttled_cloudwatch_fails_the_run_and_changes_nothing() {
    let world = World::new(
        mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_error(|| {
            GetMetricDataError::generic(ErrorMetadata::builder().code("Throttling").message("Rate exceeded").build())
        }),
        2,
    );
    let error = format!("{:#}", handle(&world.context()).await.unwrap_err());
    assert!(error.contains("2 scopes failed") && error.contains("Rate exceeded"), "{error}");
    assert!(world.tables.models.lock().unwrap().is_empty());
}
