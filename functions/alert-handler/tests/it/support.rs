//! The world of the tests: fixtures, a simulated table of groups, mocks of the others, and servers that play receivers.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use jiff::Timestamp;
use nightjar_alert_handler::aws_call::AwsCaller;
use nightjar_alert_handler::context::Context;
use nightjar_alert_handler::settings::Settings;
use nightjar_aws::settings::Environment;
use nightjar_domain::audit::AuditEntry;
use nightjar_domain::routing::Routes;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::store::Simulated;

pub(crate) const SECRET: &str = "whsec_bmlnaHRqYXItYWxlcnQtaGFuZGxlci10ZXN0cw==";
/// The incident of `events/incident.json`.
pub(crate) const INCIDENT: &str = "inc_8d2f6b1c4a7e90355d21";

pub(crate) const TABLES: [(&str, &str); 4] = [
    ("NOTIFICATIONS_TABLE", "aiops-notifications"),
    ("ALERT_GROUPS_TABLE", "aiops-alert-groups"),
    ("SILENCES_TABLE", "aiops-silences"),
    ("AUDIT_TABLE", "aiops-audit"),
];

pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// An event kept as a file.
pub(crate) fn fixture(name: &str) -> Value {
    let file = format!("events/{name}.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The schedule's event.
pub(crate) fn tick() -> Value {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })
}

/// What the notifications table says to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claims {
    Free,
    Sent,
    InFlight,
}

/// The tables behind the real client, and what was asked of them.
pub(crate) struct Tables {
    pub(crate) client: Client,
    pub(crate) claims: Rule,
    pub(crate) marked_sent: Rule,
    pub(crate) released: Rule,
    audit: Arc<Mutex<Vec<AuditEntry>>>,
}

impl Tables {
    pub(crate) fn new(answer: Claims) -> Self {
        let claims = mock!(Client::update_item)
            .match_requests(|request| request.update_expression().unwrap().contains("lease_until = :until"))
            .then_compute_response(move |_| match answer {
                Claims::Free => MockResponse::Output(UpdateItemOutput::builder().build()),
                Claims::Sent | Claims::InFlight => {
                    let refused = ConditionalCheckFailedException::builder().build();
                    MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(refused))
                }
            });
        let look = mock!(Client::get_item).then_output(move || {
            let (name, value) = match answer {
                Claims::Sent => ("sent_at", AttributeValue::S("2026-11-21T09:57:00Z".to_owned())),
                _ => ("lease_until", AttributeValue::N("1795255260".to_owned())),
            };
            GetItemOutput::builder().item(name, value).build()
        });
        let marked_sent = mock!(Client::update_item)
            .match_requests(|request| request.update_expression().unwrap().starts_with("SET sent_at"))
            .then_output(|| UpdateItemOutput::builder().build());
        let released = mock!(Client::update_item)
            .match_requests(|request| request.update_expression() == Some("REMOVE lease_until"))
            .then_output(|| UpdateItemOutput::builder().build());
        let tip = mock!(Client::query).then_output(|| QueryOutput::builder().build());
        let silences = mock!(Client::scan).then_output(|| ScanOutput::builder().build());
        let audit = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&audit);
        let append = mock!(Client::transact_write_items).then_compute_output(move |request| {
            let entries =
                request.transact_items().iter().filter_map(|write| write.put()?.item().get("entry")?.as_s().ok());
            recorded.lock().unwrap().extend(entries.map(|text| serde_json::from_str::<AuditEntry>(text).unwrap()));
            TransactWriteItemsOutput::builder().build()
        });
        let client = mock_client!(
            aws_sdk_dynamodb,
            RuleMode::MatchAny,
            [&claims, &look, &marked_sent, &released, &tip, &silences, &append]
        );
        Self { client, claims, marked_sent, released, audit }
    }

    /// What was recorded, as `kind subject`, sorted.
    pub(crate) fn audited(&self) -> Vec<String> {
        let entries = self.audit.lock().unwrap();
        let mut facts: Vec<String> =
            entries.iter().map(|entry| format!("{} {}", entry.fact.kind.as_str(), entry.fact.subject)).collect();
        facts.sort();
        facts
    }

    pub(crate) fn facts(&self) -> Vec<AuditEntry> {
        self.audit.lock().unwrap().clone()
    }
}

/// A server that plays the receivers, and SQS.
pub(crate) struct Receivers {
    pub(crate) server: MockServer,
}

impl Receivers {
    pub(crate) async fn start(slack: ResponseTemplate, webhook: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        for (at, answer) in [("/slack/T0/B0/token", slack), ("/hook", webhook), ("/", ResponseTemplate::new(200))] {
            Mock::given(method("POST")).and(path(at)).respond_with(answer).mount(&server).await;
        }
        Self { server }
    }

    pub(crate) async fn answering(status: u16) -> Self {
        Self::start(ResponseTemplate::new(status), ResponseTemplate::new(status)).await
    }

    /// What the environment says with both channels set up.
    fn lookup(&self, name: &str) -> Option<String> {
        let base = self.server.uri();
        match name {
            "SLACK_WEBHOOK_URL" => Some(format!("{base}/slack/T0/B0/token")),
            "WEBHOOK_URL" => Some(format!("{base}/hook")),
            "WEBHOOK_SECRET" => Some(SECRET.to_owned()),
            "DEAD_LETTER_QUEUE_URL" => Some(format!("{base}/queue")),
            _ => TABLES.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        }
    }

    /// A context with the routes that ship, posting to both.
    pub(crate) fn context(&self, tables: &Tables, groups: Simulated) -> Context<Simulated> {
        self.context_with(tables, groups, Routes::bundled().unwrap())
    }

    pub(crate) fn context_with(&self, tables: &Tables, groups: Simulated, routes: Routes) -> Context<Simulated> {
        self.context_with_env(tables, groups, routes, ("SLACK_BOT_TOKEN", "xoxb-1"))
    }

    /// The same with one more environment variable.
    pub(crate) fn context_with_env(
        &self,
        tables: &Tables,
        groups: Simulated,
        routes: Routes,
        (extra, set): (&str, &str),
    ) -> Context<Simulated> {
        let settings = Settings::with_routes(Environment::from_lookup(|name| self.lookup(name)), routes).unwrap();
        let config = aws_config::SdkConfig::builder()
            .region(aws_config::Region::new("us-east-1"))
            .endpoint_url(self.server.uri())
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                aws_credential_types::Credentials::new("AKIATEST", "secret", None, None, "tests"),
            ))
            .build();
        let aws = AwsCaller::new(&config);
        let lookup = |name: &str| if name == extra { Some(set.to_owned()) } else { self.lookup(name) };
        Context::new(settings, tables.client.clone(), groups, aws, lookup).unwrap()
    }

    /// The posts that arrived below `path`.
    pub(crate) async fn posts(&self, path: &str) -> Vec<wiremock::Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|request| request.url.path().starts_with(path)).collect()
    }

    /// The dead letters.
    pub(crate) async fn letters(&self) -> Vec<Value> {
        let all = self.server.received_requests().await.unwrap();
        let to_sqs = all.into_iter().filter(|request| request.headers.contains_key("x-amz-target"));
        to_sqs
            .map(|request| {
                let call: Value = serde_json::from_slice(&request.body).unwrap();
                serde_json::from_str(call["MessageBody"].as_str().unwrap()).unwrap()
            })
            .collect()
    }
}
