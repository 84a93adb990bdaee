//! What the monitor remembers, tells, and does not do twice.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which may stop the test")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::Event;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use aws_sdk_sns::operation::publish::{PublishError, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use nightjar_aws::settings::Environment;
use nightjar_domain::incident::Incident;
use nightjar_domain::severity::Severity;
use nightjar_security_monitor::context::{Clients, Context};
use nightjar_security_monitor::handler::handle;
use nightjar_security_monitor::settings::Settings;
use nightjar_testkit::now;
use serde_json::{Value, json};

type Item = HashMap<String, AttributeValue>;
type Table = Arc<Mutex<HashMap<String, Item>>>;

/// Two tables that keep their conditions, a topic, and CloudTrail's history.
#[derive(Clone, Default)]
struct World {
    security: Table,
    incidents: Table,
    published: Arc<Mutex<Vec<Value>>>,
    /// Publications that fail first.
    sns_fails: Arc<AtomicUsize>,
    history: Arc<Mutex<Vec<Value>>>,
    audited: Arc<Mutex<Vec<String>>>,
    noise: &'static str,
}

impl World {
    /// A process of its own: nothing is remembered but what the tables hold.
    fn process(&self) -> Context {
        let settings = Settings::read(Environment::from_lookup(|name| match name {
            "LAMBDA_TASK_ROOT" | "SECURITY_SEVERITY" | "INCIDENT_RETENTION_DAYS" | "PUBLISH_LEASE_SECONDS" => None,
            name => Some(name.to_lowercase()),
        }));
        let clients = Clients { cloudtrail: self.cloudtrail(), dynamodb: self.dynamodb(), sns: self.sns() };
        Context::new(clients, settings.unwrap())
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let (security, incidents) = (self.security.clone(), self.incidents.clone());
        let get = mock!(aws_sdk_dynamodb::Client::get_item).then_compute_output(move |request| {
            let table = if request.table_name() == Some("security_table") { &security } else { &incidents };
            let id = request.key().unwrap()["id"].as_s().unwrap();
            GetItemOutput::builder().set_item(table.lock().unwrap().get(id).cloned()).build()
        });
        let incidents = self.incidents.clone();
        let put = mock!(aws_sdk_dynamodb::Client::put_item).then_compute_output(move |request| {
            let item = request.item().unwrap().clone();
            incidents.lock().unwrap().entry(item["id"].as_s().unwrap().clone()).or_insert(item);
            PutItemOutput::builder().build()
        });
        let (incidents, security) = (self.incidents.clone(), self.security.clone());
        let update = mock!(aws_sdk_dynamodb::Client::update_item).then_compute_response(move |request| {
            let table = if request.table_name() == Some("security_table") { &security } else { &incidents };
            let refused = || {
                let refusal = ConditionalCheckFailedException::builder().build();
                MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(refusal))
            };
            let mut table = table.lock().unwrap();
            let item = table.entry(request.key().unwrap()["id"].as_s().unwrap().clone()).or_default();
            let condition = request.condition_expression().unwrap();
            let values = request.expression_attribute_values().cloned().unwrap_or_default();
            if condition.contains("attribute_not_exists(published_at)") && item.contains_key("published_at") {
                return refused();
            }
            if condition == "#version = :before" && item.get("version") != values.get(":before") {
                return refused();
            }
            let expression = request.update_expression().unwrap();
            for (name, value) in values.iter().filter(|(name, _)| *name != ":before" && *name != ":now") {
                let name = match name.trim_start_matches(':') {
                    "at" => "published_at",
                    "until" if condition.contains("swept_until") => "swept_until",
                    "until" => "publishing_until",
                    other => other,
                };
                item.insert(name.to_owned(), value.clone());
            }
            if expression.contains("REMOVE published_at") {
                item.remove("published_at");
            }
            MockResponse::Output(UpdateItemOutput::builder().build())
        });
        let (security, audited) = (self.security.clone(), self.audited.clone());
        let transact = mock!(aws_sdk_dynamodb::Client::transact_write_items).then_compute_response(move |request| {
            let puts: Vec<_> = request.transact_items().iter().filter_map(|write| write.put()).collect();
            if puts.iter().any(|put| put.table_name() == "audit_table") {
                let entries = puts.iter().filter_map(|put| put.item().get("entry")?.as_s().ok().cloned());
                audited.lock().unwrap().extend(entries);
                return MockResponse::Output(TransactWriteItemsOutput::builder().build());
            }
            let mut table = security.lock().unwrap();
            let is_kept_out = |put: &aws_sdk_dynamodb::types::Put| {
                let stored = table.get(put.item()["id"].as_s().unwrap());
                match put.condition_expression() {
                    Some("attribute_not_exists(id)") => stored.is_some(),
                    _ => {
                        stored.and_then(|item| item.get("version"))
                            != put.expression_attribute_values().and_then(|values| values.get(":before"))
                    }
                }
            };
            let refused: Vec<bool> = puts.iter().map(|put| is_kept_out(put)).collect();
            if refused.contains(&true) {
                let reason = |refused: &bool| {
                    CancellationReason::builder().code(if *refused { "ConditionalCheckFailed" } else { "None" }).build()
                };
                let cancelled = TransactionCanceledException::builder()
                    .set_cancellation_reasons(Some(refused.iter().map(reason).collect()));
                return MockResponse::Error(TransactWriteItemsError::TransactionCanceledException(cancelled.build()));
            }
            for put in puts {
                table.insert(put.item()["id"].as_s().unwrap().clone(), put.item().clone());
            }
            MockResponse::Output(TransactWriteItemsOutput::builder().build())
        });
        let security = self.security.clone();
        let batch = mock!(aws_sdk_dynamodb::Client::batch_get_item).then_compute_output(move |request| {
            let table = security.lock().unwrap();
            let keys = request.request_items().unwrap()["security_table"].keys();
            let found = keys.iter().filter_map(|key| table.get(key["id"].as_s().unwrap()).cloned()).collect();
            BatchGetItemOutput::builder().responses("security_table", found).build()
        });
        let noise = self.noise;
        let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |request| {
            let published = request.table_name() == Some("config_table") && !noise.is_empty();
            let text = |text: &str| AttributeValue::S(text.to_owned());
            let item = [
                ("json", text(noise)),
                ("by", text("anna")),
                ("why", text("moved")),
                ("at", text("2026-11-21T09:00:00Z")),
            ];
            let item = item.into_iter().chain([("version", AttributeValue::N("1".to_owned()))]);
            let item: Item = item.map(|(name, value)| (name.to_owned(), value)).collect();
            QueryOutput::builder().set_items(published.then(|| vec![item])).build()
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&get, &put, &update, &transact, &batch, &query])
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let (published, fails) = (self.published.clone(), self.sns_fails.clone());
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request| {
            if fails.load(Ordering::SeqCst) > 0 {
                fails.fetch_sub(1, Ordering::SeqCst);
                let error = ErrorMetadata::builder().code("InternalError").build();
                return MockResponse::Error(PublishError::generic(error));
            }
            let message: Value = serde_json::from_str(request.message().unwrap()).unwrap();
            published.lock().unwrap().push(serde_json::from_str(message["default"].as_str().unwrap()).unwrap());
            MockResponse::Output(PublishOutput::builder().build())
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&publish])
    }

    fn cloudtrail(&self) -> aws_sdk_cloudtrail::Client {
        let history = self.history.clone();
        let lookup = mock!(aws_sdk_cloudtrail::Client::lookup_events).then_compute_output(move |request| {
            let (from, until) = (request.start_time().unwrap().secs(), request.end_time().unwrap().secs());
            let inside = |event: &&Value| {
                let at: Timestamp = event["eventTime"].as_str().unwrap().parse().unwrap();
                (from..=until).contains(&at.as_second())
            };
            let history = history.lock().unwrap();
            let events = history
                .iter()
                .filter(inside)
                .map(|event| Event::builder().cloud_trail_event(event.to_string()).build());
            LookupEventsOutput::builder().set_events(Some(events.collect())).build()
        });
        mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&lookup])
    }

    fn incidents(&self) -> Vec<Incident> {
        self.incidents.lock().unwrap().values().map(|item| serde_dynamo::from_item(item.clone()).unwrap()).collect()
    }

    fn the_incident(&self) -> Incident {
        let mut incidents = self.incidents();
        assert_eq!(incidents.len(), 1, "{incidents:#?}");
        incidents.remove(0)
    }

    fn published(&self) -> Vec<Value> {
        self.published.lock().unwrap().clone()
    }

    fn audited(&self, kind: &str) -> usize {
        self.audited.lock().unwrap().iter().filter(|entry| entry.contains(&format!("\"kind\":\"{kind}\""))).count()
    }
}

fn cloudtrail_event(id: &str, name: &str, minutes_ago: i64) -> Value {
    json!({
        "eventID": id, "eventName": name, "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "eu-west-1",
        "eventTime": (now() - jiff::SignedDuration::from_mins(minutes_ago)).to_string(),
        "sourceIPAddress": "203.0.113.9", "recipientAccountId": "111122223333", "readOnly": false,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve", "accessKeyId": "AKIAEXAMPLE",
            "userName": "eve", "accountId": "111122223333"},
        "requestParameters": {"name": "main"},
    })
}

fn delivery(detail: &Value) -> Value {
    json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail", "detail": detail})
}

async fn deliver(context: &Context, detail: &Value) -> anyhow::Result<Value> {
    handle(context, delivery(detail), now).await
}

#[tokio::test]
async fn one_event_is_one_incident_told_once_however_often_it_comes() {
    let world = World::default();
    let event = cloudtrail_event("1", "StopLogging", 1);
    let process = world.process();
    let first = deliver(&process, &event).await.unwrap();
    assert_eq!((&first["published"], &first["duplicates"]), (&json!(1), &json!(0)));
    for process in [&process, &world.process()] {
        let again = deliver(process, &event).await.unwrap();
        assert_eq!((&again["published"], &again["duplicates"]), (&json!(0), &json!(1)), "{again}");
    }
    let incident = world.the_incident();
    assert_eq!(serde_json::to_value(incident.kind).unwrap(), "security");
    assert!(incident.severity >= Severity::Medium);
    assert_eq!(incident.anomaly.resource.kind, "iam:user");
    assert_eq!(world.published().len(), 1);
    assert_eq!(world.published()[0]["body"]["security"]["principal"], "arn:aws:iam::111122223333:user/eve");
    assert_eq!((world.audited("incident.opened"), world.audited("alert.published")), (1, 1));
}

#[tokio::test]
async fn an_attack_is_one_incident_and_is_told_again_when_it_grows() {
    let world = World::default();
    deliver(&world.process(), &cloudtrail_event("1", "StopLogging", 9)).await.unwrap();
    let mut key = cloudtrail_event("2", "CreateAccessKey", 8);
    key["eventSource"] = json!("iam.amazonaws.com");
    key["requestParameters"] = json!({"userName": "somebody-else"});
    deliver(&world.process(), &key).await.unwrap();
    let incident = world.the_incident();
    let story = incident.security.unwrap();
    assert!(story.tactics.len() >= 2, "{:?}", story.tactics);
    assert!(incident.version >= 2);
    let published = world.published();
    assert_eq!(published.len(), 2);
    assert_ne!(published[0]["id"], published[1]["id"], "a channel that sends each message once must send both");
    assert_eq!(published[0]["trace"], json!(incident.id));
    assert_eq!(world.audited("incident.grew"), 1);
}

#[tokio::test]
async fn a_delivery_that_dies_before_it_publishes_is_made_good_by_the_next() {
    let world = World::default();
    world.sns_fails.store(9, Ordering::SeqCst);
    let event = cloudtrail_event("1", "StopLogging", 1);
    assert!(deliver(&world.process(), &event).await.is_err(), "what was not told is not done");
    assert_eq!(world.incidents().len(), 1);
    world.sns_fails.store(0, Ordering::SeqCst);
    let id = world.the_incident().id.to_string();
    world.incidents.lock().unwrap().get_mut(&id).unwrap().remove("publishing_until");
    assert_eq!(deliver(&world.process(), &event).await.unwrap()["published"], 1);
    assert_eq!(world.published().len(), 1);
}

#[tokio::test]
async fn processes_that_do_not_know_of_each_other_count_together() {
    let world = World::default();
    let (one, other) = (world.process(), world.process());
    // Both remember the principal as it was before; each write makes the other's memory stale.
    for number in 0..12 {
        let mut event = cloudtrail_event(&number.to_string(), "DescribeInstanceAttribute", 9);
        event["eventSource"] = json!("ec2.amazonaws.com");
        event["readOnly"] = json!(true);
        event["requestParameters"] = json!({"attribute": "userData", "instanceId": format!("i-{number}")});
        deliver(if number % 2 == 0 { &one } else { &other }, &event).await.unwrap();
    }
    let story = world.the_incident().security.unwrap();
    assert_eq!(story.steps[0].title, "User data of several instances downloaded");
    assert_eq!(story.steps[0].event_id, "3", "the fourth instance, counted over both");
}

#[tokio::test]
async fn an_ordinary_event_leaves_nothing_but_a_habit() {
    let world = World::default();
    let process = world.process();
    let mut event = cloudtrail_event("1", "GetTrailStatus", 1);
    event["userIdentity"]["type"] = json!("AWSService");
    event["userIdentity"]["accessKeyId"] = json!("");
    for id in ["1", "2", "3"] {
        event["eventID"] = json!(id);
        assert_eq!(deliver(&process, &event).await.unwrap()["events"], 1);
    }
    let keys: Vec<String> = world.security.lock().unwrap().keys().cloned().collect();
    assert_eq!(keys.len(), 2, "a memory and the mark of the first event: {keys:?}");
    assert_eq!(world.incidents(), []);
}

#[tokio::test]
async fn what_is_expected_opens_nothing() {
    let noise =
        r#"{"expected": [{"why": "moved by hand", "principals": ["*:user/eve"], "rules": [], "up_to": "critical"}]}"#;
    let world = World { noise, ..World::default() };
    let mut process = world.process();
    process.refresh(now()).await.unwrap();
    let summary = deliver(&process, &cloudtrail_event("1", "StopLogging", 1)).await.unwrap();
    assert!(summary["expected"].as_u64() > Some(0) && summary["matches"] == 0, "{summary}");
    assert_eq!((world.incidents(), world.published()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_sweep_fills_the_gap_and_repeats_nothing() {
    let world = World::default();
    let brought = cloudtrail_event("1", "StopLogging", 15);
    deliver(&world.process(), &brought).await.unwrap();
    let missed = cloudtrail_event("2", "DeleteTrail", 5);
    world.history.lock().unwrap().extend([brought, missed]);
    let sweep = json!({"detail-type": "Scheduled Event"});
    let swept = handle(&world.process(), sweep.clone(), now).await.unwrap();
    assert_eq!((&swept["read"], &swept["events"], &swept["complete"]), (&json!(2), &json!(1), &json!(true)), "{swept}");
    assert!(swept["duplicates"].as_u64() >= Some(1));
    let story = world.the_incident().security.unwrap();
    assert!(story.steps.iter().any(|step| step.event_id == "2"));

    let again = handle(&world.process(), sweep, now).await.unwrap();
    assert_eq!((&again["events"], &again["published"]), (&json!(0), &json!(0)), "{again}");
}

#[tokio::test]
async fn the_api_learns_what_the_rules_say_and_nothing_is_kept() {
    let world = World::default();
    let process = world.process();
    let body = json!({"Records": [cloudtrail_event("1", "StopLogging", 1), 5]}).to_string();
    let detected = handle(&process, json!({"action": "detect", "body": body}), now).await.unwrap();
    assert_eq!((&detected["events"], detected["incidents"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(detected["matches"][0]["event_id"], "1");
    assert!(detected["problems"][0].as_str().unwrap().contains("no JSON object"));
    let rules = handle(&process, json!({"action": "rules"}), now).await.unwrap();
    assert!(rules["rules"].as_array().unwrap().len() > 100 && rules["problems"] == json!([]));
    assert!(world.security.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_call_that_makes_no_sense_fails() {
    let world = World::default();
    assert!(handle(&world.process(), json!({"detail-type": "something"}), now).await.is_err());
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_is_begun_anew() {
    let world = World::default();
    let event = cloudtrail_event("1", "StopLogging", 1);
    deliver(&world.process(), &event).await.unwrap();
    for item in world.security.lock().unwrap().values_mut().filter(|item| item.contains_key("state")) {
        item.insert("state".to_owned(), AttributeValue::B(aws_sdk_dynamodb::primitives::Blob::new(b"rubbish")));
    }
    let summary = deliver(&world.process(), &cloudtrail_event("2", "DeleteTrail", 0)).await.unwrap();
    assert_eq!(summary["published"], 1, "what the event shows is told all the same");
}
