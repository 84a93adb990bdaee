//! From anomaly to incident: what is gathered, what is told, and what becomes of denials.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsError, LookupEventsOutput};
use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatchlogs::operation::filter_log_events::{
    FilterLogEventsError, FilterLogEventsInput, FilterLogEventsOutput,
};
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryError, StartQueryOutput};
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, QueryStatus, ResultField};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, FingerprintStore, IncidentStore, InventoryStore, LogWatchStore, SeriesStore};
use nightjar_calls::Caller;
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::{Finding, LogSignals};
use nightjar_domain::escalation::EscalationRules;
use nightjar_domain::incident::Incident;
use nightjar_domain::log_watch::LogWatch;
use nightjar_domain::resource::{LogSource, Resource};
use nightjar_log_analyzer_rca::context::Context;
use nightjar_log_analyzer_rca::handler::{Summary, handle};
use nightjar_log_analyzer_rca::settings::Settings;
use nightjar_testkit::{ACCOUNT, REGION, anomaly, at, envelope_of, incident, now, resource, sns_event};

use crate::ec2;

struct World {
    anomaly: Anomaly,
    /// The incident that an earlier delivery stored, and whether it was published.
    stored: Option<(Incident, bool)>,
    groups: Vec<&'static str>,
    start_query: Rule,
    also: Option<Rule>,
    rows: Vec<(&'static str, &'static str)>,
    filter: Rule,
    trail: Rule,
    ec2: Caller,
    metric_data: Rule,
    put: Rule,
    sns: Rule,
    /// Claims of the right to publish, and notes that it was done.
    publication: Rule,
}

impl World {
    fn new() -> Self {
        Self {
            anomaly: anomaly(),
            stored: None,
            groups: vec!["/aws/ec2/checkout"],
            also: None,
            start_query: mock!(aws_sdk_cloudwatchlogs::Client::start_query)
                .then_output(|| StartQueryOutput::builder().query_id("q").build()),
            rows: vec![
                ("2026-11-21 09:58:01.000", "kernel: Out of memory: Killed process 4711 (java)"),
                ("2026-11-21 09:58:09.000", "kernel: Out of memory: Killed process 4712 (java)"),
                ("2026-11-21 09:59:00.000", "ERROR request 12 failed"),
            ],
            filter: mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
                .then_output(|| FilterLogEventsOutput::builder().build()),
            trail: mock!(aws_sdk_cloudtrail::Client::lookup_events)
                .then_output(|| LookupEventsOutput::builder().build()),
            ec2: ec2::running(),
            metric_data: mock!(aws_sdk_cloudwatch::Client::get_metric_data)
                .then_output(|| GetMetricDataOutput::builder().build()),
            put: opening(|_| true),
            sns: mock!(aws_sdk_sns::Client::publish)
                .match_requests(|request| request.message_structure() == Some("json") && request.subject().is_some())
                .then_output(|| PublishOutput::builder().build()),
            publication: mock!(aws_sdk_dynamodb::Client::update_item)
                .then_output(|| UpdateItemOutput::builder().build()),
        }
    }

    fn context(&self) -> Context {
        let settings = Settings::read(Environment::from_lookup(|name| {
            let topic = || name.ends_with("ARN").then(|| format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}"));
            name.ends_with("TABLE").then(|| name.to_owned()).or_else(topic)
        }))
        .unwrap();
        let dynamodb = self.dynamodb();
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Context {
            config: ConfigReader::new(dynamodb.clone(), None, audit.clone(), "log-analyzer-rca"),
            signals: LogSignals::bundled().unwrap(),
            escalation: EscalationRules::bundled().unwrap(),
            log_watch: LogWatch::bundled().unwrap(),
            scopes: crate::scopes(&settings),
            logs: self.logs(),
            metrics: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.metric_data]),
            cloudtrail: mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&self.trail]),
            calls: self.ec2.clone(),
            changes: Arc::default(),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
            fingerprints: FingerprintStore::new(
                dynamodb.clone(),
                settings.fingerprints_table.clone(),
                settings.incidents_table.clone(),
            ),
            series: SeriesStore::new(dynamodb.clone(), settings.series_table.clone()),
            watched: LogWatchStore::new(dynamodb, settings.log_watch_table.clone()),
            audit,
            anomalies: Publisher::new(mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.sns]), "topic".into()),
            incident_changes: Publisher::new(
                mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.sns]),
                "topic".into(),
            ),
            critical_alerts: Publisher::new(mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.sns]), "topic".into()),
            settings,
        }
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let stored = self.stored.clone();
        let inventory = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.table_name() == Some("INVENTORY_TABLE"))
            .then_output({
                let log_sources: Vec<LogSource> = self
                    .groups
                    .iter()
                    .map(|&group| LogSource { group: group.to_owned(), stream_prefix: None })
                    .collect();
                let item = serde_dynamo::to_item(Resource { log_sources, ..resource() }).ok();
                move || GetItemOutput::builder().set_item(item.clone()).build()
            });
        let incidents = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.table_name() == Some("INCIDENTS_TABLE"))
            .then_output(move || {
                let item = stored.as_ref().map(|(incident, published)| {
                    let mut item: HashMap<String, AttributeValue> = serde_dynamo::to_item(incident).unwrap();
                    if *published {
                        item.insert("published_at".to_owned(), AttributeValue::S(now().to_string()));
                    }
                    item
                });
                GetItemOutput::builder().set_item(item).build()
            });
        let fingerprints = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.table_name() == Some("FINGERPRINTS_TABLE"))
            .then_output(|| GetItemOutput::builder().build());
        let siblings = mock!(aws_sdk_dynamodb::Client::scan).then_output(|| ScanOutput::builder().build());
        let tip = mock!(aws_sdk_dynamodb::Client::query).then_output(|| QueryOutput::builder().build());
        let audit = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .match_requests(|request| opened(request).is_none())
            .then_output(|| TransactWriteItemsOutput::builder().build());
        mock_client!(
            aws_sdk_dynamodb,
            RuleMode::MatchAny,
            [&inventory, &incidents, &fingerprints, &self.publication, &tip, &self.put, &audit, &siblings]
        )
    }

    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        let rows = self.rows.clone();
        // The incident's window is asked for first.
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let results = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results).then_output(move || {
            let quiet = [("2026-11-21 09:20:00.000", "INFO all is well")];
            let first = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
            let rows: &[_] = if first { &rows } else { &quiet };
            let field = |name: &str, value: &str| ResultField::builder().field(name).value(value).build();
            let rows = rows.iter().map(|(at, message)| {
                vec![
                    field("@timestamp", at),
                    field("@message", message),
                    field("@log", "000000000000:/aws/ec2/checkout"),
                ]
            });
            GetQueryResultsOutput::builder().status(QueryStatus::Complete).set_results(Some(rows.collect())).build()
        });
        let mut rules = vec![&self.start_query, &results, &self.filter];
        rules.extend(&self.also);
        mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, rules)
    }

    async fn run(&self) -> anyhow::Result<Summary> {
        let message = serde_json::to_string(&envelope_of(self.anomaly.clone())).unwrap();
        handle(&self.context(), sns_event(&message).into(), now).await
    }
}

fn told(incidents: usize, published: usize) -> Summary {
    Summary { incidents, published, ..Summary::default() }
}

/// The incident that a transaction opens.
fn opened(request: &TransactWriteItemsInput) -> Option<&HashMap<String, AttributeValue>> {
    request
        .transact_items()
        .iter()
        .filter_map(|item| item.put())
        .find(|put| put.table_name() == "INCIDENTS_TABLE")
        .map(aws_sdk_dynamodb::types::Put::item)
}

/// Opens an incident that is as `expected`.
fn opening(expected: impl Fn(&HashMap<String, AttributeValue>) -> bool + Send + Sync + 'static) -> Rule {
    mock!(aws_sdk_dynamodb::Client::transact_write_items)
        .match_requests(move |request| opened(request).is_some_and(&expected))
        .then_output(|| TransactWriteItemsOutput::builder().build())
}

fn throttled() -> StartQueryError {
    StartQueryError::generic(
        ErrorMetadata::builder().code("LimitExceededException").message("too many queries").build(),
    )
}

#[tokio::test]
async fn errors_in_the_logs_open_an_incident_and_tell_people() {
    let world = World::new();
    assert_eq!(world.run().await.unwrap(), told(1, 1));
    assert_eq!((world.put.num_calls(), world.sns.num_calls(), world.filter.num_calls()), (1, 1, 0));
}

#[tokio::test]
async fn no_errors_and_a_middling_score_are_stored_and_wake_nobody() {
    let mut world = World::new();
    world.rows.clear();
    assert_eq!(world.run().await.unwrap(), told(1, 0));
    assert_eq!((world.put.num_calls(), world.sns.num_calls()), (1, 0));
}

#[tokio::test]
async fn a_critical_score_needs_no_errors() {
    let mut world = World::new();
    world.rows.clear();
    world.anomaly.score = 0.999;
    assert_eq!(world.run().await.unwrap().published, 1);
}

#[tokio::test]
async fn a_redelivery_publishes_nothing_again_and_reads_no_logs() {
    let mut world = World::new();
    world.stored = Some((incident(), true));
    assert_eq!(world.run().await.unwrap(), told(1, 0));
    assert_eq!((world.put.num_calls(), world.sns.num_calls(), world.start_query.num_calls()), (0, 0, 0));
}

#[tokio::test]
async fn a_redelivery_after_a_crash_before_publishing_publishes_what_is_stored() {
    let mut world = World::new();
    world.stored = Some((incident(), false));
    assert_eq!(world.run().await.unwrap(), told(1, 1));
    assert_eq!((world.put.num_calls(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn a_delivery_beside_one_that_publishes_fails_and_comes_back_later() {
    let mut world = World::new();
    world.stored = Some((incident(), false));
    world.publication = mock!(aws_sdk_dynamodb::Client::update_item).then_error(|| {
        UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let error = world.run().await.unwrap_err().to_string();
    assert!(error.starts_with("another delivery publishes inc_"), "{error}");
    assert_eq!(world.sns.num_calls(), 0);
}

#[tokio::test]
async fn where_insights_cannot_serve_the_events_themselves_do() {
    let mut world = World::new();
    world.start_query = mock!(aws_sdk_cloudwatchlogs::Client::start_query).then_error(throttled);
    let event = |second: i64, text: &str| FilteredLogEvent::builder().timestamp(second * 1000).message(text).build();
    let incident = |request: &FilterLogEventsInput| {
        request.start_time().is_some_and(|start| start >= at("2026-11-21T09:40:00Z").as_millisecond())
    };
    world.filter =
        mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).match_requests(incident).then_output(move || {
            let events = (0..20).map(|n| event(at("2026-11-21T09:57:00Z").as_second() + n, "OutOfMemoryError"));
            FilterLogEventsOutput::builder().set_events(Some(events.collect())).build()
        });
    world.also = Some(
        mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
            .match_requests(move |request| !incident(request))
            .then_output(move || {
                FilterLogEventsOutput::builder()
                    .events(event(at("2026-11-21T09:10:00Z").as_second(), "all is well"))
                    .build()
            }),
    );
    assert_eq!(world.run().await.unwrap().published, 1);
}

#[tokio::test]
async fn logs_that_cannot_be_read_at_all_are_a_gap_and_not_a_failure() {
    let mut world = World::new();
    world.start_query = mock!(aws_sdk_cloudwatchlogs::Client::start_query).then_error(throttled);
    world.filter = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_error(|| {
        FilterLogEventsError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build())
    });
    world.put = opening(|item| {
        let gaps = item["finding"].as_m().unwrap()["gaps"].as_l().unwrap();
        gaps.len() == 1 && gaps[0].as_m().unwrap()["reason"].as_s().unwrap().contains("FilterLogEvents")
    });
    assert_eq!(world.run().await.unwrap(), told(1, 0));
    assert_eq!(world.put.num_calls(), 1);
}

#[tokio::test]
async fn what_is_elsewhere_is_not_looked_for_at_home() {
    let mut world = World::new();
    world.anomaly.resource.account = "222233334444".to_owned();
    world.put = opening(|item| {
        let gaps = item["finding"].as_m().unwrap()["gaps"].as_l().unwrap();
        gaps.iter().any(|gap| gap.as_m().unwrap()["source"].as_s().unwrap() == "everything in 222233334444/us-east-1")
    });
    assert_eq!(world.run().await.unwrap().incidents, 1);
    let asked = (
        world.start_query.num_calls(),
        world.filter.num_calls(),
        world.metric_data.num_calls(),
        world.trail.num_calls(),
    );
    assert_eq!((world.put.num_calls(), asked), (1, (0, 0, 0, 0)));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_fails_the_invocation() {
    let world = World::new();
    let error = handle(&world.context(), sns_event("not json").into(), now).await.unwrap_err().to_string();
    assert!(error.starts_with("not a Nightjar envelope"), "{error}");
    assert_eq!(world.put.num_calls(), 0);
}

#[tokio::test]
async fn every_source_that_is_denied_is_a_gap_of_its_own() {
    let mut world = World::new();
    world.trail = mock!(aws_sdk_cloudtrail::Client::lookup_events).then_error(|| {
        LookupEventsError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no trail").build())
    });
    world.metric_data = mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_error(|| {
        GetMetricDataError::generic(ErrorMetadata::builder().code("AccessDenied").message("no metrics").build())
    });
    world.put = opening(|item| {
        let gaps = format!("{:?}", item["finding"].as_m().unwrap()["gaps"]);
        ["changes in CloudTrail", "no trail", "metrics of the resource", "no metrics"]
            .iter()
            .all(|part| gaps.contains(part))
    });
    assert_eq!(world.run().await.unwrap(), told(1, 1));
    assert_eq!(world.put.num_calls(), 1);
}

#[tokio::test]
async fn one_denied_group_of_several_costs_only_its_own_lines() {
    let mut world = World::new();
    world.groups = vec!["/aws/ec2/checkout", "/aws/ec2/secret"];
    let denied =
        || StartQueryError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build());
    world.start_query = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
        .match_requests(|request| request.log_group_names() == ["/aws/ec2/checkout"])
        .then_output(|| StartQueryOutput::builder().query_id("q").build());
    world.also = Some(
        mock!(aws_sdk_cloudwatchlogs::Client::start_query)
            .match_requests(|request| request.log_group_names().iter().any(|group| group == "/aws/ec2/secret"))
            .then_error(denied),
    );
    world.filter = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_error(|| {
        FilterLogEventsError::generic(ErrorMetadata::builder().code("AccessDeniedException").message("no").build())
    });
    world.put = opening(|item| {
        let finding = item["finding"].as_m().unwrap();
        let gaps = finding["gaps"].as_l().unwrap();
        let source = gaps[0].as_m().unwrap()["source"].as_s().unwrap();
        gaps.len() == 1 && source == "logs of /aws/ec2/secret" && !finding["patterns"].as_l().unwrap().is_empty()
    });
    assert_eq!(world.run().await.unwrap(), told(1, 1));
}

/// The finding that the incident is opened with.
fn finding_of(item: &HashMap<String, AttributeValue>) -> Finding {
    serde_dynamo::from_attribute_value(item["finding"].clone()).unwrap()
}

#[tokio::test]
async fn what_aws_has_scheduled_for_the_instance_is_evidence() {
    let mut world = World::new();
    world.rows.clear();
    world.ec2 = ec2::answering(
        200,
        "<instanceState><name>running</name></instanceState><launchTime>2026-11-21T09:30:00.000Z</launchTime>\
         <instanceLifecycle>spot</instanceLifecycle><tagSet><item><key>a</key><value>b</value></item></tagSet>",
        "<systemStatus><status>impaired</status></systemStatus><instanceStatus><status>ok</status></instanceStatus>\
         <eventsSet><item><code>instance-retirement</code><description>degraded hardware</description>\
         <notBefore>2026-11-24T00:00:00.000Z</notBefore></item></eventsSet>",
    );
    world.put = opening(|item| {
        let finding = finding_of(item);
        let state = finding.state.as_ref().unwrap();
        let told = (state.state.as_str(), state.is_spot, state.launched_at, state.system_check.as_str());
        finding.causes[0].kind == "infrastructure_failure"
            && told == ("running", true, Some(at("2026-11-21T09:30:00Z")), "impaired")
            && state.events[0].not_before == Some(at("2026-11-24T00:00:00Z"))
            && finding.gaps.is_empty()
    });
    assert_eq!(world.run().await.unwrap().incidents, 1);
    assert_eq!(world.put.num_calls(), 1);
}

#[rstest::rstest]
#[case::refused(ec2::answering(403, "", ""), "DescribeInstance")]
#[case::gone(ec2::empty(), "it is gone")]
#[tokio::test]
async fn an_instance_that_cannot_be_described_is_a_gap(#[case] ec2: Caller, #[case] reason: &'static str) {
    let mut world = World::new();
    world.ec2 = ec2;
    world.put = opening(move |item| {
        let gaps = finding_of(item).gaps;
        gaps.len() == 1 && gaps[0].source == "state of the instance" && gaps[0].reason.contains(reason)
    });
    assert_eq!(world.run().await.unwrap(), told(1, 1));
    assert_eq!(world.put.num_calls(), 1);
}
