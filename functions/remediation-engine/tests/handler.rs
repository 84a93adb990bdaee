//! What the engine does to machines, and above all what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;

use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::Event;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_ec2::operation::describe_instance_status::DescribeInstanceStatusOutput;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::operation::reboot_instances::{RebootInstancesError, RebootInstancesOutput};
use aws_sdk_ec2::types::{Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_sdk_kms::operation::generate_mac::GenerateMacOutput;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore, RemediationStore};
use nightjar_domain::remediation::{
    Action, Announcement, Claim, ClaimState, Control, Decision, InstanceState as Described, Ledger, OpenRun, Run, Step,
    Stop,
};
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
    ledger: Ledger,
    control: Control,
    /// Values of the metric since the step.
    metric: Vec<f64>,
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
            ledger: Ledger::default(),
            control: Control::default(),
            metric: Vec::new(),
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
                "REMEDIATIONS_TABLE"
                | "INCIDENTS_TABLE"
                | "AUDIT_TABLE"
                | "APPROVAL_KEY_ID"
                | "CRITICAL_ALERTS_TOPIC_ARN" => name,
                _ => return None,
            };
            Some(value.to_owned())
        }))
        .unwrap();
        let dynamodb = self.dynamodb();
        Context {
            fleet: Fleet::with_client(self.ec2(), REGION.to_owned()),
            cloudtrail: self.cloudtrail(),
            cloudwatch: self.cloudwatch(),
            kms: kms(),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
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
        let documents = [("ledger", json(&self.ledger)), ("control", json(&self.control))];
        let documents = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| ["ledger", "control", "policies"].contains(&key(request.key()).as_str()))
            .then_compute_output(move |request| {
                let id = key(request.key());
                let text = documents.iter().find(|(name, _)| *name == id).map(|(_, text)| text.clone());
                let attribute = if id == "control" { "switch" } else { "ledger" };
                let item = text.map(|text| HashMap::from([(attribute.to_owned(), AttributeValue::S(text))]));
                GetItemOutput::builder().set_item(item).build()
            });
        let incidents = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.table_name() == Some("INCIDENTS_TABLE"))
            .then_output(|| GetItemOutput::builder().set_item(serde_dynamo::to_item(incident()).ok()).build());
        let put = mock!(aws_sdk_dynamodb::Client::put_item).then_output(|| PutItemOutput::builder().build());
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
        mock_client!(
            aws_sdk_dynamodb,
            RuleMode::MatchAny,
            [&documents, &incidents, &put, &claims, &cooldowns, &tip, &audit, &claim, &self.settled]
        )
    }

    fn ec2(&self) -> aws_sdk_ec2::Client {
        let tags: Vec<Tag> =
            self.tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
        let describe = mock!(aws_sdk_ec2::Client::describe_instances).then_output(move || {
            let state = InstanceState::builder().name(InstanceStateName::Running).build();
            let instance = Instance::builder().instance_id(INSTANCE).state(state).set_tags(Some(tags.clone())).build();
            DescribeInstancesOutput::builder().reservations(Reservation::builder().instances(instance).build()).build()
        });
        let status = mock!(aws_sdk_ec2::Client::describe_instance_status)
            .then_output(|| DescribeInstanceStatusOutput::builder().build());
        mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&describe, &status, &self.reboot])
    }

    fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        let values = self.metric.clone();
        let answer = mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(move |request| {
            let first = request.start_time().unwrap().secs();
            let at = |n| aws_sdk_cloudwatch::primitives::DateTime::from_secs(first + 300 * n);
            let times = (0..values.len() as i64).map(at).collect();
            let result =
                MetricDataResult::builder().set_timestamps(Some(times)).set_values(Some(values.clone())).build();
            GetMetricDataOutput::builder().metric_data_results(result).build()
        });
        mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&answer])
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

    async fn sweep(&self) -> anyhow::Result<Summary> {
        handle(&self.context(), serde_json::json!({ "source": "aws.events" }), now).await
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

fn event() -> serde_json::Value {
    sns(&json(&envelope_of(incident())))
}

fn sns(message: &str) -> serde_json::Value {
    serde_json::to_value(sns_event(message)).unwrap()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn kms() -> aws_sdk_kms::Client {
    let mac = mock!(aws_sdk_kms::Client::generate_mac)
        .then_output(|| GenerateMacOutput::builder().mac(Blob::new("mac")).build());
    mock_client!(aws_sdk_kms, RuleMode::MatchAny, [&mac])
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
        run: None,
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
        let error = handle(&world.context(), sns(message), now).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!((world.reboots(), world.settled.num_calls()), (0, 0));
}

/// A claim of a runbook of two reboots whose current step was carried out then.
fn run(state: ClaimState, step: usize, acted_at: Timestamp) -> Claim {
    let reboot = Step { action: Action::Reboot, settle_minutes: 10 };
    let run = Run {
        policy: "restart-unwell-instance".to_owned(),
        steps: vec![reboot, reboot],
        step,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: Some(acted_at),
        approved_by: None,
    };
    Claim { run: Some(run), settled_at: Some(acted_at), announcement: Announcement::Done, ..claim(state, acted_at) }
}

fn open(waiting: bool) -> Ledger {
    let run = OpenRun {
        incident: incident().id,
        resource_arn: resource_ref().arn,
        policy: "restart-unwell-instance".to_owned(),
        since: ago(1800),
        waiting,
        counted: false,
    };
    Ledger { runs: vec![run], ..Ledger::default() }
}

#[tokio::test]
async fn a_sweep_with_nothing_open_does_nothing() {
    assert_eq!(World::new().sweep().await.unwrap(), Summary::default());
}

#[tokio::test]
async fn what_healed_is_told_and_the_run_ends() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 0, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![25.0, 24.0];
    assert_eq!(world.sweep().await.unwrap(), Summary { healed: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn what_did_not_heal_goes_to_the_next_step() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 0, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![97.0, 97.5];
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 1);
}

#[tokio::test]
async fn after_the_last_step_people_have_to_look() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 1, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![97.0, 97.5];
    assert_eq!(world.sweep().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn no_datapoint_is_no_recovery() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 1, ago(1800)));
    world.ledger = open(false);
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.sns.num_calls(), 0);
}

fn awaiting(approved: Option<bool>, fingerprint: String, until: Timestamp) -> Claim {
    let decision = approved.map(|approved| Decision {
        approved,
        by: "arn:aws:iam::000000000000:user/ops".to_owned(),
        at: ago(5),
        why: "the plan is right".to_owned(),
    });
    let state = ClaimState::AwaitingApproval { action: Action::Reboot, until, fingerprint, decision };
    let mut claim = run(state, 0, ago(60));
    claim.run.as_mut().unwrap().acted_at = None;
    claim
}

fn as_it_is(world: &World) -> String {
    let tags = world.tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Described { state: "running".to_owned(), tags, ..Described::default() }.fingerprint()
}

#[tokio::test]
async fn in_approve_mode_people_are_asked_and_nothing_is_touched() {
    let mut world = World::new();
    world.mode = "approve";
    assert_eq!(world.run().await.unwrap(), Summary { waiting: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn an_approval_is_carried_out_by_the_engine() {
    let mut world = World::new();
    world.mode = "approve";
    world.stored = Some(awaiting(Some(true), as_it_is(&world), now() + SignedDuration::from_mins(9)));
    world.ledger = open(true);
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 1);
}

#[tokio::test]
async fn without_a_valid_word_nothing_is_done() {
    let later = now() + SignedDuration::from_mins(9);
    let same = as_it_is(&World::new());
    for (claim, expected) in [
        (awaiting(None, same.clone(), later), Summary { waiting: 1, ..Summary::default() }),
        (awaiting(None, same.clone(), now()), Summary { declined: 1, ..Summary::default() }),
        (awaiting(Some(false), same, later), Summary { declined: 1, ..Summary::default() }),
        (awaiting(Some(true), "another".to_owned(), later), Summary { declined: 1, ..Summary::default() }),
    ] {
        let mut world = World::new();
        world.mode = "approve";
        world.stored = Some(claim);
        world.ledger = open(true);
        assert_eq!((world.sweep().await.unwrap(), world.reboots()), (expected, 0));
    }
}

#[tokio::test]
async fn the_kill_switch_stops_the_next_step_and_people_are_told() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 0, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![97.0, 97.5];
    world.control.stopped = Some(Stop { by: "ops".to_owned(), at: ago(5), why: "drill".to_owned() });
    assert_eq!(world.sweep().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}
