//! Thresholds are told, set by somebody as they were seen, tried, and brought back.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_api::routes::router;
use nightjar_testkit::{INSTANCE, now, resource};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::{Answer, api_without_table, context, get, request, send};

type Item = HashMap<String, AttributeValue>;

/// A table of versions whose conditions hold, an inventory with one instance, CloudWatch, and the audit trail.
struct World {
    client: Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    recorded: Rule,
}

impl World {
    fn new() -> Self {
        let kept: Arc<Mutex<BTreeMap<(String, u64), Item>>> = Arc::default();
        let key = |item: &Item| {
            (item["document"].as_s().unwrap().clone(), item["version"].as_n().unwrap().parse::<u64>().unwrap())
        };
        let table = Arc::clone(&kept);
        let query = mock!(Client::query).then_compute_output(move |request| {
            let of_config = request.table_name() == Some("aiops-config");
            let document =
                request.expression_attribute_values().and_then(|values| values.get(":document")?.as_s().ok().cloned());
            let limit = request.limit().unwrap_or(100).unsigned_abs() as usize;
            let table = table.lock().unwrap();
            let found = table.iter().rev().filter(|((name, _), _)| of_config && Some(name) == document.as_ref());
            QueryOutput::builder().set_items(Some(found.take(limit).map(|(_, item)| item.clone()).collect())).build()
        });
        let table = Arc::clone(&kept);
        let get = mock!(Client::get_item).then_compute_output(move |request| {
            GetItemOutput::builder().set_item(table.lock().unwrap().get(&key(request.key().unwrap())).cloned()).build()
        });
        let put = mock!(Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap();
            if kept.lock().unwrap().contains_key(&key(item)) {
                let refused = ConditionalCheckFailedException::builder().build();
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(refused));
            }
            kept.lock().unwrap().insert(key(item), item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let inventory = mock!(Client::scan)
            .then_output(|| ScanOutput::builder().items(serde_dynamo::to_item(resource()).unwrap()).build());
        let recorded = mock!(Client::transact_write_items).then_output(|| TransactWriteItemsOutput::builder().build());
        let rules = [&query, &get, &put, &inventory, &recorded];
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
        // An hour of 96 % in a week of 50 %.
        let data = mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(|request| {
            let from = request.start_time().unwrap().secs();
            let values = (0..7 * 288).map(|i| if (300..312).contains(&i) { 96.0 } else { 50.0 });
            let at = (0..7 * 288).map(|i| DateTime::from_secs(from + i * 300));
            let result = MetricDataResult::builder()
                .id("s0")
                .set_values(Some(values.collect()))
                .set_timestamps(Some(at.collect()));
            GetMetricDataOutput::builder().metric_data_results(result.build()).build()
        });
        Self { client, cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&data]), recorded }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value, if_match: Option<&str>) -> Answer {
        let mut context = context(self.client.clone());
        context.cloudwatch = self.cloudwatch.clone();
        let event = if method == "GET" { get(path) } else { request(method, path, body, if_match) };
        send(router(context), &event).await
    }
}

fn cpu(set: Value) -> Value {
    let mut document = json!({ "resource_types": { "ec2:instance": {} } });
    document["resource_types"]["ec2:instance"]["CPUUtilization"] = set;
    document
}

#[tokio::test]
async fn thresholds_come_with_their_reason_their_source_and_the_order_of_precedence() {
    let answer = World::new().ask("GET", "/thresholds", &Value::Null, None).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"0\""));
    let order: Vec<&str> =
        answer.body["precedence"].as_array().unwrap().iter().map(|one| one["from"].as_str().unwrap()).collect();
    assert_eq!(order, ["metric_tag", "resource_tag", "product", "override", "catalogue"]);
    let cpu = &answer.body["resource_types"]["ec2:instance"]["metrics"][0];
    assert_eq!((&cpu["metric"], &cpu["alarm"]["critical"]), (&"CPUUtilization".into(), &95.0.into()));
    assert!(answer.body["sources"]["aws"]["url"].as_str().unwrap().starts_with("https://docs.aws.amazon.com/"));
    assert_eq!((&answer.body["catalogue_version"], &answer.body["set"]["version"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn what_is_set_is_told_changed_as_it_was_seen_and_brought_back() {
    let world = World::new();
    let first = cpu(json!({ "critical": 97.0, "why": "batch nights" }));
    let set = world.ask("PUT", "/thresholds", &first, None).await;
    assert_eq!((set.status, set.header("etag")), (StatusCode::OK, "\"1\""), "{:?}", set.body);
    assert_eq!(set.body["changed_by"], "arn:aws:sts::000000000000:assumed-role/reader/cli");
    let same = world.ask("PUT", "/thresholds", &first, Some("\"1\"")).await;
    assert_eq!(same.body["version"], 1, "the same again changes nothing");

    let second = cpu(json!({ "critical": 90.0, "why": "too late" }));
    assert_eq!(world.ask("PUT", "/thresholds", &second, Some("\"0\"")).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(world.ask("PUT", "/thresholds", &second, Some("\"1\"")).await.header("etag"), "\"2\"");
    let shown = world.ask("GET", "/thresholds", &Value::Null, None).await;
    assert_eq!(shown.header("etag"), "\"2\"");
    assert_eq!(shown.body["set"]["overrides"], second);

    let revert = |version: Option<u64>| json!({ "version": version, "why": "it was right" });
    let back = world.ask("POST", "/thresholds/revert", &revert(None), None).await;
    assert_eq!((&back.body["version"], &back.body["brings_back"]), (&json!(3), &json!(1)), "{:?}", back.body);
    assert_eq!(back.body["overrides"], first);
    let nothing = world.ask("POST", "/thresholds/revert", &revert(Some(0)), None).await;
    assert_eq!((&nothing.body["version"], &nothing.body["overrides"]["resource_types"]), (&json!(4), &json!({})));
    assert_eq!(world.ask("POST", "/thresholds/revert", &revert(Some(9)), None).await.status, StatusCode::CONFLICT);
    let silent = world.ask("POST", "/thresholds/revert", &json!({ "why": " " }), None).await;
    assert_eq!(silent.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.recorded.num_calls(), 5, "four versions, and the first once more, which the trail keeps once");
}

#[rstest]
#[case::unknown_type(json!({ "resource_types": { "ec2:toaster": { "Heat": { "critical": 1, "why": "x" } } } }), "resource_types.ec2:toaster.Heat")]
#[case::unknown_metric(json!({ "resource_types": { "ec2:instance": { "Cpu": { "critical": 1, "why": "x" } } } }), "resource_types.ec2:instance.Cpu")]
#[case::no_reason(cpu(json!({ "critical": 97, "why": " " })), "resource_types.ec2:instance.CPUUtilization")]
#[case::nothing(cpu(json!({ "why": "x" })), "resource_types.ec2:instance.CPUUtilization")]
#[case::wrong_way_round(cpu(json!({ "warning": 97, "critical": 90, "why": "x" })), "resource_types.ec2:instance.CPUUtilization")]
#[case::never(cpu(json!({ "datapoints_to_alarm": 4, "evaluation_periods": 3, "why": "x" })), "resource_types.ec2:instance.CPUUtilization")]
#[case::half_a_window(cpu(json!({ "datapoints_to_alarm": 4, "why": "x" })), "resource_types.ec2:instance.CPUUtilization")]
#[case::odd_period(cpu(json!({ "period_seconds": 61, "why": "x" })), "resource_types.ec2:instance.CPUUtilization")]
#[case::off_and_more(cpu(json!({ "levels": "off", "critical": 97, "why": "x" })), "resource_types.ec2:instance.CPUUtilization")]
#[case::misspelt(cpu(json!({ "critcal": 97, "why": "x" })), "body")]
#[tokio::test]
async fn what_cannot_be_used_is_refused_by_name(#[case] body: Value, #[case] parameter: &str) {
    let world = World::new();
    let answer = world.ask("PUT", "/thresholds", &body, None).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:?}", answer.body);
    assert_eq!(answer.body["errors"][0]["parameter"], parameter, "{:?}", answer.body);
    assert_eq!(world.recorded.num_calls(), 0);
}

#[tokio::test]
async fn a_preview_tells_how_often_it_would_have_fired() {
    let world = World::new();
    let path =
        |threshold: u32| format!("/thresholds/preview?type=ec2:instance&metric=CPUUtilization&threshold={threshold}");
    let answer = world.ask("GET", &path(95), &Value::Null, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let series = &answer.body["series"][0];
    assert_eq!(
        (&series["resource"], &series["datapoints"], &series["breaches"]),
        (&json!(INSTANCE), &json!(2016), &json!(12))
    );
    // Three of three: two periods late, and two periods longer than the trouble, no: it ends with the first fine datapoint.
    assert_eq!((&answer.body["fired"], &answer.body["minutes_in_alarm"]), (&json!(1), &json!(50)));
    assert_eq!(answer.body["until"], now().strftime("%Y-%m-%dT%H:00:00Z").to_string());
    assert_eq!(world.ask("GET", &path(97), &Value::Null, None).await.body["fired"], 0);
    // What was set counts where the question leaves it open.
    let set = cpu(json!({ "datapoints_to_alarm": 15, "evaluation_periods": 15, "why": "patience" }));
    assert_eq!(world.ask("PUT", "/thresholds", &set, None).await.status, StatusCode::OK);
    assert_eq!(world.ask("GET", &path(95), &Value::Null, None).await.body["fired"], 0);
}

#[tokio::test]
async fn what_cannot_be_tried_is_named() {
    let answer = send(api_without_table(), &get("/thresholds/preview?type=ec2&threshold=hot&period_seconds=61")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let named: Vec<&str> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["parameter"].as_str().unwrap()).collect();
    assert_eq!(named, ["type", "threshold", "period_seconds", "metric"]);
    let path = "/thresholds/preview?type=ec2:instance&metric=NetworkIn&threshold=1";
    let unknown = World::new().ask("GET", path, &Value::Null, None).await;
    assert_eq!(unknown.body["errors"][0]["parameter"], "metric", "it has no alarm");
}
