//! An incident is stored once, and lists are walked through months and pages.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::{IncidentFilter, IncidentPage, IncidentStore, Publication, StoredIncident};
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{at, incident, incidents, now};

use crate::{Item, number, text};

const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);

fn store(rules: &[&Rule]) -> IncidentStore {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules.iter().copied());
    IncidentStore::new(client, "aiops-incidents".to_owned())
}

fn item(incident: &Incident) -> Item {
    serde_dynamo::to_item(incident).unwrap()
}

fn refused() -> Rule {
    mock!(Client::put_item).then_error(|| {
        PutItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    })
}

#[tokio::test]
async fn a_new_incident_is_stored_with_the_keys_of_its_indexes() {
    let put = mock!(Client::put_item)
        .match_requests(|request| {
            let item = request.item().unwrap();
            item["month"] == text("2026-11")
                && item["resource_id"] == text(&incident().anomaly.resource.id)
                && item["expires_at"] == number((incident().opened_at + RETENTION).as_second())
                && request.condition_expression() == Some("attribute_not_exists(id) OR expires_at <= :now")
        })
        .then_output(|| PutItemOutput::builder().build());
    let stored = store(&[&put]).put_if_absent(&incident(), RETENTION).await.unwrap();
    assert_eq!(stored, StoredIncident { incident: incident(), published_at: None });
}

#[tokio::test]
async fn what_is_stored_already_is_what_counts() {
    let earlier = Incident { severity: Severity::Low, version: 3, ..incident() };
    let mut stored = item(&earlier);
    stored.insert("published_at".to_owned(), text("2026-11-21T10:01:30Z"));
    let get =
        mock!(Client::get_item).then_output(move || GetItemOutput::builder().set_item(Some(stored.clone())).build());
    let found = store(&[&refused(), &get]).put_if_absent(&incident(), RETENTION).await.unwrap();
    assert_eq!(found, StoredIncident { incident: earlier, published_at: Some(at("2026-11-21T10:01:30Z")) });
}

#[tokio::test]
async fn one_that_vanishes_in_between_is_an_error_not_a_guess() {
    let get = mock!(Client::get_item).then_output(|| GetItemOutput::builder().build());
    let error = store(&[&refused(), &get]).put_if_absent(&incident(), RETENTION).await.unwrap_err();
    assert!(error.to_string().contains("vanished while it was read"), "{error}");
}

fn filter(since: &str) -> IncidentFilter {
    IncidentFilter { status: None, severity: None, resource_id: None, kind: None, since: at(since), until: now() }
}

/// Plays the index `by_month`: newest first, `page` items a query.
fn index(all: Vec<Incident>, page: usize) -> Rule {
    mock!(Client::query).then_compute_output(move |request: &QueryInput| {
        let month = request.expression_attribute_values().unwrap()[":partition"].as_s().unwrap().clone();
        let after: Option<Timestamp> =
            request.exclusive_start_key().map(|key| key["opened_at"].as_s().unwrap().parse().unwrap());
        let mut rest = all
            .iter()
            .filter(|incident| incident.month() == month && after.is_none_or(|after| incident.opened_at < after));
        let items: Vec<Item> = rest.by_ref().take(page).map(item).collect();
        let last = items
            .last()
            .filter(|_| rest.next().is_some())
            .map(|item| ["id", "opened_at"].map(|key| (key.to_owned(), item[key].clone())).into_iter().collect());
        QueryOutput::builder().set_items(Some(items)).set_last_evaluated_key(last).build()
    })
}

/// Walks a list to its end.
async fn walk(store: &IncidentStore, filter: &IncidentFilter, limit: usize) -> Vec<IncidentPage> {
    let mut pages: Vec<IncidentPage> = Vec::new();
    loop {
        let cursor = pages.last().and_then(|page| page.next.clone());
        if !pages.is_empty() && cursor.is_none() {
            return pages;
        }
        pages.push(store.list(filter, limit, cursor.as_ref()).await.unwrap());
    }
}

/// Three in November, two in October.
fn across_months() -> Vec<Incident> {
    let mut all = incidents(5);
    for incident in &mut all[3..] {
        incident.opened_at -= SignedDuration::from_hours(24 * 30);
    }
    all
}

#[tokio::test]
async fn pages_cross_months_without_gap_or_repeat() {
    for (limit, page) in [(2, 1), (2, 2), (3, 100), (4, 3), (5, 2), (100, 1)] {
        let store = store(&[&index(across_months(), page)]);
        let pages = walk(&store, &filter("2026-10-01T00:00:00Z"), limit).await;
        assert!(pages.iter().all(|page| page.incidents.len() <= limit));
        let listed: Vec<Incident> = pages.into_iter().flat_map(|page| page.incidents).collect();
        assert_eq!(listed, across_months(), "limit {limit}, {page} a query");
    }
}

#[tokio::test]
async fn an_empty_list_ends_at_once() {
    let pages = walk(&store(&[&index(Vec::new(), 10)]), &filter("2026-09-01T00:00:00Z"), 10).await;
    assert_eq!(pages, [IncidentPage { incidents: Vec::new(), next: None }]);
}

#[tokio::test]
async fn a_resource_has_its_own_index_and_filters_are_conditions() {
    let query = mock!(Client::query)
        .match_requests(|request| {
            let values = request.expression_attribute_values().unwrap();
            request.index_name() == Some("by_resource")
                && values[":partition"] == text("i-1")
                && values[":status"] == text("OPEN")
                && values[":severity"] == text("high")
                && request.filter_expression() == Some("#status = :status AND severity = :severity")
        })
        .then_output(|| QueryOutput::builder().build());
    let filter = IncidentFilter {
        status: Some(Status::Open),
        severity: Some(Severity::High),
        resource_id: Some("i-1".to_owned()),
        ..filter("2026-01-01T00:00:00Z")
    };
    assert_eq!(store(&[&query]).list(&filter, 10, None).await.unwrap().incidents, []);
    assert_eq!(query.num_calls(), 1);
}

#[tokio::test]
async fn of_deliveries_at_the_same_moment_one_publishes() {
    let lease = SignedDuration::from_secs(30);
    let won = mock!(Client::update_item)
        .match_requests(|request| {
            let values = request.expression_attribute_values().unwrap();
            values[":until"] == number(now().as_second() + 30) && values[":now"] == number(now().as_second())
        })
        .then_output(|| UpdateItemOutput::builder().build());
    let publication = store(&[&won]).claim_publication(&incident().id, lease, now()).await.unwrap();
    assert_eq!(publication, Publication::Claimed);

    for (published, expected) in [(false, Publication::InFlight), (true, Publication::Done)] {
        let lost = mock!(Client::update_item).then_error(|| {
            UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
        });
        let stored = mock!(Client::get_item).then_output(move || {
            let mut item = item(&incident());
            if published {
                item.insert("published_at".to_owned(), text(&now().to_string()));
            }
            GetItemOutput::builder().set_item(Some(item)).build()
        });
        let publication = store(&[&lost, &stored]).claim_publication(&incident().id, lease, now()).await.unwrap();
        assert_eq!(publication, expected);
    }
}
