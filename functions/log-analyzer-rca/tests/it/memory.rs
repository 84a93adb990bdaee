//! Tables that remember, with the conditions that the stores write under: what deliveries at the same moment meet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudtrail::operation::lookup_events::LookupEventsOutput;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::operation::get_query_results::{GetQueryResultsInput, GetQueryResultsOutput};
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryInput, StartQueryOutput};
use aws_sdk_cloudwatchlogs::types::{QueryStatistics, QueryStatus, ResultField};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::scan::{ScanInput, ScanOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::error::{ConditionalCheckFailedException, TransactionCanceledException};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put};
use aws_sdk_sns::operation::publish::{PublishInput, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, FingerprintStore, IncidentStore, InventoryStore, LogWatchStore, SeriesStore};
use nightjar_domain::diagnosis::LogSignals;
use nightjar_domain::escalation::EscalationRules;
use nightjar_domain::incident::Incident;
use nightjar_domain::log_watch::LogWatch;
use nightjar_domain::metric::Metric;
use nightjar_domain::recovery::Calm;
use nightjar_log_analyzer_rca::context::Context;
use nightjar_log_analyzer_rca::settings::Settings;
use nightjar_testkit::{ACCOUNT, REGION, resource};

use crate::ec2;

type Item = HashMap<String, AttributeValue>;

/// Everything that outlives a delivery.
#[derive(Debug, Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    tables: HashMap<String, HashMap<String, Item>>,
    /// Topic and message.
    published: Vec<(String, String)>,
    /// Kind of each fact that was recorded, by its id.
    facts: HashMap<String, String>,
    /// Lines that every query finds which begins at this time or later.
    lines: Vec<String>,
    lines_since: Option<Timestamp>,
    /// Publishing fails so often.
    failing_publications: usize,
}

const KEYS: [(&str, &str); 5] = [
    ("INCIDENTS_TABLE", "id"),
    ("FINGERPRINTS_TABLE", "fingerprint"),
    ("LOG_WATCH_TABLE", "source"),
    ("SERIES_TABLE", "series"),
    ("INVENTORY_TABLE", "arn"),
];

fn key_of(table: &str, item: &Item) -> String {
    let name = KEYS.iter().find(|(known, _)| *known == table).map_or("id", |(_, key)| key);
    item[name].as_s().unwrap().clone()
}

fn text<'i>(item: &'i Item, name: &str) -> Option<&'i String> {
    item.get(name).and_then(|value| value.as_s().ok())
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self::default();
        world.put("INVENTORY_TABLE", serde_dynamo::to_item(resource()).unwrap());
        world
    }

    fn put(&self, table: &str, item: Item) {
        let key = key_of(table, &item);
        self.0.lock().unwrap().tables.entry(table.to_owned()).or_default().insert(key, item);
    }

    /// What the detector has noted of a series.
    pub(crate) fn calm(&self, metric: &Metric, calm: Calm) {
        self.put(
            "SERIES_TABLE",
            Item::from([
                ("series".to_owned(), AttributeValue::S(metric.series().to_string())),
                ("state".to_owned(), AttributeValue::B(Blob::new([1]))),
                ("version".to_owned(), AttributeValue::N("1".to_owned())),
                ("calm".to_owned(), serde_dynamo::to_attribute_value(calm).unwrap()),
            ]),
        );
    }

    pub(crate) fn lines(&self, lines: Vec<String>) {
        self.0.lock().unwrap().lines = lines;
    }

    /// Lines that only windows from `since` on hold.
    pub(crate) fn lines_since(&self, since: Timestamp, lines: Vec<String>) {
        let mut state = self.0.lock().unwrap();
        (state.lines_since, state.lines) = (Some(since), lines);
    }

    pub(crate) fn fail_publications(&self, count: usize) {
        self.0.lock().unwrap().failing_publications = count;
    }

    pub(crate) fn store(&self, incident: &Incident) {
        let mut item: Item = serde_dynamo::to_item(incident).unwrap();
        item.insert("published_at".to_owned(), AttributeValue::S(incident.opened_at.to_string()));
        self.put("INCIDENTS_TABLE", item);
    }

    pub(crate) fn incidents(&self) -> Vec<Incident> {
        let state = self.0.lock().unwrap();
        let items = state.tables.get("INCIDENTS_TABLE").into_iter().flat_map(HashMap::values);
        let mut incidents: Vec<Incident> = items.map(|item| serde_dynamo::from_item(item.clone()).unwrap()).collect();
        incidents.sort_by_key(|incident| incident.opened_at);
        incidents
    }

    /// Slots that are not closed.
    pub(crate) fn open_slots(&self) -> usize {
        let state = self.0.lock().unwrap();
        let slots = state.tables.get("FINGERPRINTS_TABLE").into_iter().flat_map(HashMap::values);
        slots.filter(|slot| !slot.contains_key("closed_at")).count()
    }

    pub(crate) fn published(&self, topic: &str) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state.published.iter().filter(|(to, _)| to == topic).map(|(_, message)| message.clone()).collect()
    }

    pub(crate) fn facts(&self, kind: &str) -> usize {
        self.0.lock().unwrap().facts.values().filter(|known| *known == kind).count()
    }

    pub(crate) fn context(&self) -> Context {
        let settings = Settings::read(Environment::from_lookup(|name| {
            let topic = || name.ends_with("ARN").then(|| format!("arn:aws:sns:{REGION}:{ACCOUNT}:{name}"));
            name.ends_with("TABLE").then(|| name.to_owned()).or_else(topic)
        }))
        .unwrap();
        let dynamodb = self.dynamodb();
        let sns = self.sns();
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Context {
            config: ConfigReader::new(dynamodb.clone(), None, audit.clone(), "log-analyzer-rca"),
            signals: LogSignals::bundled().unwrap(),
            escalation: EscalationRules::bundled().unwrap(),
            log_watch: LogWatch::bundled().unwrap(),
            scopes: crate::scopes(&settings),
            logs: self.logs(),
            metrics: {
                let data = mock!(aws_sdk_cloudwatch::Client::get_metric_data)
                    .then_output(|| GetMetricDataOutput::builder().build());
                mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&data])
            },
            cloudtrail: {
                let trail = mock!(aws_sdk_cloudtrail::Client::lookup_events)
                    .then_output(|| LookupEventsOutput::builder().build());
                mock_client!(aws_sdk_cloudtrail, RuleMode::MatchAny, [&trail])
            },
            calls: ec2::running(),
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
            anomalies: Publisher::new(sns.clone(), "anomalies".to_owned()),
            incident_changes: Publisher::new(sns.clone(), "incident-changes".to_owned()),
            critical_alerts: Publisher::new(sns, "critical-alerts".to_owned()),
            settings,
        }
    }

    fn sns(&self) -> aws_sdk_sns::Client {
        let world = self.clone();
        let publish = mock!(aws_sdk_sns::Client::publish).then_compute_response(move |request: &PublishInput| {
            let mut state = world.0.lock().unwrap();
            if state.failing_publications > 0 {
                state.failing_publications -= 1;
                let error = aws_sdk_sns::types::error::InternalErrorException::builder().message("no").build();
                return MockResponse::Error(aws_sdk_sns::operation::publish::PublishError::InternalErrorException(
                    error,
                ));
            }
            let (topic, message) = (request.topic_arn().unwrap(), request.message().unwrap());
            state.published.push((topic.to_owned(), message.to_owned()));
            MockResponse::Output(PublishOutput::builder().build())
        });
        mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&publish])
    }

    /// Logs Insights that finds the same lines in whatever window.
    fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        let start =
            mock!(aws_sdk_cloudwatchlogs::Client::start_query).then_compute_output(|request: &StartQueryInput| {
                StartQueryOutput::builder().query_id(request.start_time().unwrap().to_string()).build()
            });
        let world = self.clone();
        let results = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results).then_compute_output(
            move |request: &GetQueryResultsInput| {
                let from = Timestamp::from_second(request.query_id().unwrap().parse::<i64>().unwrap()).unwrap();
                let at = (from + SignedDuration::from_secs(1)).strftime("%Y-%m-%d %H:%M:%S.000").to_string();
                let field = |name: &str, value: &str| ResultField::builder().field(name).value(value).build();
                let state = world.0.lock().unwrap();
                let holds = state.lines_since.is_none_or(|since| from >= since);
                let lines = if holds { state.lines.clone() } else { vec!["INFO all is well".to_owned()] };
                drop(state);
                let rows = lines.iter().map(|line| {
                    vec![field("@timestamp", &at), field("@message", line), field("@log", "0:/aws/ec2/checkout")]
                });
                GetQueryResultsOutput::builder()
                    .status(QueryStatus::Complete)
                    .set_results(Some(rows.collect()))
                    .statistics(QueryStatistics::builder().bytes_scanned(2e9).build())
                    .build()
            },
        );
        let filter = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
            .then_output(|| FilterLogEventsOutput::builder().build());
        mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, [&start, &results, &filter])
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        type Client = aws_sdk_dynamodb::Client;
        let world = self.clone();
        let get = mock!(Client::get_item).then_compute_output(move |request: &GetItemInput| {
            let state = world.0.lock().unwrap();
            let key = request.key().unwrap().values().next().unwrap().as_s().unwrap();
            let item = state.tables.get(request.table_name().unwrap()).and_then(|table| table.get(key)).cloned();
            GetItemOutput::builder().set_item(item).build()
        });
        let world = self.clone();
        let batch = mock!(Client::batch_get_item).then_compute_output(move |request: &BatchGetItemInput| {
            let state = world.0.lock().unwrap();
            let found = request.request_items().unwrap().iter().map(|(name, asked)| {
                let keys = asked.keys().iter().map(|key| key.values().next().unwrap().as_s().unwrap());
                let items = keys.filter_map(|key| state.tables.get(name)?.get(key).cloned()).collect();
                (name.clone(), items)
            });
            BatchGetItemOutput::builder().set_responses(Some(found.collect())).build()
        });
        let world = self.clone();
        let scan = mock!(Client::scan).then_compute_output(move |request: &ScanInput| {
            let state = world.0.lock().unwrap();
            let all = state.tables.get(request.table_name().unwrap()).into_iter().flat_map(HashMap::values);
            let open = request.filter_expression() == Some("attribute_not_exists(closed_at)");
            let items = all.filter(|item| !open || !item.contains_key("closed_at")).cloned().collect();
            ScanOutput::builder().set_items(Some(items)).build()
        });
        let world = self.clone();
        let query = mock!(Client::query).then_compute_output(move |request: &QueryInput| {
            let state = world.0.lock().unwrap();
            let mut items: Vec<Item> = match request.index_name() {
                Some("by_resource") => {
                    state.tables.get("INCIDENTS_TABLE").into_iter().flat_map(HashMap::values).cloned().collect()
                }
                _ => Vec::new(),
            };
            // The tests' clock stands still, and lists leave out what has expired by the real one.
            for item in &mut items {
                item.remove("expires_at");
            }
            items.sort_by(|a, b| text(b, "opened_at").cmp(&text(a, "opened_at")));
            QueryOutput::builder().set_items(Some(items)).build()
        });
        let world = self.clone();
        let put = mock!(Client::put_item).then_compute_response(move |request: &PutItemInput| {
            let (table, item) = (request.table_name().unwrap(), request.item().unwrap());
            let mut state = world.0.lock().unwrap();
            let known = state.tables.entry(table.to_owned()).or_default();
            let before = known.get(&key_of(table, item));
            let allowed = before.is_none_or(|before| match request.expression_attribute_values() {
                Some(values) => before.get("version") == values.get(":before"),
                None => before.contains_key("closed_at"),
            });
            if !allowed {
                let failed = ConditionalCheckFailedException::builder().build();
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(failed));
            }
            known.insert(key_of(table, item), item.clone());
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let world = self.clone();
        let update = mock!(Client::update_item).then_compute_response(move |request: &UpdateItemInput| {
            if world.update(request) {
                MockResponse::Output(UpdateItemOutput::builder().build())
            } else {
                let failed = ConditionalCheckFailedException::builder().build();
                MockResponse::Error(UpdateItemError::ConditionalCheckFailedException(failed))
            }
        });
        let world = self.clone();
        let transact =
            mock!(Client::transact_write_items).then_compute_response(move |request: &TransactWriteItemsInput| {
                let puts: Vec<&Put> = request.transact_items().iter().filter_map(|item| item.put()).collect();
                if world.transact(&puts) {
                    MockResponse::Output(TransactWriteItemsOutput::builder().build())
                } else {
                    let reason = CancellationReason::builder().code("ConditionalCheckFailed").build();
                    let cancelled = TransactionCanceledException::builder().cancellation_reasons(reason).build();
                    MockResponse::Error(TransactWriteItemsError::TransactionCanceledException(cancelled))
                }
            });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&get, &batch, &scan, &query, &put, &update, &transact])
    }

    /// The updates of the incident and fingerprint stores, by what they set.
    fn update(&self, request: &UpdateItemInput) -> bool {
        let values = request.expression_attribute_values().unwrap();
        let key = request.key().unwrap().values().next().unwrap().as_s().unwrap();
        let mut state = self.0.lock().unwrap();
        let Some(item) = state.tables.get_mut(request.table_name().unwrap()).and_then(|table| table.get_mut(key))
        else {
            return false;
        };
        let set: Vec<(&str, &str)> = match request.update_expression().unwrap() {
            expression if expression.starts_with("SET publishing_until") => {
                let number = |value: &AttributeValue| value.as_n().unwrap().parse::<i64>().unwrap();
                let free = item.get("publishing_until").is_none_or(|until| number(until) < number(&values[":now"]));
                if item.contains_key("published_at") || !free {
                    return false;
                }
                vec![("publishing_until", ":until")]
            }
            expression if expression.starts_with("SET published_at") => vec![("published_at", ":at")],
            expression if expression.starts_with("SET closed_at") => {
                if item["incident"] != values[":incident"] {
                    return false;
                }
                vec![("closed_at", ":now")]
            }
            _ => {
                if item["version"] != values[":before"] {
                    return false;
                }
                [
                    ("status", ":status"),
                    ("severity", ":severity"),
                    ("escalation", ":escalation"),
                    ("timeline", ":timeline"),
                    ("sources", ":sources"),
                    ("finding", ":finding"),
                    ("looked_at", ":looked_at"),
                    ("version", ":version"),
                ]
                .to_vec()
            }
        };
        for (name, value) in set {
            item.insert(name.to_owned(), values[value].clone());
        }
        true
    }

    /// Facts go to the audit trail; an incident and its slot are written both or neither.
    fn transact(&self, puts: &[&Put]) -> bool {
        let mut state = self.0.lock().unwrap();
        let [incident, slot] = puts else { return true };
        if incident.table_name() != "INCIDENTS_TABLE" {
            // An entry and the marker that keeps it from being recorded twice.
            state
                .facts
                .insert(text(slot.item(), "chain").unwrap().clone(), text(incident.item(), "kind").unwrap().clone());
            return true;
        }
        let (id, fingerprint) = (key_of("INCIDENTS_TABLE", incident.item()), key_of("FINGERPRINTS_TABLE", slot.item()));
        let known = state.tables.get("INCIDENTS_TABLE").is_some_and(|table| table.contains_key(&id));
        let before = state.tables.get("FINGERPRINTS_TABLE").and_then(|table| table.get(&fingerprint));
        let expected = slot.expression_attribute_values().and_then(|values| values.get(":previous"));
        let in_place = match (before, expected) {
            (None, None) => true,
            (Some(before), Some(previous)) => before.get("incident") == Some(previous),
            _ => false,
        };
        if known || !in_place {
            return false;
        }
        for put in puts {
            let key = key_of(put.table_name(), put.item());
            state.tables.entry(put.table_name().to_owned()).or_default().insert(key, put.item().clone());
        }
        true
    }
}
