//! What the engine does to machines, and above all what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;

use aws_lambda_events::event::sns::SnsEvent;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::Event;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::operation::reboot_instances::{RebootInstancesError, RebootInstancesOutput};
use aws_sdk_ec2::types::{Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, RemediationStore};
use nightjar_domain::remediation::{Action, Announcement, Claim, ClaimState};
use nightjar_ec2::Fleet;
use nightjar_remediation_engine::context::Context;
use nightjar_remediation_engine::handler::{Summary, handle};
use nightjar_remediation_engine::settings::Settings;
use nightjar_testkit::{INSTANCE, REGION, envelope_of, incident, now, resource_ref, sns_event};

/// The world of one test. Every call that is not expected here has no rule, and fails.
struct World {
    mode: &'static str,
    tags: Vec<(&'static str, &'static str)>,
    stored: Option<Claim>,
    claim_lost_to: Option<Claim>,
    reboot: Rule,
    trail: Vec<&'static str>,
    sns: Rule,
    settled: Rule,
}

impl World {
    fn new() -> Self {
        Self {
            mode: "auto",
            tags: vec![("aiops:monitor", "true"), ("aiops:remediate", "reboot")],
            stored: None,
            claim_lost_to: None,
            reboot: mock!(aws_sdk_ec2::Client::reboot_instances)
                .match_requests(|request| request.instance_ids() == [INSTANCE])
                .then_output(|| RebootInstancesOutput::builder().build()),
            trail: Vec::new(),
            sns: mock!(aws_sdk_sns::Client::publish).then_output(|| PublishOutput::builder().build()),
            settled: mock!(aws_sdk_dynamodb::Client::update_item).then_output(|| UpdateItemOutput::builder().build()),
        }
    }

    fn context(&self) -> Context {
        let settings = Settings::read(Environment::from_lookup(|name| {
            let value = match name {
                "NAME_PREFIX" => "aiops",
                "REMEDIATION_MODE" => self.mode,
                "REMEDIATIONS_TABLE" | "AUDIT_TABLE" | "CRITICAL_ALERTS_TOPIC_ARN" => name,
                _ => return None,
            };
            Some(value.to_owned())
        }))
        .unwrap();
        let dynamodb = self.dynamodb();
        Context {
            fleet: Fleet::with_client(self.ec2(), REGION.to_owned()),
            cloudtrail: self.cloudtrail(),
            remediations: RemediationStore::new(dynamodb.clone(), settings.remediations_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            critical_alerts: Publisher::new(mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.sns]), "topic".into()),
            settings,
        }
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        // The first look finds `stored`; the look after a lost claim finds whoever won it.
        let looks = std::sync::atomic::AtomicUsize::new(0);
        let (stored, winner) = (self.stored.clone(), self.claim_lost_to.clone());
        let claims = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| key(request.key()).starts_with("claim#"))
            .then_compute_output(move |_| {
                let first = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
                item(if first { stored.as_ref() } else { stored.as_ref().or(winner.as_ref()) })
            });
        let cooldowns = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| key(request.key()).starts_with("resource#"))
            .then_output(|| GetItemOutput::builder().build());
        let tip = mock!(aws_sdk_dynamodb::Client::query).then_output(|| QueryOutput::builder().build());
        let audit = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .match_requests(|request| table(request) == "AUDIT_TABLE")
            .then_output(|| TransactWriteItemsOutput::builder().build());
        let claim = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .match_requests(|request| table(request) == "REMEDIATIONS_TABLE");
        let claim = if self.claim_lost_to.is_some() {
            claim.then_error(|| {
                TransactWriteItemsError::TransactionCanceledException(TransactionCanceledException::builder().build())
            })
        } else {
            claim.then_output(|| TransactWriteItemsOutput::builder().build())
        };
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&claims, &cooldowns, &tip, &audit, &claim, &self.settled])
    }

    fn ec2(&self) -> aws_sdk_ec2::Client {
        let tags: Vec<Tag> =
            self.tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
        let describe = mock!(aws_sdk_ec2::Client::describe_instances).then_output(move || {
            let state = InstanceState::builder().name(InstanceStateName::Running).build();
            let instance = Instance::builder().instance_id(INSTANCE).state(state).set_tags(Some(tags.clone())).build();
            DescribeInstancesOutput::builder().reservations(Reservation::builder().instances(instance).build()).build()
        });
        mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&describe, &self.reboot])
    }

    fn cloudtrail(&self) -> aws_sdk_cloudtrail::Client {
        let names = self.trail.clone();
        let lookup = mock!(aws_sdk_cloudtrail::Client::lookup_events).then_output(move || {
            let events = names.iter().map(|name| Event::builder().event_name(*name).build()).collect();
            LookupEventsOutput::builder().set_events(Some(events)).build()
        });
        mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&lookup])
    }

    async fn run(&self) -> anyhow::Result<Summary> {
        handle(&self.context(), event(), now).await
    }

    fn reboots(&self) -> usize {
        self.reboot.num_calls()
    }
}

fn key(key: Option<&HashMap<String, AttributeValue>>) -> String {
    key.and_then(|key| key.get("id")?.as_s().ok().cloned()).unwrap_or_default()
}

fn table(request: &aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput) -> String {
    request
        .transact_items()
        .first()
        .and_then(|item| item.put())
        .map(|put| put.table_name().to_owned())
        .unwrap_or_default()
}

fn item(claim: Option<&Claim>) -> GetItemOutput {
    let item = claim
        .map(|claim| HashMap::from([("claim".to_owned(), AttributeValue::S(serde_json::to_string(claim).unwrap()))]));
    GetItemOutput::builder().set_item(item).build()
}

fn event() -> SnsEvent {
    let message = serde_json::to_string(&envelope_of(incident())).unwrap();
    sns_event(&message)
}

fn claim(state: ClaimState, claimed_at: Timestamp) -> Claim {
    Claim {
        incident: incident().id,
        resource_arn: resource_ref().arn,
        state,
        claimed_at,
        lease_until: claimed_at + SignedDuration::from_secs(120),
        settled_at: None,
        announcement: Announcement::Due,
    }
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

const STARTED: ClaimState = ClaimState::Started { action: Action::Reboot };
const FINISHED: ClaimState = ClaimState::Finished { action: Action::Reboot };

#[tokio::test]
async fn an_opted_in_instance_is_rebooted_once_and_people_are_told() {
    let world = World::new();
    assert_eq!(world.run().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (1, 1));
}

#[tokio::test]
async fn an_instance_that_is_not_opted_in_is_left_alone() {
    let mut world = World::new();
    world.tags = vec![("aiops:monitor", "true")];
    assert_eq!(world.run().await.unwrap(), Summary { declined: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_protected_instance_is_left_alone_though_it_is_opted_in() {
    let mut world = World::new();
    world.tags.push(("aiops:never-touch", ""));
    assert_eq!(world.run().await.unwrap().declined, 1);
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_dry_run_touches_nothing() {
    let mut world = World::new();
    world.mode = "dry_run";
    assert_eq!(world.run().await.unwrap(), Summary { rehearsed: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_redelivery_after_the_end_does_nothing_again() {
    let mut world = World::new();
    world.stored = Some(Claim { announcement: Announcement::Done, ..claim(FINISHED, ago(30)) });
    assert_eq!(world.run().await.unwrap().carried_out, 1);
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_redelivery_after_a_crash_before_the_announcement_announces_and_does_not_act() {
    let mut world = World::new();
    world.stored = Some(claim(FINISHED, ago(30)));
    world.run().await.unwrap();
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn a_redelivery_beside_one_that_announces_fails_and_comes_back_later() {
    let mut world = World::new();
    let until = now() + SignedDuration::from_secs(20);
    world.stored = Some(Claim { announcement: Announcement::Underway { until }, ..claim(FINISHED, ago(30)) });
    let error = world.run().await.unwrap_err().to_string();
    assert!(error.starts_with("another delivery announces inc_"), "{error}");
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_delivery_that_loses_the_claim_does_not_act() {
    let mut world = World::new();
    world.claim_lost_to = Some(claim(STARTED, ago(1)));
    let error = world.run().await.unwrap_err().to_string();
    assert!(error.contains("is claimed until"), "{error}");
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn an_expired_claim_is_never_taken_over_and_people_are_told() {
    let mut world = World::new();
    world.stored = Some(claim(STARTED, ago(600)));
    assert_eq!(world.run().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn an_expired_claim_that_cloudtrail_knows_of_is_finished() {
    let mut world = World::new();
    world.stored = Some(claim(STARTED, ago(600)));
    world.trail = vec!["RebootInstances"];
    assert_eq!(world.run().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_refused_reboot_is_told_and_not_repeated() {
    let mut world = World::new();
    world.reboot = mock!(aws_sdk_ec2::Client::reboot_instances).then_error(|| {
        RebootInstancesError::generic(ErrorMetadata::builder().code("UnauthorizedOperation").message("no").build())
    });
    assert_eq!(world.run().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_fails_and_touches_nothing() {
    let world = World::new();
    let unknown =
        serde_json::to_string(&envelope_of(incident())).unwrap().replace("nightjar.incident/1", "nightjar.incident/9");
    for (message, expected) in
        [("{}", "not a Nightjar envelope"), (unknown.as_str(), "schema \"nightjar.incident/9\" is not known here")]
    {
        let error = handle(&world.context(), sns_event(message), now).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!((world.reboots(), world.settled.num_calls()), (0, 0));
}
