//! The inventory: what is watched, how it is, and how it was.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nightjar_aws::stores::IncidentFilter;
use nightjar_domain::event_summary::EventSummary;
use nightjar_domain::incident::Status;
use nightjar_domain::resource::{Missing, Resource, WatchedMetric};
use nightjar_domain::severity::Severity;
use serde::Serialize;

use super::unreadable_query;
use crate::analysis::{Point, PointVerdict};
use crate::context::Context;
use crate::history::{self, Judged};
use crate::problem::Problem;
use crate::resource_query::{self, ResourceCursor, ResourcesQuery, SeriesQuery};

const FRESH: (axum::http::HeaderName, &str) = (CACHE_CONTROL, "private, no-cache");
/// Events that a list counts per status: a fleet with more open events has other worries than an exact number.
const MOST_OPEN: usize = 500;
/// Events of a resource that its page shows.
const EVENTS: usize = 20;
/// Series of one answer: a replay of two weeks each.
const MOST_SERIES: usize = 10;

/// One page of the inventory.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResourcePage {
    resources: Vec<ResourceItem>,
    /// Where the next page starts, for the parameter `cursor`; null on the last page. A page may be empty and have a next one.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A resource and how it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResourceItem {
    #[serde(flatten)]
    resource: Resource,
    /// Events that are not resolved.
    open_events: usize,
    /// The worst of them.
    #[schema(required = true)]
    worst: Option<Severity>,
}

/// A resource with what is missing and what happened.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResourceDetail {
    #[serde(flatten)]
    item: ResourceItem,
    advice: Vec<Advice>,
    /// The newest events.
    events: Vec<EventSummary>,
}

/// A gap in the coverage, and how to close it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Advice {
    missing: Missing,
    advice: &'static str,
}

/// The series of a resource.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResourceSeries {
    resource: String,
    from: Timestamp,
    to: Timestamp,
    series: Vec<Series>,
    /// What could not be had.
    gaps: Vec<String>,
}

/// One series with what the detector says of each datapoint.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Series {
    #[serde(rename = "series")]
    id: String,
    metric: WatchedMetric,
    points: Vec<Point>,
    /// Events that this series raised in the span.
    events: Vec<EventSummary>,
}

/// The detector's word on a resource as it is now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ResourceAnalysis {
    at: Timestamp,
    resource: nightjar_domain::resource::ResourceRef,
    series: Vec<SeriesAnalysis>,
    /// What could not be had.
    gaps: Vec<String>,
}

/// The detector's word on one series.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SeriesAnalysis {
    series: String,
    metric: WatchedMetric,
    verdict: PointVerdict,
    /// The newest datapoint.
    latest: Point,
    /// Why it is abnormal; empty where it is not.
    reasons: Vec<String>,
}

/// List what is watched.
#[utoipa::path(
    get, path = "/resources", tag = "resources", params(ResourcesQuery),
    responses(
        (status = 200, body = ResourcePage),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let request = resource_query::parse(&pairs).map_err(Problem::invalid_parameters)?;
    let (resources, next) =
        context.inventory.page(request.limit, request.cursor.as_ref().map(|cursor| cursor.after.as_str())).await?;
    let open = open_events(&context).await?;
    let resources = resources.into_iter().filter(|resource| request.admits(resource));
    let resources = resources.map(|resource| item(resource, &open)).collect();
    let next_cursor = next.map(|after| ResourceCursor { after }.encode());
    Ok(([FRESH], Json(ResourcePage { resources, next_cursor })).into_response())
}

/// Show one resource, what it lacks and what happened to it.
#[utoipa::path(
    get, path = "/resources/{id}", tag = "resources",
    params(("id" = String, Path, description = "Its short id, or its ARN, percent-encoded", example = "i-0a1b2c3d4e5f60718", max_length = 512)),
    responses(
        (status = 200, body = ResourceDetail),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "It is not in the inventory"),
    )
)]
pub async fn show(
    State(context): State<Context>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let resource = find(&context, id).await?;
    let open = open_events(&context).await?;
    let events = events(&context, &resource, None, EVENTS).await?;
    let missing = resource.missing.iter();
    let advice = missing.map(|missing| Advice { missing: *missing, advice: missing.advice() }).collect();
    let detail = ResourceDetail { item: item(resource, &open), advice, events };
    Ok(([FRESH], Json(detail)).into_response())
}

/// Show a resource's datapoints beside what was expected of them.
///
/// The model that judges the series now judges the span again, after two weeks of learning; feedback and maintenance windows are
/// left aside.
#[utoipa::path(
    get, path = "/resources/{id}/metrics", tag = "resources",
    params(("id" = String, Path, description = "Its short id, or its ARN, percent-encoded", example = "i-0a1b2c3d4e5f60718", max_length = 512), SeriesQuery),
    responses(
        (status = 200, body = ResourceSeries),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "It is not in the inventory"),
    )
)]
pub async fn series(
    State(context): State<Context>,
    id: Result<Path<String>, PathRejection>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let now = (context.now)();
    let request = resource_query::parse_series(&pairs, now).map_err(Problem::invalid_parameters)?;
    let resource = find(&context, id).await?;
    let metrics = chosen(&resource, request.metric.as_deref())?;
    let (judged, gaps) = history::judged(&context, &resource, &metrics, request.from, request.to).await?;
    let events = events(&context, &resource, Some((request.from, request.to)), 100).await?;
    let series = judged.into_iter().map(|judged| shown(judged, request.from, &events)).collect();
    let answer = ResourceSeries { resource: resource.reference.id, from: request.from, to: request.to, series, gaps };
    Ok(([FRESH], Json(answer)).into_response())
}

/// What the detector says of a resource's newest datapoints, without saving or telling anything.
pub(super) async fn analysis(context: &Context, id: &str) -> Result<ResourceAnalysis, Problem> {
    let resource = stored(context, id).await?;
    let now = (context.now)();
    let metrics = chosen(&resource, None)?;
    let (judged, gaps) = history::judged(context, &resource, &metrics, now, now).await?;
    let series = judged.into_iter().filter_map(|Judged { watched, replay }| {
        let latest = replay.points.last()?.clone();
        let found = replay.anomalies.into_iter().next_back().filter(|found| found.at == latest.at);
        let reasons = found.map(|found| found.reasons).unwrap_or_default();
        let series = watched.metric.series().to_string();
        Some(SeriesAnalysis { series, metric: watched, verdict: latest.verdict, latest, reasons })
    });
    Ok(ResourceAnalysis { at: now, series: series.collect(), resource: resource.reference, gaps })
}

fn shown(judged: Judged, from: Timestamp, events: &[EventSummary]) -> Series {
    let Judged { watched, replay } = judged;
    let points = replay.points.into_iter().filter(|point| point.at >= from).collect();
    let events = events.iter().filter(|event| event.metric == watched.metric.name).cloned().collect();
    Series { id: watched.metric.series().to_string(), metric: watched, points, events }
}

fn chosen(resource: &Resource, metric: Option<&str>) -> Result<Vec<WatchedMetric>, Problem> {
    let watched = resource.metrics.iter();
    let chosen: Vec<WatchedMetric> = watched
        .filter(|watched| metric.is_none_or(|name| watched.metric.name == name))
        .take(MOST_SERIES)
        .cloned()
        .collect();
    match metric {
        Some(name) if chosen.is_empty() => Err(Problem::unknown_metric(name, &resource.reference.id)),
        _ => Ok(chosen),
    }
}

async fn find(context: &Context, id: Result<Path<String>, PathRejection>) -> Result<Resource, Problem> {
    let Path(id) = id.map_err(|_| Problem::unknown_resource("(not UTF-8)"))?;
    stored(context, &id).await
}

async fn stored(context: &Context, id: &str) -> Result<Resource, Problem> {
    let unknown = || Problem::unknown_resource(id);
    if !resource_query::can_be_an_id(id) {
        return Err(unknown());
    }
    if id.starts_with("arn:") {
        return context.inventory.get(id).await?.ok_or_else(unknown);
    }
    context.inventory.all().await?.into_iter().find(|resource| resource.reference.id == id).ok_or_else(unknown)
}

async fn events(
    context: &Context,
    resource: &Resource,
    span: Option<(Timestamp, Timestamp)>,
    limit: usize,
) -> Result<Vec<EventSummary>, Problem> {
    let now = (context.now)();
    let (since, until) = span.unwrap_or((resource_query::quarter_before(now), now));
    let filter = IncidentFilter {
        kind: None,
        status: None,
        severity: None,
        resource_id: Some(resource.reference.id.clone()),
        since,
        until,
    };
    let page = context.incidents.list(&filter, limit, None).await?;
    Ok(page.incidents.into_iter().map(EventSummary::from).collect())
}

/// What is open, by resource.
async fn open_events(context: &Context) -> Result<BTreeMap<String, (usize, Severity)>, Problem> {
    let since = resource_query::quarter_before((context.now)());
    let mut open: BTreeMap<String, (usize, Severity)> = BTreeMap::new();
    for status in [Status::Open, Status::Acknowledged, Status::Suppressed] {
        for incident in context.incidents.newest_of(status, since, MOST_OPEN).await?.0 {
            let entry = open.entry(incident.anomaly.resource.arn).or_insert((0, incident.severity));
            entry.0 += 1;
            entry.1 = entry.1.max(incident.severity);
        }
    }
    Ok(open)
}

fn item(resource: Resource, open: &BTreeMap<String, (usize, Severity)>) -> ResourceItem {
    let known = open.get(&resource.reference.arn);
    ResourceItem { open_events: known.map_or(0, |known| known.0), worst: known.map(|known| known.1), resource }
}
