//! The chain grows by one entry a fact, whoever else writes, and a fact told twice is in it once.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use nightjar_aws::stores::{AuditStore, StoreError};
use nightjar_domain::audit::{AuditEntry, Fact, FactKind, MAIN_CHAIN, Tip, verify};
use nightjar_testkit::now;
use serde_json::json;

use crate::{Item, number, text};

fn fact(subject: &str) -> Fact {
    Fact::new(FactKind::IncidentOpened, "log-analyzer-rca", subject, None, now(), json!({ "score": 0.97 }))
}

fn entry_of(write: &TransactWriteItem) -> Option<AuditEntry> {
    serde_json::from_str(write.put()?.item().get("entry")?.as_s().unwrap()).ok()
}

fn cancelled(codes: &[&str]) -> TransactWriteItemsError {
    let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
    let cancelled = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
    TransactWriteItemsError::TransactionCanceledException(cancelled)
}

/// A table whose first transactions end as `failures` say, and which then keeps what it is given.
struct Table {
    store: AuditStore,
    entries: Arc<Mutex<Vec<AuditEntry>>>,
    transactions: Rule,
}

fn table(failures: &'static [&'static [&'static str]]) -> Table {
    let entries: Arc<Mutex<Vec<AuditEntry>>> = Arc::default();
    let stored = Arc::clone(&entries);
    let tip = mock!(Client::query).then_compute_output(move |_| {
        let last = stored.lock().unwrap().last().map(|entry| {
            let json = serde_json::to_string(entry).unwrap();
            Item::from([("chain".to_owned(), text(MAIN_CHAIN)), ("entry".to_owned(), text(&json))])
        });
        QueryOutput::builder().set_items(Some(last.into_iter().collect())).build()
    });
    let stored = Arc::clone(&entries);
    let round = Mutex::new(0);
    let transactions = mock!(Client::transact_write_items).then_compute_response(move |request| {
        let mut round = round.lock().unwrap();
        *round += 1;
        if let Some(codes) = failures.get(*round - 1) {
            return MockResponse::Error(cancelled(codes));
        }
        stored.lock().unwrap().extend(request.transact_items().iter().filter_map(entry_of));
        MockResponse::Output(TransactWriteItemsOutput::builder().build())
    });
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&tip, &transactions]);
    Table { store: AuditStore::new(client, "aiops-audit".to_owned()), entries, transactions }
}

impl Table {
    fn subjects(&self) -> Vec<String> {
        let entries = self.entries.lock().unwrap();
        verify(Tip::genesis(), entries.iter()).unwrap();
        entries.iter().map(|entry| entry.fact.subject.clone()).collect()
    }
}

#[tokio::test]
async fn facts_are_linked_in_their_order() {
    let table = table(&[]);
    table.store.record(&[fact("a"), fact("b")]).await.unwrap();
    table.store.record(&[fact("c")]).await.unwrap();
    assert_eq!(table.subjects(), ["a", "b", "c"]);
    assert_eq!(table.transactions.num_calls(), 2);
}

#[tokio::test]
async fn a_fact_that_is_known_is_left_out_and_the_others_are_recorded() {
    let table = table(&[&["None", "ConditionalCheckFailed", "None", "None"]]);
    table.store.record(&[fact("known"), fact("new")]).await.unwrap();
    assert_eq!(table.subjects(), ["new"]);
}

#[tokio::test]
async fn when_all_is_known_nothing_more_is_written() {
    let table = table(&[&["ConditionalCheckFailed", "ConditionalCheckFailed"]]);
    table.store.record(&[fact("known")]).await.unwrap();
    assert_eq!((table.subjects().len(), table.transactions.num_calls()), (0, 1));
}

#[tokio::test]
async fn a_lost_race_is_run_again_from_the_new_end() {
    let table = table(&[&["ConditionalCheckFailed", "None"], &["TransactionConflict", "None"]]);
    table.store.record(&[fact("a")]).await.unwrap();
    assert_eq!((table.subjects(), table.transactions.num_calls()), (vec!["a".to_owned()], 3));
}

#[tokio::test]
async fn another_cancellation_is_an_error() {
    let error = table(&[&["ValidationError", "None"]]).store.record(&[fact("a")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Request { .. }), "{error}");
}

#[tokio::test]
async fn a_fact_told_twice_in_one_breath_is_one() {
    let table = table(&[]);
    table.store.record(&[fact("a"), fact("b"), fact("a")]).await.unwrap();
    assert_eq!(table.subjects(), ["a", "b"]);
}

#[tokio::test]
async fn many_facts_go_in_transactions_that_dynamodb_takes() {
    let table = table(&[]);
    let facts: Vec<Fact> = (0..60).map(|index| fact(&format!("i-{index}"))).collect();
    table.store.record(&facts).await.unwrap();
    assert_eq!((table.subjects().len(), table.transactions.num_calls()), (60, 3));
}

#[tokio::test]
async fn nothing_to_record_asks_nothing() {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [] as [&Rule; 0]);
    AuditStore::new(client, "aiops-audit".to_owned()).record(&[]).await.unwrap();
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_stops_the_writer() {
    let tip = mock!(Client::query)
        .then_output(|| QueryOutput::builder().items(Item::from([("seq".to_owned(), number(1))])).build());
    let client = mock_client!(aws_sdk_dynamodb, [&tip]);
    let error = AuditStore::new(client, "aiops-audit".to_owned()).record(&[fact("a")]).await.unwrap_err();
    insta::assert_snapshot!(error, @"the table aiops-audit: an item does not have the expected form: the attribute entry is missing");
}

#[tokio::test]
async fn the_trail_is_read_oldest_first_after_a_number() {
    let entry = AuditEntry::next(MAIN_CHAIN, &Tip::genesis(), fact("a")).unwrap();
    let json = serde_json::to_string(&entry).unwrap();
    let query = mock!(Client::query)
        .match_requests(|request| {
            request.expression_attribute_values().unwrap()[":after"] == number(41)
                && request.limit() == Some(10)
                && request.scan_index_forward() != Some(false)
        })
        .then_output(move || QueryOutput::builder().items(Item::from([("entry".to_owned(), text(&json))])).build());
    let client = mock_client!(aws_sdk_dynamodb, [&query]);
    assert_eq!(AuditStore::new(client, "aiops-audit".to_owned()).read(41, 10).await.unwrap(), [entry]);
}
