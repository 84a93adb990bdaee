//! The world around the engine: every call that a test does not expect has no rule, and fails.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudtrail::types::Event;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryError, StartQueryOutput};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_ec2::operation::describe_instance_status::DescribeInstanceStatusOutput;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::operation::reboot_instances::RebootInstancesOutput;
use aws_sdk_ec2::types::builders::InstanceBuilder;
use aws_sdk_ec2::types::{Instance, InstanceState, InstanceStateName, Reservation, Tag};
use aws_sdk_kms::operation::generate_mac::GenerateMacOutput;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore, InventoryStore, RemediationStore};
use nightjar_domain::incident::Incident;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{
    Action, AllowedDocument, Announcement, Claim, ClaimState, Control, Ledger, OpenRun, PoliciesDocument,
    PoliciesError, Run, Step,
};
use nightjar_ec2::Fleet;
use nightjar_remediation_engine::context::Context;
use nightjar_remediation_engine::handler::{Summary, handle};
use nightjar_remediation_engine::settings::Settings;
use nightjar_testkit::{INSTANCE, LOG_GROUP, REGION, envelope_of, incident, now, resource, resource_ref, sns_event};
use wiremock::matchers::{body_string, body_string_contains, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The world of one test. Every call that is not expected here has no rule, and fails.
pub(crate) struct World {
    pub(crate) mode: &'static str,
    /// Of the policy that is meant for the incident; else that which ships.
    pub(crate) runbook: Option<Vec<Step>>,
    pub(crate) documents: Vec<AllowedDocument>,
    /// What is special about the instance.
    pub(crate) instance: fn(InstanceBuilder) -> InstanceBuilder,
    /// Calls of EC2 beside a reboot.
    pub(crate) ec2: Vec<Rule>,
    /// Auto Scaling and Systems Manager.
    pub(crate) by_hand: Option<SdkConfig>,
    pub(crate) tags: Vec<(&'static str, &'static str)>,
    pub(crate) stored: Option<Claim>,
    pub(crate) ledger: Ledger,
    pub(crate) control: Control,
    /// The incident that is told and stored.
    pub(crate) incident: Incident,
    /// What Logs Insights finds; `None` where it is refused.
    pub(crate) logs: Option<Vec<String>>,
    /// Values of the metric since the step.
    pub(crate) metric: Vec<f64>,
    pub(crate) claim_lost_to: Option<Claim>,
    pub(crate) reboot: Rule,
    pub(crate) trail: Vec<&'static str>,
    pub(crate) sns: Rule,
    pub(crate) settled: Rule,
    /// What the audit trail was told, as its items are written.
    pub(crate) told: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            mode: "auto",
            runbook: None,
            documents: Vec::new(),
            instance: |instance| instance,
            ec2: Vec::new(),
            by_hand: None,
            tags: vec![("aiops:monitor", "true"), ("aiops:remediate", "reboot")],
            stored: None,
            ledger: Ledger::default(),
            control: Control::default(),
            incident: incident(),
            logs: Some(Vec::new()),
            metric: Vec::new(),
            claim_lost_to: None,
            reboot: mock!(aws_sdk_ec2::Client::reboot_instances)
                .match_requests(|request| request.instance_ids() == [INSTANCE])
                .then_output(|| RebootInstancesOutput::builder().build()),
            trail: Vec::new(),
            sns: mock!(aws_sdk_sns::Client::publish).then_output(|| PublishOutput::builder().build()),
            settled: mock!(aws_sdk_dynamodb::Client::update_item).then_output(|| UpdateItemOutput::builder().build()),
            told: Arc::default(),
        }
    }

    pub(crate) fn context(&self) -> Context {
        // Attacks are seen in the account in which the engine is.
        let account = self.incident.security.as_ref().map_or("000000000000", |story| &story.account);
        let topic = format!("arn:aws:sns:{REGION}:{account}:aiops-critical-alerts");
        let settings = Settings::read(Environment::from_lookup(|name| {
            let value = match name {
                "NAME_PREFIX" => "aiops",
                "REMEDIATION_MODE" => self.mode,
                "REMEDIATIONS_TABLE" | "INCIDENTS_TABLE" | "INVENTORY_TABLE" | "AUDIT_TABLE" | "APPROVAL_KEY_ID" => {
                    name
                }
                "CRITICAL_ALERTS_TOPIC_ARN" => &topic,
                _ => return None,
            };
            Some(value.to_owned())
        }))
        .unwrap();
        let dynamodb = self.dynamodb();
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Context {
            config: ConfigReader::new(dynamodb.clone(), None, audit.clone(), "remediation-engine"),
            policies: self.policies().unwrap(),
            maintenance: MaintenanceWindows::default(),
            fleet: match &self.by_hand {
                Some(config) => Fleet::with_client(self.ec2(), REGION.to_owned()).calling(config),
                None => Fleet::with_client(self.ec2(), REGION.to_owned()),
            },
            cloudtrail: self.cloudtrail(),
            cloudwatch: self.cloudwatch(),
            kms: kms(),
            logs: self.logs(),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
            remediations: RemediationStore::new(dynamodb, settings.remediations_table.clone()),
            audit,
            critical_alerts: Publisher::new(mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&self.sns]), "topic".into()),
            settings,
        }
    }

    /// The policies as they would be published.
    pub(crate) fn policies(&self) -> Result<PoliciesDocument, PoliciesError> {
        let mut policies = PoliciesDocument::bundled().unwrap();
        if let Some(runbook) = &self.runbook {
            policies.documents.clone_from(&self.documents);
            policies.policies.last_mut().unwrap().runbook.clone_from(runbook);
        }
        PoliciesDocument::parse(&json(&policies))
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
        let documents = [("ledger", "ledger", json(&self.ledger)), ("control", "switch", json(&self.control))];
        let documents = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| ["ledger", "control"].contains(&key(request.key()).as_str()))
            .then_compute_output(move |request| {
                let id = key(request.key());
                let found = documents.iter().find(|(name, _, _)| *name == id);
                let item = found.map(|(_, attribute, text)| {
                    HashMap::from([((*attribute).to_owned(), AttributeValue::S(text.clone()))])
                });
                GetItemOutput::builder().set_item(item).build()
            });
        let incidents = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.table_name() == Some("INCIDENTS_TABLE"))
            .then_output({
                let incident = self.incident.clone();
                move || GetItemOutput::builder().set_item(serde_dynamo::to_item(&incident).ok()).build()
            });
        let inventory = mock!(aws_sdk_dynamodb::Client::get_item)
            .match_requests(|request| request.table_name() == Some("INVENTORY_TABLE"))
            .then_output(|| GetItemOutput::builder().set_item(serde_dynamo::to_item(resource()).ok()).build());
        let put = mock!(aws_sdk_dynamodb::Client::put_item).then_output(|| PutItemOutput::builder().build());
        let tip = mock!(aws_sdk_dynamodb::Client::query).then_output(|| QueryOutput::builder().build());
        let audit = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .match_requests(|request| table(request) == "AUDIT_TABLE")
            .then_compute_output({
                let told = Arc::clone(&self.told);
                move |request| {
                    told.lock().unwrap().push(format!("{request:?}"));
                    TransactWriteItemsOutput::builder().build()
                }
            });
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
            [&documents, &incidents, &inventory, &put, &claims, &cooldowns, &tip, &audit, &claim, &self.settled]
        )
    }

    fn ec2(&self) -> aws_sdk_ec2::Client {
        let tags: Vec<Tag> =
            self.tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build()).collect();
        let special = self.instance;
        let describe = mock!(aws_sdk_ec2::Client::describe_instances).then_output(move || {
            let state = InstanceState::builder().name(InstanceStateName::Running).build();
            let instance = Instance::builder().instance_id(INSTANCE).state(state).set_tags(Some(tags.clone()));
            let instance = special(instance).build();
            DescribeInstancesOutput::builder().reservations(Reservation::builder().instances(instance).build()).build()
        });
        let status = mock!(aws_sdk_ec2::Client::describe_instance_status)
            .then_output(|| DescribeInstanceStatusOutput::builder().build());
        let rules: Vec<&Rule> = [&describe, &status, &self.reboot].into_iter().chain(&self.ec2).collect();
        mock_client!(aws_sdk_ec2, RuleMode::MatchAny, &rules)
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

    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        use aws_sdk_cloudwatchlogs::types::{QueryStatus, ResultField};
        let refused = || ErrorMetadata::builder().code("AccessDeniedException").message("not for you").build();
        let Some(lines) = self.logs.clone() else {
            let query = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
                .then_error(move || StartQueryError::generic(refused()));
            let events = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
                .then_error(move || FilterLogEventsError::generic(refused()));
            return mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&query, &events]);
        };
        let start = mock!(aws_sdk_cloudwatchlogs::Client::start_query)
            .match_requests(|request| request.query_string().is_some_and(|query| query.contains("@message like")))
            .then_output(|| StartQueryOutput::builder().query_id("q").build());
        let results = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results).then_output(move || {
            let field = |name: &str, value: &str| ResultField::builder().field(name).value(value).build();
            let row = |line: &String| {
                vec![
                    field("@timestamp", "2026-11-21 09:55:00.000"),
                    field("@message", line),
                    field("@log", &format!("1:{LOG_GROUP}")),
                ]
            };
            let rows = lines.iter().map(row).collect();
            GetQueryResultsOutput::builder().status(QueryStatus::Complete).set_results(Some(rows)).build()
        });
        mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&start, &results])
    }

    fn cloudtrail(&self) -> aws_sdk_cloudtrail::Client {
        let names = self.trail.clone();
        let lookup = mock!(aws_sdk_cloudtrail::Client::lookup_events).then_output(move || {
            let events = names.iter().map(|name| Event::builder().event_name(*name).build()).collect();
            LookupEventsOutput::builder().set_events(Some(events)).build()
        });
        mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&lookup])
    }

    pub(crate) async fn run(&self) -> anyhow::Result<Summary> {
        handle(&self.context(), sns(&json(&envelope_of(self.incident.clone()))), now).await
    }

    pub(crate) async fn sweep(&self) -> anyhow::Result<Summary> {
        handle(&self.context(), serde_json::json!({ "source": "aws.events" }), now).await
    }

    pub(crate) fn reboots(&self) -> usize {
        self.reboot.num_calls()
    }
}

pub(crate) fn key(key: Option<&HashMap<String, AttributeValue>>) -> String {
    key.and_then(|key| key.get("id")?.as_s().ok().cloned()).unwrap_or_default()
}

pub(crate) fn table(request: &aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput) -> String {
    request
        .transact_items()
        .first()
        .and_then(|item| item.put())
        .map(|put| put.table_name().to_owned())
        .unwrap_or_default()
}

pub(crate) fn item(claim: Option<&Claim>) -> GetItemOutput {
    let item = claim
        .map(|claim| HashMap::from([("claim".to_owned(), AttributeValue::S(serde_json::to_string(claim).unwrap()))]));
    GetItemOutput::builder().set_item(item).build()
}

pub(crate) fn sns(message: &str) -> serde_json::Value {
    serde_json::to_value(sns_event(message)).unwrap()
}

pub(crate) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

pub(crate) fn kms() -> aws_sdk_kms::Client {
    let mac = mock!(aws_sdk_kms::Client::generate_mac)
        .then_output(|| GenerateMacOutput::builder().mac(Blob::new("mac")).build());
    mock_client!(aws_sdk_kms, RuleMode::MatchAny, [&mac])
}

pub(crate) fn claim(state: ClaimState, claimed_at: Timestamp) -> Claim {
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

pub(crate) fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub(crate) const STARTED: ClaimState = ClaimState::Started { action: Action::Reboot };
pub(crate) const FINISHED: ClaimState = ClaimState::Finished { action: Action::Reboot };

/// A claim of a runbook of two reboots whose current step was carried out then.
pub(crate) fn run(state: ClaimState, step: usize, acted_at: Timestamp) -> Claim {
    let reboot = Step::from(Action::Reboot);
    let run = Run {
        policy: "restart-unwell-instance".to_owned(),
        steps: vec![reboot.clone(), reboot],
        step,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: Some(acted_at),
        approved_by: None,
        remembered: None,
    };
    Claim { run: Some(run), settled_at: Some(acted_at), announcement: Announcement::Done, ..claim(state, acted_at) }
}

pub(crate) fn open(waiting: bool) -> Ledger {
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

pub(crate) const CARRIED_OUT: Summary =
    Summary { carried_out: 1, declined: 0, rehearsed: 0, waiting: 0, healed: 0, escalated: 0 };
pub(crate) const WAITING: Summary = Summary { carried_out: 0, waiting: 1, ..CARRIED_OUT };
pub(crate) const ESCALATED: Summary = Summary { carried_out: 0, escalated: 1, ..CARRIED_OUT };
pub(crate) const DECLINED: Summary = Summary { carried_out: 0, declined: 1, ..CARRIED_OUT };

/// Auto Scaling, Systems Manager and IAM, as far as a test expects calls of them; every other call is answered 404.
pub(crate) struct ByHand(MockServer);

impl ByHand {
    pub(crate) async fn new() -> Self {
        Self(MockServer::start().await)
    }

    pub(crate) async fn answers(self, action: &str, body: &str, times: u64) -> Self {
        Mock::given(body_string_contains(format!("Action={action}&")))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .expect(times)
            .mount(&self.0)
            .await;
        self
    }

    /// Expects this form, whole, so many times.
    pub(crate) async fn takes(self, form: &str, times: u64) -> Self {
        Mock::given(body_string(format!("Action={form}")))
            .respond_with(ResponseTemplate::new(200).set_body_string("<R/>"))
            .expect(times)
            .mount(&self.0)
            .await;
        self
    }

    pub(crate) async fn tells(self, operation: &str, body: serde_json::Value, times: u64) -> Self {
        Mock::given(header("x-amz-target", format!("AmazonSSM.{operation}")))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .expect(times)
            .mount(&self.0)
            .await;
        self
    }

    pub(crate) fn config(&self) -> SdkConfig {
        use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
        SdkConfig::builder()
            .region(aws_config::Region::new(REGION))
            .endpoint_url(self.0.uri())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "AKID", "secret", None, None, "test",
            )))
            .build()
    }
}
