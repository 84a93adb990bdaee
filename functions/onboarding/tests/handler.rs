//! A run, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use aws_sdk_cloudwatch::operation::list_metrics::{ListMetricsError, ListMetricsOutput};
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput;
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::{Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, InventoryStore};
use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::resource::Resource;
use nightjar_ec2::Fleet;
use nightjar_onboarding::context::Context;
use nightjar_onboarding::handler::{Summary, handle};
use nightjar_onboarding::settings::Settings;
use nightjar_testkit::{ACCOUNT, INSTANCE, LOG_GROUP, REGION, now, resource};

struct World {
    tagged: bool,
    known: Vec<Resource>,
    metrics: Rule,
    put: Rule,
    removed: Rule,
    audit: Rule,
}

impl World {
    fn new() -> Self {
        Self {
            tagged: true,
            known: Vec::new(),
            metrics: mock!(aws_sdk_cloudwatch::Client::list_metrics)
                .then_output(|| ListMetricsOutput::builder().build()),
            put: mock!(aws_sdk_dynamodb::Client::put_item).then_output(|| PutItemOutput::builder().build()),
            removed: mock!(aws_sdk_dynamodb::Client::delete_item).then_output(|| DeleteItemOutput::builder().build()),
            audit: mock!(aws_sdk_dynamodb::Client::transact_write_items)
                .then_output(|| TransactWriteItemsOutput::builder().build()),
        }
    }

    fn context(&self) -> Context {
        let settings = Settings::read(Environment::from_lookup(|name| match name {
            "NAME_PREFIX" => Some("aiops".to_owned()),
            "INVENTORY_TABLE" | "AUDIT_TABLE" => Some(name.to_owned()),
            _ => None,
        }))
        .unwrap();
        let known = self.known.clone();
        let scan = mock!(aws_sdk_dynamodb::Client::scan).then_output(move || {
            ScanOutput::builder().set_items(known.iter().map(|r| serde_dynamo::to_item(r).ok()).collect()).build()
        });
        let tip = mock!(aws_sdk_dynamodb::Client::query).then_output(|| QueryOutput::builder().build());
        let dynamodb =
            mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&scan, &tip, &self.put, &self.removed, &self.audit]);
        let groups = mock!(aws_sdk_cloudwatchlogs::Client::describe_log_groups).then_output(|| {
            DescribeLogGroupsOutput::builder().log_groups(LogGroup::builder().log_group_name(LOG_GROUP).build()).build()
        });
        Context {
            catalogue: Catalogue::bundled().unwrap(),
            fleet: Fleet::with_client(ec2(self.tagged), REGION.to_owned()),
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&self.metrics]),
            logs: mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&groups]),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            settings,
        }
    }

    async fn run(&self) -> anyhow::Result<Summary> {
        handle(&self.context(), now()).await
    }
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
    assert_eq!(world.run().await.unwrap(), Summary { found: 1, onboarded: 1, updated: 0, retired: 0 });
    assert_eq!((world.put.num_calls(), world.audit.num_calls()), (1, 1));
}

#[tokio::test]
async fn no_tagged_instance_is_no_error_and_writes_nothing() {
    let mut world = World::new();
    world.tagged = false;
    assert_eq!(world.run().await.unwrap(), Summary { found: 0, onboarded: 0, updated: 0, retired: 0 });
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
    assert!(error.contains("listing CWAgent"), "{error}");
    assert_eq!((world.put.num_calls(), world.removed.num_calls()), (0, 0));
}
