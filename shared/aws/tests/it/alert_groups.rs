//! Groups: who looks at one holds it alone, and nothing that arrives meanwhile is overlooked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::SignedDuration;
use nightjar_aws::stores::{AlertGroupStore, Disabled};
use nightjar_domain::incident::Status;
use nightjar_domain::routing::backoff::Failures;
use nightjar_domain::routing::held::{Change, Claim, Place, Settlement, Thread};
use nightjar_domain::routing::rate_limit::Window;
use nightjar_domain::routing::{Group, GroupState, Labels, Member};
use nightjar_domain::severity::Severity;
use nightjar_testkit::now;
use rstest::rstest;

use crate::{Item, number, text};

const LEASE: SignedDuration = SignedDuration::from_secs(30);

fn store(rules: &[&Rule]) -> AlertGroupStore {
    AlertGroupStore::new(
        mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, rules.iter().copied()),
        "aiops-alert-groups".to_owned(),
    )
}

fn group() -> Group {
    Group::new("root", "ops", "slack", Labels::from_iter([("region", "eu-central-1")]))
}

fn member() -> Member {
    Member {
        fingerprint: "0123456789abcdef".to_owned(),
        labels: Labels::from_iter([("incident", "inc_1")]),
        severity: Severity::High,
        title: "CPU is abnormal".to_owned(),
        message: "inc_1".to_owned(),
        once: false,
        resolved: false,
        acknowledged: false,
        suppressed_until: None,
        starts_at: now(),
    }
}

fn set(values: &[&str]) -> AttributeValue {
    AttributeValue::Ss(values.iter().map(|value| (*value).to_owned()).collect())
}

fn header() -> Item {
    Item::from([
        ("group_json".to_owned(), text(&serde_json::to_string(&group()).unwrap())),
        ("token".to_owned(), number(7)),
        ("arrivals".to_owned(), number(3)),
    ])
}

fn refused() -> UpdateItemError {
    UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
}

/// An update that is taken, and the expressions it came with.
fn taken(seen: &Arc<Mutex<Vec<String>>>, attributes: Option<Item>) -> Rule {
    let seen = Arc::clone(seen);
    mock!(Client::update_item).then_compute_output(move |request| {
        let condition = request.condition_expression().unwrap_or_default();
        seen.lock().unwrap().push(format!("{} IF {condition}", request.update_expression().unwrap()));
        UpdateItemOutput::builder().set_attributes(attributes.clone()).build()
    })
}

#[tokio::test]
async fn a_claim_holds_the_group_for_the_lease_and_grows_the_token() {
    let failing =
        Item::from([("failing_since".to_owned(), text("2026-11-21T09:00:00Z")), ("attempts".to_owned(), number(4))]);
    let attributes: Item = header().into_iter().chain(failing).collect();
    let claim = mock!(Client::update_item)
        .match_requests(|request| {
            let values = request.expression_attribute_values().unwrap();
            request.condition_expression().unwrap().contains("due_at <= :now")
                && values[":second"] == number(now().as_second())
                && values[":until"] == number(now().as_second() + 30)
        })
        .then_output(move || UpdateItemOutput::builder().set_attributes(Some(attributes.clone())).build());
    let claim = store(&[&claim]).claim(&group().id, LEASE, now()).await.unwrap().unwrap();
    assert_eq!((claim.group, claim.token, claim.arrivals), (group(), 7, 3));
    assert_eq!(claim.failures, Some(Failures { attempts: 4, first_at: "2026-11-21T09:00:00Z".parse().unwrap() }));
}

#[tokio::test]
async fn a_group_that_is_not_due_or_is_held_is_left_alone() {
    let held = mock!(Client::update_item).then_error(refused);
    assert_eq!(store(&[&held]).claim(&group().id, LEASE, now()).await.unwrap(), None);
}

#[tokio::test]
async fn a_group_without_its_description_is_an_error_that_says_so() {
    let bare = mock!(Client::update_item)
        .then_output(|| UpdateItemOutput::builder().attributes("token", AttributeValue::N("1".to_owned())).build());
    let error = store(&[&bare]).claim(&group().id, LEASE, now()).await.unwrap_err().to_string();
    assert!(error.contains("group_json") && error.contains("aiops-alert-groups"), "{error}");
}

#[tokio::test]
async fn what_others_did_to_an_alert_lies_beside_it() {
    let alert = |open: &[&str], acked: &[&str]| {
        let mut item = Item::from([
            ("item".to_owned(), text("alert#0123456789abcdef")),
            ("member".to_owned(), text(&serde_json::to_string(&member()).unwrap())),
        ]);
        for (name, values) in [("open", open), ("acked", acked)] {
            if !values.is_empty() {
                item.insert(name.to_owned(), set(values));
            }
        }
        item
    };
    let told = Item::from([
        ("item".to_owned(), text("#told")),
        ("told".to_owned(), text(&serde_json::to_string(&GroupState::default()).unwrap())),
    ]);
    // Left by a change that came after the alert was forgotten.
    let ghost = Item::from([("item".to_owned(), text("alert#ghost")), ("acked".to_owned(), set(&["inc_9"]))]);
    let items = vec![told, alert(&["inc_1"], &["inc_1"]), alert(&["inc_1"], &["inc_0"]), alert(&[], &[]), ghost];
    let query = mock!(Client::query)
        .match_requests(|request| request.consistent_read() == Some(true))
        .then_output(move || QueryOutput::builder().set_items(Some(items.clone())).build());
    let loaded = store(&[&query]).load(&group().id).await.unwrap();
    let states: Vec<_> = loaded.members.iter().map(|member| (member.resolved, member.acknowledged)).collect();
    assert_eq!(states, [(false, true), (false, false), (true, false)]);
}

#[rstest]
#[case::resolved(Status::Resolved, "DELETE #open :incident, acked :incident REMOVE suppressed_until")]
#[case::acknowledged(Status::Acknowledged, "ADD acked :incident REMOVE suppressed_until")]
#[case::suppressed(Status::Suppressed, "SET suppressed_until = :until")]
#[tokio::test]
async fn a_change_touches_only_what_is_there(#[case] to: Status, #[case] expected: &str) {
    let seen = Arc::default();
    let place = Place { group: group().id, fingerprint: member().fingerprint };
    let change = Change { incident: "inc_1".to_owned(), to, until: Some(now()) };
    store(&[&taken(&seen, None)]).alter(&place, &change).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [format!("{expected} IF attribute_exists(#item)")]);
    let gone = mock!(Client::update_item).then_error(refused);
    store(&[&gone]).alter(&place, &change).await.unwrap();
}

#[tokio::test]
async fn a_change_that_was_overtaken_by_a_newer_one_is_dropped() {
    let older = mock!(Client::update_item)
        .match_requests(|request| request.condition_expression().unwrap().contains("change_version <= :version"))
        .then_error(refused);
    let change = Change { incident: "inc_1".to_owned(), to: Status::Acknowledged, until: None };
    assert_eq!(store(&[&older]).change(&change, 2, now()).await.unwrap(), []);
}

#[tokio::test]
async fn an_arrival_makes_the_group_due_when_its_interval_ends() {
    let seen = Arc::default();
    let flushed = Item::from([("last_flush_at".to_owned(), text("2026-11-21T09:58:00Z"))]);
    let count = taken(&seen, Some(flushed));
    let sooner = mock!(Client::update_item)
        .match_requests(|request| {
            request.expression_attribute_values().unwrap()[":due"] == text("2026-11-21T10:03:00Z")
        })
        .then_error(refused);
    let due = |last: Option<jiff::Timestamp>| last.unwrap() + SignedDuration::from_mins(5);
    let at = store(&[&count, &sooner]).arrive(&group(), now(), &due).await.unwrap();
    assert_eq!(at.to_string(), "2026-11-21T10:03:00Z", "that it is due sooner already is no error");
    assert!(seen.lock().unwrap()[0].contains("ADD arrivals :one"));
}

fn claim() -> Claim {
    Claim { group: group(), token: 7, arrivals: 3, failures: None }
}

fn settlement() -> Settlement {
    let state = GroupState { last_flush_at: Some(now()), ..GroupState::default() };
    Settlement { state, due_at: None, due_for_arrivals: now() + SignedDuration::from_mins(5), failures: None }
}

#[tokio::test]
async fn settling_ends_the_lease_on_the_condition_that_nobody_arrived() {
    let seen = Arc::default();
    let told = mock!(Client::put_item).then_output(|| PutItemOutput::builder().build());
    assert!(store(&[&told, &taken(&seen, None)]).settle(&claim(), &settlement(), now()).await.unwrap());
    let seen = seen.lock().unwrap();
    assert!(seen[0].ends_with("IF #token = :token AND arrivals = :arrivals"), "{seen:?}");
    assert!(seen[0].contains("REMOVE #lease_until, #due_at, #shard"), "{seen:?}");
}

#[tokio::test]
async fn who_arrived_meanwhile_is_looked_at_when_the_interval_ends() {
    let seen = Arc::default();
    let told = mock!(Client::put_item).then_output(|| PutItemOutput::builder().build());
    let arrived = mock!(Client::update_item).then_error(refused);
    assert!(store(&[&told, &arrived, &taken(&seen, None)]).settle(&claim(), &settlement(), now()).await.unwrap());
    assert!(seen.lock().unwrap()[0].contains("#due_at = :due_at"), "{seen:?}");
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing() {
    let taken_over = mock!(Client::put_item).then_error(|| {
        PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    assert!(!store(&[&taken_over]).settle(&claim(), &settlement(), now()).await.unwrap());
}

#[rstest]
#[case::fires_until_resolved(false, "attribute_not_exists(#open)")]
#[case::told_once(true, "#message = :message")]
#[tokio::test]
async fn what_came_back_is_not_forgotten(#[case] once: bool, #[case] condition: &'static str) {
    let member = Member { once, ..member() };
    let forgotten = mock!(Client::delete_item)
        .match_requests(move |request| request.condition_expression() == Some(condition))
        .then_output(|| DeleteItemOutput::builder().build());
    store(&[&forgotten]).forget(&group().id, &member).await.unwrap();
    let back = mock!(Client::delete_item).then_error(|| {
        DeleteItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    store(&[&back]).forget(&group().id, &member).await.unwrap();
}

#[tokio::test]
async fn a_limit_counts_until_it_is_reached() {
    let window = Window { starts_at: now(), ends_at: now() + SignedDuration::from_mins(1) };
    let below = mock!(Client::update_item).then_output(|| UpdateItemOutput::builder().build());
    let reached = mock!(Client::update_item).then_error(refused);
    let store = store(&[&below, &reached]);
    let counted =
        [store.count("ops/slack", window, 1).await.unwrap(), store.count("ops/slack", window, 1).await.unwrap()];
    assert_eq!(counted, [true, false]);
}

#[tokio::test]
async fn a_closed_channel_says_since_when_and_why() {
    let closed = mock!(Client::get_item).then_output(|| {
        GetItemOutput::builder().item("since", text("2026-11-21T09:00:00Z")).item("because", text("410")).build()
    });
    let open = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let store = store(&[&closed, &open]);
    let expected = Disabled {
        destination: "ops/slack".to_owned(),
        since: "2026-11-21T09:00:00Z".parse().unwrap(),
        because: "410".to_owned(),
    };
    assert_eq!(store.disabled("ops/slack").await.unwrap(), Some(expected));
    assert_eq!(store.disabled("ops/slack").await.unwrap(), None);
}

#[tokio::test]
async fn no_name_that_dynamodb_keeps_for_itself_stands_bare() {
    // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html, those that are near at hand.
    const KEPT: [&str; 16] = [
        "group", "item", "member", "members", "message", "open", "change", "shard", "token", "since", "names",
        "status", "until", "attempts", "name", "count",
    ];
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = mock!(Client::put_item).then_output(|| PutItemOutput::builder().build());
    let updates: Vec<Rule> = (0..8).map(|_| taken(&seen, Some(header()))).collect();
    let mut rules: Vec<&Rule> = updates.iter().collect();
    rules.insert(6, &told);
    let store = store(&rules);
    let place = Place { group: group().id, fingerprint: member().fingerprint };
    store.note("inc_1", std::slice::from_ref(&place), now()).await.unwrap();
    store.join(&group().id, &member(), "inc_1", "{}", now()).await.unwrap();
    store.arrive(&group(), now(), &|_| now()).await.unwrap();
    store.claim(&group().id, LEASE, now()).await.unwrap();
    let change = Change { incident: "inc_1".to_owned(), to: Status::Resolved, until: None };
    store.alter(&place, &change).await.unwrap();
    store.settle(&claim(), &settlement(), now()).await.unwrap();
    store.activate(&member(), "inc_1", now()).await.unwrap();
    let words: BTreeSet<String> = seen
        .lock()
        .unwrap()
        .iter()
        .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || "#:_".contains(c))).map(str::to_lowercase))
        .collect();
    for kept in KEPT {
        assert!(!words.contains(kept), "{kept} stands bare in {:?}", seen.lock().unwrap());
    }
}

#[tokio::test]
async fn where_a_thread_begins_is_remembered() {
    let thread = Thread { channel: "C1".to_owned(), message: "1503435956.000247".to_owned() };
    let json = serde_json::to_string(&thread).unwrap();
    let stored = json.clone();
    let kept = mock!(Client::update_item)
        .match_requests(move |request| {
            let values = request.expression_attribute_values().unwrap();
            request.key().unwrap()["item"] == text("#thread") && values[":thread"] == text(&json)
        })
        .then_output(|| UpdateItemOutput::builder().build());
    let read =
        mock!(Client::get_item).then_output(move || GetItemOutput::builder().item("thread", text(&stored)).build());
    let nothing = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let store = store(&[&kept, &read, &nothing]);
    store.keep_thread(&group().id, &thread, now()).await.unwrap();
    assert_eq!(store.thread(&group().id).await.unwrap(), Some(thread));
    assert_eq!(store.thread(&group().id).await.unwrap(), None);
}
