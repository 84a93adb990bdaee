//! The chain grows by one entry a fact, whoever else writes, and a fact told twice is in it once.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsError, TransactWriteItemsOutput};
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use nightjar_aws::stores::AuditFilter;
use nightjar_aws::stores::{AuditStore, StoreError};
use nightjar_domain::audit::{
    AuditEntry, ChainId, Fact, FactKind, MAIN_CHAIN, Reason, Report, Retention, Tip, Verifier, in_order,
};
use nightjar_testkit::{Trail, now};
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

/// What DynamoDB finds among `entries`, in the request's direction and bounds.
fn answer(entries: &[AuditEntry], request: &QueryInput) -> QueryOutput {
    let values = request.expression_attribute_values().unwrap();
    let bound = values.get(":seq").map(|seq| seq.as_n().unwrap().parse::<u64>().unwrap());
    let forward = request.scan_index_forward().unwrap();
    let mut found: Vec<&AuditEntry> = entries
        .iter()
        .filter(|entry| entry.chain == *values[":chain"].as_s().unwrap())
        .filter(|entry| bound.is_none_or(|bound| if forward { entry.seq > bound } else { entry.seq < bound }))
        .collect();
    if !forward {
        found.reverse();
    }
    found.truncate(usize::try_from(request.limit().unwrap()).unwrap());
    QueryOutput::builder().set_items(Some(found.into_iter().map(item).collect())).build()
}

fn item(entry: &AuditEntry) -> Item {
    let json = entry.to_canonical_json().unwrap();
    Item::from([
        ("chain".to_owned(), text(&entry.chain)),
        ("seq".to_owned(), number(entry.seq as i64)),
        ("entry".to_owned(), text(&json)),
    ])
}

/// A store over what a trail holds.
fn store_of(entries: Vec<AuditEntry>) -> AuditStore {
    let query = mock!(Client::query).then_compute_output(move |request| answer(&entries, request));
    AuditStore::new(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query]), "aiops-audit".to_owned())
}

async fn verified(store: &AuditStore) -> Report {
    let mut verifier = Verifier::default();
    store.walk(&mut verifier, |_| ()).await.unwrap();
    verifier.finish(None, &Retention::bundled().unwrap(), now())
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
    let tip = mock!(Client::query).then_compute_output(move |request| answer(&stored.lock().unwrap(), request));
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
    /// Of a whole trail, in its order.
    async fn subjects(&self) -> Vec<String> {
        let report = verified(&self.store).await;
        assert!(report.valid, "{report:?}");
        let entries = in_order(self.entries.lock().unwrap().clone());
        entries.into_iter().map(|entry| entry.fact.subject).collect()
    }
}

#[tokio::test]
async fn every_fact_goes_to_the_end_of_its_own_chain() {
    let table = table(&[]);
    table.store.record(&[fact("a"), fact("b")]).await.unwrap();
    table.store.record(&[fact("c")]).await.unwrap();
    let mut subjects = table.subjects().await;
    subjects.sort();
    assert_eq!(subjects, ["a", "b", "c"]);
    for entry in table.entries.lock().unwrap().iter() {
        assert_eq!(entry.chain, ChainId::of(&entry.fact.id).name());
    }
}

#[tokio::test]
async fn facts_of_one_chain_are_linked_in_their_order() {
    let chain = ChainId::of(&fact("first").id);
    let subjects: Vec<String> =
        (0..400).map(|index| format!("i-{index}")).filter(|s| ChainId::of(&fact(s).id) == chain).collect();
    let table = table(&[]);
    table.store.record(&subjects.iter().map(|subject| fact(subject)).collect::<Vec<_>>()).await.unwrap();
    assert!(subjects.len() > 8, "{}", subjects.len());
    assert_eq!(table.subjects().await, subjects);
}

#[tokio::test]
async fn a_fact_that_is_known_is_left_out_and_the_others_are_recorded() {
    let chain = ChainId::of(&fact("known").id);
    let other = (0..1000).map(|index| format!("new-{index}")).find(|s| ChainId::of(&fact(s).id) == chain).unwrap();
    let table = table(&[&["None", "ConditionalCheckFailed", "None", "None"]]);
    table.store.record(&[fact("known"), fact(&other)]).await.unwrap();
    assert_eq!(table.subjects().await, [other]);
}

#[tokio::test]
async fn when_all_is_known_nothing_more_is_written() {
    let table = table(&[&["ConditionalCheckFailed", "ConditionalCheckFailed"]]);
    table.store.record(&[fact("known")]).await.unwrap();
    assert_eq!((table.subjects().await.len(), table.transactions.num_calls()), (0, 1));
}

#[tokio::test]
async fn a_lost_race_is_run_again_from_the_new_end() {
    let table = table(&[&["ConditionalCheckFailed", "None"], &["TransactionConflict", "None"]]);
    table.store.record(&[fact("a")]).await.unwrap();
    assert_eq!((table.subjects().await, table.transactions.num_calls()), (vec!["a".to_owned()], 3));
}

#[tokio::test]
async fn another_cancellation_is_an_error() {
    let error = table(&[&["ValidationError", "None"]]).store.record(&[fact("a")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Request { .. }), "{error}");
}

#[tokio::test]
async fn a_fact_told_twice_in_one_breath_is_one() {
    let table = table(&[]);
    table.store.record(&[fact("a"), fact("a")]).await.unwrap();
    assert_eq!(table.subjects().await, ["a"]);
}

#[tokio::test]
async fn many_facts_are_whole_and_look_at_other_chains() {
    let table = table(&[]);
    let facts: Vec<Fact> = (0..600).map(|index| fact(&format!("i-{index}"))).collect();
    table.store.record(&facts).await.unwrap();
    assert_eq!(table.subjects().await.len(), 600);
    let entries = table.entries.lock().unwrap();
    assert!(entries.iter().all(|entry| entry.seen.is_none() || entry.seq % 8 == 0));
    assert!(entries.iter().filter(|entry| entry.seen.is_some()).count() > 10);
}

#[tokio::test]
async fn a_chain_that_goes_on_after_the_first_version_is_read_with_the_others() {
    let mut entries = vec![AuditEntry::next(MAIN_CHAIN, &Tip::genesis(), fact("old")).unwrap()];
    entries.extend(Trail::grown(200, 500, &nightjar_testkit::AnchorKey::default()).entries);
    let report = verified(&store_of(entries)).await;
    assert!(report.valid, "{report:?}");
    assert_eq!((report.entries, report.chains[0].chain.as_str()), (201, MAIN_CHAIN));
}

#[tokio::test]
async fn a_key_that_does_not_fit_its_entry_is_found() {
    let mut entries = Trail::grown(100, 500, &nightjar_testkit::AnchorKey::default()).entries;
    let moved = entries.iter().rposition(|entry| entry.seq == 2).unwrap();
    let rows: Vec<(u64, Item)> = entries.iter().map(|entry| (entry.seq, item(entry))).collect();
    let chain = entries[moved].chain.clone();
    entries.retain(|entry| entry.chain == chain);
    let query = mock!(Client::query).then_compute_output(move |request| {
        let mut output = answer(&entries, request);
        for row in output.items.iter_mut().flatten() {
            if row["seq"] == number(2) {
                row.insert("entry".to_owned(), rows[0].1["entry"].clone());
            }
        }
        output
    });
    let store = AuditStore::new(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query]), "aiops-audit".to_owned());
    assert_eq!(verified(&store).await.first_bad.map(|bad| (bad.seq, bad.reason)), Some((2, Reason::WrongShard)));
}

#[tokio::test]
async fn pages_bring_everything_once_the_newest_first() {
    let trail = Trail::grown(90, 500, &nightjar_testkit::AnchorKey::default());
    let store = store_of(trail.entries.clone());
    let (mut found, mut position) = (Vec::new(), None);
    loop {
        let page = store.page(&AuditFilter::default(), 20, position.as_ref()).await.unwrap();
        assert!(page.entries.len() <= 20);
        found.extend(page.entries);
        position = page.next;
        if position.is_none() {
            break;
        }
        assert!(position.as_ref().unwrap().is_possible());
    }
    for chain in ChainId::all() {
        let mut numbers: Vec<u64> =
            found.iter().filter(|entry| entry.chain == chain.name()).map(|entry| entry.seq).collect();
        numbers.reverse();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    }
    assert_eq!(found.len(), 90);
}

#[tokio::test]
async fn a_page_holds_only_what_the_filter_takes() {
    let store = store_of(Trail::grown(90, 500, &nightjar_testkit::AnchorKey::default()).entries);
    let filter = AuditFilter { subject: Some("inc_7".to_owned()), ..AuditFilter::default() };
    let page = store.page(&filter, 20, None).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (1, None));
    for nothing in [
        AuditFilter { kind: Some("anomaly.detected".to_owned()), ..AuditFilter::default() },
        AuditFilter { actor: Some("nobody".to_owned()), ..AuditFilter::default() },
        AuditFilter { because_of: Some("inc_7".to_owned()), ..AuditFilter::default() },
        AuditFilter { since: Some(now() + jiff::SignedDuration::from_secs(1)), ..AuditFilter::default() },
        AuditFilter { until: Some(now() - jiff::SignedDuration::from_secs(1)), ..AuditFilter::default() },
    ] {
        assert_eq!(store.page(&nothing, 20, None).await.unwrap().entries, [], "{nothing:?}");
    }
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
