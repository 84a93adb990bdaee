//! The world of the tests: fixtures, a mocked DynamoDB, and servers that play Slack and a webhook.

use std::sync::{Arc, Mutex};

use aws_lambda_events::event::sns::SnsEvent;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::Timestamp;
use nightjar_alert_handler::context::Context;
use nightjar_alert_handler::settings::Settings;
use nightjar_aws::settings::Environment;
use nightjar_domain::audit::AuditEntry;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const SECRET: &str = "whsec_bmlnaHRqYXItYWxlcnQtaGFuZGxlci10ZXN0cw==";
/// The incident of `events/incident.json`.
pub(crate) const INCIDENT: &str = "inc_8d2f6b1c4a7e90355d21";

pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// An event kept as a file.
pub(crate) fn fixture(name: &str) -> SnsEvent {
    let file = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Settings from pairs instead of the environment.
pub(crate) fn environment(pairs: &'static [(&str, &str)]) -> Environment<'static> {
    Environment::from_lookup(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
}

/// What the notifications table says to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claims {
    Free,
    Sent,
    InFlight,
}

/// The two tables behind the real client, and what was asked of them.
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
                Claims::Free => aws_smithy_mocks::MockResponse::Output(UpdateItemOutput::builder().build()),
                Claims::Sent | Claims::InFlight => {
                    let refused = ConditionalCheckFailedException::builder().build();
                    aws_smithy_mocks::MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(refused))
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
            [&claims, &look, &marked_sent, &released, &tip, &append]
        );
        Self { client, claims, marked_sent, released, audit }
    }

    /// The subjects of the facts that were recorded, sorted.
    pub(crate) fn audited(&self) -> Vec<String> {
        let mut subjects: Vec<String> = self.facts().into_iter().map(|entry| entry.fact.subject).collect();
        subjects.sort();
        subjects
    }

    pub(crate) fn facts(&self) -> Vec<AuditEntry> {
        self.audit.lock().unwrap().clone()
    }
}

/// A server that plays both channels.
pub(crate) struct Receivers {
    pub(crate) server: MockServer,
}

impl Receivers {
    pub(crate) async fn start(slack: ResponseTemplate, webhook: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        for (at, answer) in [("/slack/T0/B0/token", slack), ("/hook", webhook)] {
            Mock::given(method("POST")).and(path(at)).respond_with(answer).mount(&server).await;
        }
        Self { server }
    }

    pub(crate) async fn answering(status: u16) -> Self {
        Self::start(ResponseTemplate::new(status), ResponseTemplate::new(status)).await
    }

    /// A context that posts to both.
    pub(crate) fn context(&self, tables: &Tables) -> Context {
        let base = self.server.uri();
        let env = Environment::from_lookup(move |name| match name {
            "NOTIFICATIONS_TABLE" => Some("aiops-notifications".to_owned()),
            "AUDIT_TABLE" => Some("aiops-audit".to_owned()),
            "SLACK_WEBHOOK_URL" => Some(format!("{base}/slack/T0/B0/token")),
            "WEBHOOK_URL" => Some(format!("{base}/hook")),
            "WEBHOOK_SECRET" => Some(SECRET.to_owned()),
            _ => None,
        });
        Context::new(Settings::read(env).unwrap(), tables.client.clone()).unwrap()
    }

    /// The posts that arrived at `path`.
    pub(crate) async fn posts(&self, path: &str) -> Vec<wiremock::Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|request| request.url.path().starts_with(path)).collect()
    }
}
