//! The configuration's versions: published once, read anew, and never worse than what was in force.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::config::ConfigReader;
use nightjar_aws::stores::{AuditStore, ConfigPublication, ConfigStore, PublishError, Published};
use nightjar_domain::configuration::{Checker, Document};
use nightjar_domain::log_watch::LogWatch;
use nightjar_testkit::now;

use crate::{Item, number, text};

const CHECKER: Checker = Checker { noise: |_| Ok(()) };
const GOOD: &str = include_str!("../../../../config/log_watch.json");

#[derive(Clone, Default)]
struct World {
    versions: Arc<Mutex<BTreeMap<u64, Item>>>,
    unreadable: Arc<Mutex<bool>>,
    facts: Arc<Mutex<Vec<String>>>,
    /// Another writer takes the place that is tried first.
    rival: Arc<Mutex<bool>>,
}

impl World {
    fn put(&self, json: &str) {
        let mut versions = self.versions.lock().unwrap();
        let version = versions.keys().next_back().copied().unwrap_or(0) + 1;
        let item = [("document", text("log_watch")), ("version", number(version.cast_signed())), ("json", text(json))];
        let who = [("by", text("anna")), ("at", text("2026-11-21T09:00:00Z")), ("why", text("a test"))];
        let item = item.into_iter().chain(who).map(|(name, value)| (name.to_owned(), value)).collect();
        versions.insert(version, item);
    }

    fn client(&self) -> Client {
        let world = self.clone();
        let query = mock!(Client::query).then_compute_response(move |request| {
            if request.table_name() == Some("audit") {
                return MockResponse::Output(QueryOutput::builder().build());
            }
            if *world.unreadable.lock().unwrap() {
                let denied = ErrorMetadata::builder().code("AccessDeniedException").build();
                return MockResponse::Error(QueryError::generic(denied));
            }
            let limit = request.limit().unwrap().unsigned_abs() as usize;
            let versions = world.versions.lock().unwrap();
            let items = versions.values().rev().take(limit).cloned().collect();
            MockResponse::Output(QueryOutput::builder().set_items(Some(items)).build())
        });
        let world = self.clone();
        let put = mock!(Client::put_item).then_compute_response(move |request| {
            let item = request.item().unwrap().clone();
            let version: u64 = item["version"].as_n().unwrap().parse().unwrap();
            assert_eq!(request.condition_expression(), Some("attribute_not_exists(version)"));
            if std::mem::take(&mut *world.rival.lock().unwrap()) {
                world.put("{\"by\": \"a rival\"}");
            }
            let mut versions = world.versions.lock().unwrap();
            if versions.contains_key(&version) {
                let refused = ConditionalCheckFailedException::builder().build();
                return MockResponse::Error(PutItemError::ConditionalCheckFailedException(refused));
            }
            versions.insert(version, item);
            MockResponse::Output(PutItemOutput::builder().build())
        });
        let world = self.clone();
        let audit: Rule = mock!(Client::transact_write_items).then_compute_output(move |request| {
            let kinds = request.transact_items().iter().filter_map(|write| write.put()?.item().get("kind"));
            world.facts.lock().unwrap().extend(kinds.map(|kind| kind.as_s().unwrap().clone()));
            TransactWriteItemsOutput::builder().build()
        });
        mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query, &put, &audit])
    }

    fn audit(&self) -> AuditStore {
        AuditStore::new(self.client(), "audit".to_owned())
    }

    fn reader(&self) -> ConfigReader {
        ConfigReader::new(self.client(), Some("config".to_owned()), self.audit(), "log-analyzer-rca")
    }

    async fn publish(&self, json: &str, expected: Option<u64>) -> Result<Published, PublishError> {
        let publication = ConfigPublication {
            document: Document::LogWatch,
            json,
            by: "anna",
            why: "quieter",
            brings_back: None,
            expected,
            with: BTreeMap::new(),
        };
        let store = ConfigStore::new(self.client(), "config".to_owned());
        store.publish(&publication, CHECKER, &self.audit(), now()).await
    }

    fn facts(&self) -> Vec<String> {
        self.facts.lock().unwrap().clone()
    }
}

fn seconds(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

async fn read(reader: &mut ConfigReader, at: i64) -> anyhow::Result<Option<u64>> {
    let newer = reader.newer(Document::LogWatch, seconds(at), LogWatch::parse).await?;
    Ok(newer.map(|newer| newer.version.version))
}

#[tokio::test]
async fn a_document_is_published_once_and_a_repetition_repairs_the_trail() {
    let world = World::default();
    assert!(matches!(world.publish(GOOD, None).await.unwrap(), Published::New(version) if version.version == 1));
    assert!(matches!(world.publish(GOOD, None).await.unwrap(), Published::Already(version) if version.version == 1));
    assert_eq!(world.facts(), ["config.published", "config.published"], "the trail keeps the second as the first");
    assert_eq!(world.versions.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_used_is_not_published() {
    let world = World::default();
    let error = world.publish("{\"sources\": 1}", None).await.unwrap_err().to_string();
    assert!(error.starts_with("log_watch cannot be used: "), "{error}");
    assert_eq!((world.versions.lock().unwrap().len(), world.facts().len()), (0, 0));
}

#[tokio::test]
async fn a_version_takes_the_place_after_the_newest_and_only_as_it_was_seen() {
    let world = World::default();
    *world.rival.lock().unwrap() = true;
    assert_eq!(world.publish(GOOD, None).await.unwrap().version().version, 2, "the rival was faster");
    let other = format!("{GOOD} ");
    let late = world.publish(&other, Some(1)).await;
    assert!(matches!(late, Err(PublishError::Changed { newest: 2, .. })), "{late:?}");
    assert_eq!(world.publish(&other, Some(2)).await.unwrap().version().version, 3);
}

#[tokio::test]
async fn a_new_version_is_in_force_within_half_a_minute() {
    let world = World::default();
    let mut reader = world.reader();
    assert_eq!(read(&mut reader, 0).await.unwrap(), None, "what ships is in force");
    world.put(GOOD);
    assert_eq!(read(&mut reader, 29).await.unwrap(), None);
    assert_eq!(read(&mut reader, 30).await.unwrap(), Some(1));
    assert_eq!(read(&mut reader, 60).await.unwrap(), None, "nothing new");
}

#[tokio::test]
async fn a_bad_version_leaves_the_last_good_one_in_force_and_is_told() {
    let world = World::default();
    world.put(GOOD);
    let mut reader = world.reader();
    assert_eq!(read(&mut reader, 0).await.unwrap(), Some(1));
    world.put("{}nonsense");
    assert_eq!(read(&mut reader, 30).await.unwrap(), None);
    assert_eq!(read(&mut reader, 60).await.unwrap(), None);
    assert_eq!(world.facts(), ["config.refused"], "once a process and version");
    assert_eq!(read(&mut world.reader(), 60).await.unwrap(), Some(1), "a process that starts finds the last good one");
    world.put(&format!("{GOOD} "));
    assert_eq!(read(&mut reader, 90).await.unwrap(), Some(3));
}

#[tokio::test]
async fn nothing_is_in_force_of_what_was_never_good() {
    let world = World::default();
    world.put("{}nonsense");
    assert_eq!(read(&mut world.reader(), 0).await.unwrap(), None);
}

#[tokio::test]
async fn a_table_that_cannot_be_read_stops_a_start_and_nothing_else() {
    let world = World::default();
    world.put(GOOD);
    let mut reader = world.reader();
    assert_eq!(read(&mut reader, 0).await.unwrap(), Some(1));
    *world.unreadable.lock().unwrap() = true;
    assert_eq!(read(&mut reader, 30).await.unwrap(), None);
    assert!(read(&mut world.reader(), 0).await.is_err());
    *world.unreadable.lock().unwrap() = false;
    world.put(&format!("{GOOD} "));
    assert_eq!(read(&mut reader, 60).await.unwrap(), Some(2));
}

#[tokio::test]
async fn at_start_what_came_before_a_bad_version_is_sought_until_it_was_read() {
    let world = World::default();
    world.put(GOOD);
    world.put("{}{");
    let mut reader = world.reader();
    // The table fails between the newest version, which is refused, and those before it.
    let fails_then = |json: &str| LogWatch::parse(json).inspect_err(|_| *world.unreadable.lock().unwrap() = true);
    assert!(reader.newer(Document::LogWatch, seconds(0), fails_then).await.is_err(), "it must not go by what ships");
    *world.unreadable.lock().unwrap() = false;
    assert_eq!(read(&mut reader, 1).await.unwrap(), Some(1));
}
