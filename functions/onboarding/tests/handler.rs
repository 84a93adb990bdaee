//! A run, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::Region;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatch::operation::delete_alarms::DeleteAlarmsOutput;
use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsError, DescribeAlarmsOutput};
use aws_sdk_cloudwatch::operation::list_metrics::{ListMetricsError, ListMetricsOutput};
use aws_sdk_cloudwatch::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudwatch::operation::put_metric_alarm::{PutMetricAlarmError, PutMetricAlarmOutput};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricAlarm, StateValue, Statistic};
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::{Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::scopes::Scopes;
use nightjar_aws::settings::Environment;
use nightjar_aws::signing::RequestSigner;
use nightjar_aws::stores::{AuditStore, ConfigStore, CoverageStore, InventoryStore};
use nightjar_domain::accounts::WatchedAccounts;
use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::coverage::ResourceCoverage;
use nightjar_domain::coverage::thresholds::ThresholdOverrides;
use nightjar_domain::log_watch::{LogWatch, MetricFilters};
use nightjar_domain::resource::Resource;
use nightjar_ec2::Fleet;
use nightjar_onboarding::context::Context;
use nightjar_onboarding::handler::{Answer, Summary, handle};
use nightjar_onboarding::products::Products;
use nightjar_onboarding::settings::Settings;
use nightjar_onboarding::signed::Signed;
use nightjar_testkit::{ACCOUNT, INSTANCE, LOG_GROUP, REGION, now, resource};
use serde_json::{Value, json};
use wiremock::matchers::{body_string_contains, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

struct World {
    tagged: bool,
    known: Vec<Resource>,
    /// Entries of `watched_accounts.json`.
    accounts: Vec<Value>,
    /// What STS answers.
    sts: ResponseTemplate,
    manage: &'static str,
    /// What the run before found to be covered.
    covered: Vec<ResourceCoverage>,
    /// Bodies of what was published to SNS, and what SNS answers.
    published: Arc<Mutex<Vec<String>>>,
    sns: u16,
    /// Which lines are counted as metrics.
    filters: MetricFilters,
    /// What `DescribeMetricFilters` answers.
    metric_filters: ResponseTemplate,
    /// Calls that change metric filters: the action and the filter's log group.
    filter_calls: Arc<Mutex<Vec<(String, String)>>>,
    /// What the Tagging API answers.
    queues: Vec<&'static str>,
    tagging: ResponseTemplate,
    metrics: Rule,
    alarms: Rule,
    tags: Rule,
    put_alarm: Rule,
    delete_alarms: Rule,
    put: Rule,
    removed: Rule,
    audit: Rule,
    /// Kinds of the facts told, in order.
    facts: Arc<Mutex<Vec<String>>>,
}

impl World {
    fn new() -> Self {
        let facts: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&facts);
        Self {
            tagged: true,
            known: Vec::new(),
            accounts: Vec::new(),
            sts: ResponseTemplate::new(500),
            manage: "off",
            covered: Vec::new(),
            published: Arc::default(),
            sns: 200,
            filters: MetricFilters::default(),
            metric_filters: ResponseTemplate::new(200).set_body_json(json!({ "metricFilters": [] })),
            filter_calls: Arc::default(),
            queues: Vec::new(),
            tagging: ResponseTemplate::new(200),
            metrics: mock!(aws_sdk_cloudwatch::Client::list_metrics)
                .then_output(|| ListMetricsOutput::builder().build()),
            alarms: described(Vec::new()),
            tags: mock!(aws_sdk_cloudwatch::Client::list_tags_for_resource)
                .then_output(|| ListTagsForResourceOutput::builder().build()),
            put_alarm: mock!(aws_sdk_cloudwatch::Client::put_metric_alarm)
                .then_output(|| PutMetricAlarmOutput::builder().build()),
            delete_alarms: mock!(aws_sdk_cloudwatch::Client::delete_alarms)
                .then_output(|| DeleteAlarmsOutput::builder().build()),
            put: mock!(aws_sdk_dynamodb::Client::put_item).then_output(|| PutItemOutput::builder().build()),
            removed: mock!(aws_sdk_dynamodb::Client::delete_item).then_output(|| DeleteItemOutput::builder().build()),
            audit: mock!(aws_sdk_dynamodb::Client::transact_write_items).then_compute_output(move |request| {
                let puts = request.transact_items().iter().filter_map(|write| write.put()?.item().get("kind"));
                told.lock().unwrap().extend(puts.map(|kind| kind.as_s().unwrap().clone()));
                TransactWriteItemsOutput::builder().build()
            }),
            facts,
        }
    }

    /// The way into the accounts of the document, through the stand-in for AWS.
    async fn scopes(&self, settings: &Settings, server: &MockServer) -> Scopes {
        let credentials = SharedCredentialsProvider::new(Credentials::for_tests());
        let loader = clients::loader().credentials_provider(credentials).endpoint_url(server.uri());
        let config = loader.region(Region::new(REGION)).retry_config(RetryConfig::disabled()).load().await;
        let mut scopes = Scopes::new(config, settings.home(), "aiops-onboarding");
        scopes.watch(WatchedAccounts::parse(&json!({ "accounts": self.accounts }).to_string()).unwrap());
        scopes
    }

    async fn context(&self, server: &MockServer) -> Context {
        let settings = Settings::read(Environment::from_lookup(|name| match name {
            "NAME_PREFIX" => Some("aiops".to_owned()),
            "INVENTORY_TABLE" | "COVERAGE_TABLE" | "AUDIT_TABLE" => Some(name.to_owned()),
            "ALARMS_TOPIC_ARN" | "OPS_TOPIC_ARN" => Some(format!("arn:aws:sns:{REGION}:{ACCOUNT}:aiops-alarms")),
            "CRITICAL_ALERTS_TOPIC_ARN" => Some(format!("arn:aws:sns:{REGION}:{ACCOUNT}:aiops-critical-alerts")),
            "MANAGE_ALARMS" => Some(self.manage.to_owned()),
            "ALARM_BUDGET_SECONDS" => Some("2".to_owned()),
            _ => None,
        }))
        .unwrap();
        let known = self.known.clone();
        let inventory = mock!(aws_sdk_dynamodb::Client::scan)
            .match_requests(|request| request.table_name() == Some("INVENTORY_TABLE"))
            .then_output(move || {
                let items = known.iter().map(|r| serde_dynamo::to_item(r).ok()).collect();
                ScanOutput::builder().set_items(items).build()
            });
        let covered = self.covered.clone();
        let coverage = mock!(aws_sdk_dynamodb::Client::scan).then_output(move || {
            let item = |one: &ResourceCoverage| {
                let document = serde_json::to_string(one).unwrap();
                [("arn", one.resource.arn.clone()), ("document", document)]
                    .map(|(name, value)| (name.to_owned(), AttributeValue::S(value)))
                    .into()
            };
            ScanOutput::builder().set_items(Some(covered.iter().map(item).collect())).build()
        });
        let tip = mock!(aws_sdk_dynamodb::Client::query).then_output(|| QueryOutput::builder().build());
        let dynamodb = mock_client!(
            aws_sdk_dynamodb,
            RuleMode::MatchAny,
            [&inventory, &coverage, &tip, &self.put, &self.removed, &self.audit]
        );
        let groups = mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups).then_output(|| {
            DescribeLogGroupsOutput::builder().log_groups(LogGroup::builder().log_group_name(LOG_GROUP).build()).build()
        });
        let credentials = SharedCredentialsProvider::new(Credentials::for_tests());
        let signed = Signed::with(
            RequestSigner::with(credentials, REGION.to_owned(), Some(server.uri())),
            Duration::from_millis(1),
        );
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Context {
            config: ConfigReader::new(dynamodb.clone(), None, audit.clone(), "onboarding"),
            versions: Some(ConfigStore::new(dynamodb.clone(), "CONFIG_TABLE".to_owned())),
            catalogue: Catalogue::bundled().unwrap(),
            overrides: ThresholdOverrides::default(),
            left_out: Vec::new(),
            scope: settings.home(),
            scopes: self.scopes(&settings, server).await,
            products: Products::new(None).unwrap(),
            filters: self.filters.clone(),
            fleet: Fleet::with_client(ec2(self.tagged), REGION.to_owned()),
            signed: signed.unwrap(),
            cloudwatch: mock_client!(
                aws_sdk_cloudwatch,
                RuleMode::MatchAny,
                [&self.metrics, &self.alarms, &self.tags, &self.put_alarm, &self.delete_alarms]
            ),
            logs: mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&groups]),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            coverage: CoverageStore::new(dynamodb, settings.coverage_table.clone()),
            audit,
            settings,
        }
    }

    async fn ask(&self, event: Value) -> anyhow::Result<Answer> {
        let server = MockServer::start().await;
        let mappings: Vec<Value> = self
            .queues
            .iter()
            .map(|name| {
                let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}");
                json!({ "ResourceARN": arn, "Tags": [{ "Key": "aiops:monitor", "Value": "true" }] })
            })
            .collect();
        let page = json!({ "PaginationToken": "", "ResourceTagMappingList": mappings });
        let tagging = self.tagging.clone().set_body_json(page);
        let of_tagging = header("x-amz-target", "ResourceGroupsTaggingAPI_20170126.GetResources");
        Mock::given(of_tagging).respond_with(tagging).mount(&server).await;
        let of_sts = body_string_contains("Action=AssumeRole");
        Mock::given(of_sts).respond_with(self.sts.clone()).with_priority(1).mount(&server).await;
        let of_filters = header("x-amz-target", "Logs_20140328.DescribeMetricFilters");
        Mock::given(of_filters).respond_with(self.metric_filters.clone()).mount(&server).await;
        for action in ["PutMetricFilter", "DeleteMetricFilter"] {
            let calls = Arc::clone(&self.filter_calls);
            let target = format!("Logs_20140328.{action}");
            let answer = move |request: &wiremock::Request| {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let group = body["logGroupName"].as_str().unwrap_or_default().to_owned();
                calls.lock().unwrap().push((action.to_owned(), group));
                ResponseTemplate::new(200).set_body_json(json!({}))
            };
            Mock::given(header("x-amz-target", target.as_str())).respond_with(answer).mount(&server).await;
        }
        let (published, status) = (Arc::clone(&self.published), self.sns);
        let sns = move |request: &wiremock::Request| {
            published.lock().unwrap().push(String::from_utf8_lossy(&request.body).into_owned());
            ResponseTemplate::new(status).set_body_string("<PublishResponse/>")
        };
        Mock::given(body_string_contains("Action=Publish")).respond_with(sns).mount(&server).await;
        let groups = "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups/>\
            </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";
        Mock::given(body_string_contains("Action=DescribeAutoScalingGroups"))
            .respond_with(ResponseTemplate::new(200).set_body_string(groups))
            .mount(&server)
            .await;
        handle(&self.context(&server).await, event, now()).await
    }

    async fn run(&self) -> anyhow::Result<Summary> {
        match self.ask(json!({ "source": "aws.events" })).await? {
            Answer::Run(summary) => Ok(summary),
            other => anyhow::bail!("{other:?}"),
        }
    }
}

/// The inventory's part of a summary.
fn counts(summary: &Summary) -> (usize, usize, usize, usize) {
    (summary.found, summary.onboarded, summary.updated, summary.retired)
}

fn described(alarms: Vec<MetricAlarm>) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms)
        .then_output(move || DescribeAlarmsOutput::builder().set_metric_alarms(Some(alarms.clone())).build())
}

/// An alarm under a name of ours.
fn alarm(name: &str) -> MetricAlarm {
    MetricAlarm::builder()
        .alarm_name(name)
        .alarm_arn(format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"))
        .alarm_description("gone resource=arn:aws:sqs:us-east-1:000000000000:gone")
        .namespace("AWS/SQS")
        .metric_name("ApproximateAgeOfOldestMessage")
        .dimensions(Dimension::builder().name("QueueName").value("gone").build())
        .statistic(Statistic::Maximum)
        .period(60)
        .evaluation_periods(15)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .threshold(3600.0)
        .state_value(StateValue::Ok)
        .build()
}

fn ec2(tagged: bool) -> aws_sdk_ec2::Client {
    let describe = mock!(aws_sdk_ec2::Client::describe_instances).then_output(move || {
        let tags = [("Name", "checkout"), ("aiops:monitor", "true"), ("aiops:log-groups", LOG_GROUP)];
        let instance = Instance::builder()
            .instance_id(INSTANCE)
            .state(InstanceState::builder().name(InstanceStateName::Running).build())
            .set_tags(Some(tags.iter().map(|(k, v)| Tag::builder().key(*k).value(*v).build()).collect()))
            .build();
        let reservation = Reservation::builder().owner_id(ACCOUNT).instances(instance).build();
        DescribeInstancesOutput::builder().set_reservations(tagged.then(|| vec![reservation])).build()
    });
    mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&describe])
}

#[tokio::test]
async fn a_tagged_instance_is_onboarded_and_told_to_the_audit_trail() {
    let world = World::new();
    assert_eq!(counts(&world.run().await.unwrap()), (1, 1, 0, 0));
    assert_eq!((world.put.num_calls(), world.audit.num_calls()), (1, 1));
}

#[tokio::test]
async fn no_tagged_instance_is_no_error_and_writes_nothing() {
    let mut world = World::new();
    world.tagged = false;
    assert_eq!(counts(&world.run().await.unwrap()), (0, 0, 0, 0));
    assert_eq!((world.put.num_calls(), world.audit.num_calls(), world.metrics.num_calls()), (0, 0, 0));
}

#[tokio::test]
async fn an_instance_that_lost_its_tag_is_retired() {
    let mut world = World::new();
    world.tagged = false;
    world.known = vec![resource()];
    assert_eq!(world.run().await.unwrap().retired, 1);
    assert_eq!(world.removed.num_calls(), 1);
}

#[tokio::test]
async fn a_failing_call_fails_the_run_and_retires_nobody() {
    let mut world = World::new();
    world.known = vec![resource()];
    world.metrics = mock!(aws_sdk_cloudwatch::Client::list_metrics).then_error(|| {
        ListMetricsError::generic(ErrorMetadata::builder().code("Throttling").message("Rate exceeded").build())
    });
    let error = format!("{:#}", world.run().await.unwrap_err());
    assert!(error.contains("listing AWS/EC2 CPUCreditBalance"), "{error}");
    assert_eq!((world.put.num_calls(), world.removed.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_plan_makes_nothing_and_says_what_it_would_make() {
    let mut world = World::new();
    world.manage = "plan";
    world.queues = vec!["work"];
    let summary = world.run().await.unwrap();
    assert_eq!(counts(&summary), (2, 2, 0, 0));
    assert_eq!((summary.alarm_steps_open, summary.alarms), (3 + 2 + 2, None));
    assert_eq!((world.put_alarm.num_calls(), world.delete_alarms.num_calls()), (0, 0));
    let Answer::Plan(plan) = world.ask(json!({ "nightjar": { "command": "plan" } })).await.unwrap() else {
        unreachable!("a plan was asked for")
    };
    assert_eq!((plan.to_create, plan.summary.resources), (7, 3));
    assert_eq!(world.put_alarm.num_calls(), 0);
}

#[tokio::test]
async fn an_apply_makes_every_alarm_and_tells_the_trail_first() {
    let mut world = World::new();
    world.manage = "apply";
    let summary = world.run().await.unwrap();
    let applied = summary.alarms.unwrap();
    assert_eq!((applied.created, applied.changed, applied.deleted, applied.left), (5, 0, 0, 0));
    assert_eq!(world.put_alarm.num_calls(), 5);
    let facts = world.facts.lock().unwrap().clone();
    assert_eq!(
        facts,
        ["resource.onboarded", "alarm.created", "alarm.created", "alarm.created", "alarm.created", "alarm.created"]
    );
}

#[tokio::test]
async fn only_what_carries_the_ownership_tag_is_deleted() {
    let mut world = World::new();
    world.manage = "apply";
    let names = ["aiops-gone-ApproximateAgeOfOldestMessage-critical-0123456789", "aiops-mine-X-critical-9876543210"];
    world.alarms = described(names.map(alarm).to_vec());
    world.tags = mock!(aws_sdk_cloudwatch::Client::list_tags_for_resource).then_compute_output(|request| {
        let ours = request.resource_arn().unwrap_or_default().contains("aiops-gone");
        let tag = aws_sdk_cloudwatch::types::Tag::builder().key("aiops:managed-by").value("onboarding").build();
        ListTagsForResourceOutput::builder().set_tags(ours.then(|| vec![tag])).build()
    });
    world.delete_alarms = mock!(aws_sdk_cloudwatch::Client::delete_alarms)
        .match_requests(move |request| request.alarm_names() == [names[0]])
        .then_output(|| DeleteAlarmsOutput::builder().build());
    assert_eq!(world.run().await.unwrap().alarms.unwrap().deleted, 1);
    assert_eq!(world.delete_alarms.num_calls(), 1);
}

#[tokio::test]
async fn what_cloudwatch_refuses_is_told_and_the_rest_goes_on() {
    let mut world = World::new();
    world.manage = "apply";
    world.put_alarm = mock!(aws_sdk_cloudwatch::Client::put_metric_alarm).then_error(|| {
        PutMetricAlarmError::generic(ErrorMetadata::builder().code("ValidationError").message("no").build())
    });
    let applied = world.run().await.unwrap().alarms.unwrap();
    assert_eq!((applied.created, applied.refused.len(), applied.left, applied.stopped), (0, 5, 5, None));
}

#[tokio::test]
async fn a_quota_that_is_used_up_ends_the_steps() {
    let mut world = World::new();
    world.manage = "apply";
    world.put_alarm = mock!(aws_sdk_cloudwatch::Client::put_metric_alarm).then_error(|| {
        PutMetricAlarmError::generic(ErrorMetadata::builder().code("LimitExceeded").message("5000").build())
    });
    let applied = world.run().await.unwrap().alarms.unwrap();
    assert_eq!((applied.refused.len(), applied.stopped.as_deref()), (1, Some("LimitExceeded: 5000")));
}

#[tokio::test]
async fn throttling_leaves_the_rest_to_the_next_run() {
    let mut world = World::new();
    world.manage = "apply";
    world.put_alarm = mock!(aws_sdk_cloudwatch::Client::put_metric_alarm).then_error(|| {
        PutMetricAlarmError::generic(ErrorMetadata::builder().code("Throttling").message("Rate exceeded").build())
    });
    let applied = world.run().await.unwrap().alarms.unwrap();
    assert_eq!((applied.created, applied.left), (0, 5));
    assert!(applied.stopped.unwrap().starts_with("throttled until"));
}

#[tokio::test]
async fn alarms_that_may_not_be_read_are_left_alone_and_the_inventory_goes_on() {
    let mut world = World::new();
    world.manage = "apply";
    world.alarms = mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_error(|| {
        DescribeAlarmsError::generic(ErrorMetadata::builder().code("AccessDenied").message("no").build())
    });
    let summary = world.run().await.unwrap();
    assert_eq!((counts(&summary), summary.coverage, summary.alarms), ((1, 1, 0, 0), None, None));
}

/// The instance as it was covered when nothing was amiss.
fn well_covered() -> ResourceCoverage {
    ResourceCoverage {
        resource: resource().reference,
        score: 100,
        checks: 5,
        passed: 5,
        alarms_wanted: 5,
        alarms_in_force: 5,
        anomaly_series: 3,
        usd_a_month: 0.5,
        gaps: Vec::new(),
    }
}

#[tokio::test]
async fn coverage_that_fell_is_told_through_the_alerts_topic_before_it_is_stored() {
    let mut world = World::new();
    world.manage = "plan";
    world.run().await.unwrap();
    assert_eq!(world.published.lock().unwrap().len(), 0, "what is new fell nowhere");

    world.covered = vec![well_covered()];
    world.run().await.unwrap();
    let told = world.published.lock().unwrap().clone();
    let [body] = &told[..] else { panic!("one digest for one owner: {told:?}") };
    for part in
        ["aiops-critical-alerts", "MessageStructure=json", "nightjar.coverage%2F1", "StringValue=low", "alarms%20apply"]
    {
        assert!(body.contains(part), "{part}: {body}");
    }
    world.sns = 400;
    let puts = world.put.num_calls();
    let error = format!("{:#}", world.run().await.unwrap_err());
    assert!(error.contains("sns:Publish"), "{error}");
    // The instance's own item of the inventory, and nothing of the coverage.
    assert_eq!(world.put.num_calls(), puts + 1);
    world.sns = 403;
    world.run().await.unwrap();
}

/// As `DescribeMetricFilters` has the filter that Nightjar would make.
fn metric_filter(group: &str, name: &str, pattern: &str) -> Value {
    json!({ "logGroupName": group, "filterName": name, "filterPattern": pattern, "metricTransformations": [
        { "metricName": format!("errors {group}"), "metricNamespace": "Nightjar/aiops/LogLines", "metricValue": "1", "defaultValue": 0.0 } ] })
}

#[tokio::test]
async fn metric_filters_are_planned_made_and_told() {
    let mut world = World::new();
    world.manage = "plan";
    world.filters = MetricFilters { enabled: true, ..LogWatch::bundled().unwrap().metric_filters };
    let summary = world.run().await.unwrap();
    assert_eq!((summary.filter_steps_open, summary.filters), (2, None));
    assert_eq!(world.filter_calls.lock().unwrap().len(), 0);

    let Answer::Plan(plan) = world.ask(json!({ "nightjar": { "command": "plan" } })).await.unwrap() else {
        unreachable!("a plan was asked for")
    };
    let filter = plan.filters.create[0].clone();
    assert_eq!((filter.group.as_str(), filter.namespace.as_str()), (LOG_GROUP, "Nightjar/aiops/LogLines"));

    world.manage = "apply";
    let applied = world.run().await.unwrap().filters.unwrap();
    assert_eq!((applied.put, applied.removed, applied.left), (2, 0, 0));
    let put = ("PutMetricFilter".to_owned(), LOG_GROUP.to_owned());
    assert_eq!(*world.filter_calls.lock().unwrap(), [put.clone(), put]);
    assert_eq!(world.facts.lock().unwrap().iter().filter(|kind| *kind == "log_filter.put").count(), 2);

    // Switched off again: ours goes, somebody's stays.
    world.filters.enabled = false;
    let theirs = metric_filter("/theirs", "aiops-errors-0123456789", "?x");
    let filters = [metric_filter(LOG_GROUP, &filter.name, "?drifted"), theirs];
    world.metric_filters = ResponseTemplate::new(200).set_body_json(json!({ "metricFilters": filters }));
    world.filter_calls.lock().unwrap().clear();
    assert_eq!(world.run().await.unwrap().filters.unwrap().removed, 1);
    assert_eq!(*world.filter_calls.lock().unwrap(), [("DeleteMetricFilter".to_owned(), LOG_GROUP.to_owned())]);
}

#[tokio::test]
async fn metric_filters_that_may_not_be_read_are_left_alone() {
    let mut world = World::new();
    world.manage = "apply";
    world.filters = MetricFilters { enabled: true, ..LogWatch::bundled().unwrap().metric_filters };
    world.metric_filters = ResponseTemplate::new(403).set_body_json(json!({ "__type": "AccessDeniedException" }));
    let summary = world.run().await.unwrap();
    assert_eq!((summary.filter_steps_open, summary.filters), (0, None));
    assert_eq!(world.filter_calls.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_tagging_api_that_denies_is_a_gap_and_retires_nobody_of_its_own() {
    let mut world = World::new();
    let mut queue = resource();
    queue.reference.arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:work");
    queue.reference.kind = "sqs:queue".to_owned();
    let mut gone = resource();
    gone.reference.arn = format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-gone");
    world.known = vec![queue, gone];
    world.tagging = ResponseTemplate::new(403);
    assert_eq!(counts(&world.run().await.unwrap()), (1, 1, 0, 1));
}

#[tokio::test]
async fn a_tagging_api_that_stays_throttled_fails_the_run() {
    let mut world = World::new();
    world.known = vec![resource()];
    world.tagging = ResponseTemplate::new(429);
    let error = format!("{:#}", world.run().await.unwrap_err());
    assert!(error.contains("tag:GetResources: 5 attempts failed"), "{error}");
    assert_eq!((world.put.num_calls(), world.removed.num_calls()), (0, 0));
}

#[tokio::test]
async fn where_alarms_are_not_managed_a_command_says_so() {
    let error = World::new().ask(json!({ "nightjar": { "command": "apply" } })).await.unwrap_err().to_string();
    assert!(error.contains("manage_alarms"), "{error}");
}

#[tokio::test]
async fn a_document_is_published_once_and_told() {
    let world = World::new();
    let windows = std::fs::read_to_string("../../config/maintenance_windows.json").unwrap();
    let publish = |json: &str| json!({ "nightjar": { "command": "publish", "document": "maintenance_windows", "json": json, "with": {}, "why": "terraform apply" } });
    let Answer::Published(published) = world.ask(publish(&windows)).await.unwrap() else {
        unreachable!("a publication was asked for")
    };
    assert_eq!((published.version, published.sha256.len()), (1, 64));
    assert_eq!((world.put.num_calls(), world.facts.lock().unwrap().clone()), (1, vec!["config.published".to_owned()]));

    let error = format!("{:#}", world.ask(publish("{\"windows\": 1}")).await.unwrap_err());
    assert!(error.contains("maintenance_windows cannot be used: "), "{error}");
    assert_eq!(world.put.num_calls(), 1);
}

const OTHER: &str = "222233334444";

/// A queue in another account, as the inventory knows it.
fn queue_elsewhere() -> Resource {
    let mut queue = resource();
    queue.reference.arn = format!("arn:aws:sqs:{REGION}:{OTHER}:work");
    "sqs:queue".clone_into(&mut queue.reference.kind);
    OTHER.clone_into(&mut queue.reference.account);
    queue
}

fn refused() -> ResponseTemplate {
    let body = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform \
        sts:AssumeRole</Message></Error></ErrorResponse>";
    ResponseTemplate::new(403).set_body_string(body)
}

#[tokio::test]
async fn a_role_that_refuses_is_a_gap_and_all_else_goes_on() {
    let mut world = World::new();
    world.manage = "apply";
    world.accounts = vec![json!({ "account": OTHER, "role": "nightjar", "regions": [REGION] })];
    world.sts = refused();
    world.known = vec![queue_elsewhere()];
    let summary = world.run().await.unwrap();
    assert_eq!((counts(&summary), summary.unread), ((1, 1, 0, 0), 1));
    assert_eq!((summary.alarms.unwrap().created, world.removed.num_calls()), (5, 0));

    let Answer::Plan(plan) = world.ask(json!({ "nightjar": { "command": "plan" } })).await.unwrap() else {
        unreachable!("a plan was asked for")
    };
    let unread: Vec<_> = plan.summary.unread.iter().collect();
    assert_eq!((unread.len(), unread[0].source.as_str()), (1, "everything"));
    assert_eq!(unread[0].scope.as_ref().map(ToString::to_string), Some(format!("{OTHER}/{REGION}")));
    assert!(unread[0].problem.contains("role/nightjar is refused: AccessDenied"), "{}", unread[0].problem);
    let scopes: Vec<_> = plan.summary.by_scope.iter().map(|one| (one.scope.account.as_str(), one.read)).collect();
    assert_eq!(scopes, [(ACCOUNT, true), (OTHER, false)]);
}

#[tokio::test]
async fn a_failure_elsewhere_fails_the_run_after_all_else_is_done() {
    let mut world = World::new();
    world.manage = "apply";
    world.accounts = vec![json!({ "account": OTHER, "role": "nightjar", "regions": [REGION] })];
    world.known = vec![queue_elsewhere()];
    let error = format!("{:#}", world.run().await.unwrap_err());
    assert!(error.contains("sts:AssumeRole of arn:aws:iam::222233334444:role/nightjar failed"), "{error}");
    assert_eq!((world.put_alarm.num_calls(), world.removed.num_calls()), (5, 0));
}

#[tokio::test]
async fn what_is_in_no_watched_account_any_more_is_retired() {
    let mut world = World::new();
    world.known = vec![queue_elsewhere()];
    assert_eq!(counts(&world.run().await.unwrap()), (1, 1, 0, 1));
}
