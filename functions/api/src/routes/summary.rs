//! How things stand, in a few numbers.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::event_summary::{EventSummary, worst_first};
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::incident_times::{Mean, mean_time_to};
use serde::Serialize;

use super::unreadable_query;
use crate::context::Context;
use crate::parameters::Reader;
use crate::problem::Problem;
use crate::resource_query::quarter_before;

const DEFAULT_WORST: usize = 10;
const MOST_WORST: usize = 50;
const DEFAULT_DAYS: i64 = 7;
const MOST_DAYS: i64 = 90;
/// Incidents that are looked at for the worst and for the means; more of one status are counted, not looked at.
const LOOKED_AT: usize = 1000;

/// The parameter of `GET /summary`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes the parameters")]
pub struct SummaryQuery {
    /// How many of the worst events are told.
    #[param(minimum = 1, maximum = 50, default = 10)]
    n: Option<usize>,
}

/// How things stand.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Summary {
    at: Timestamp,
    open: u64,
    acknowledged: u64,
    suppressed: u64,
    /// What is not resolved, worst first: severity, score, then the newest.
    worst: Vec<EventSummary>,
}

/// The parameter of `GET /metrics/summary`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes the parameters")]
pub struct MetricsQuery {
    /// How many days back events were opened.
    #[param(minimum = 1, maximum = 90, default = 7)]
    days: Option<i64>,
}

/// How events were handled.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MetricsSummary {
    since: Timestamp,
    until: Timestamp,
    open: u64,
    acknowledged: u64,
    suppressed: u64,
    resolved: u64,
    /// Mean time to acknowledge, seconds from the opening; null without an example.
    #[schema(required = true)]
    mtta_seconds: Option<f64>,
    /// How many events it rests on.
    acknowledged_after: u64,
    /// Mean time to resolve, seconds from the opening; null without an example.
    #[schema(required = true)]
    mttr_seconds: Option<f64>,
    /// How many events it rests on.
    resolved_after: u64,
    /// Incidents whose symptom was gone after a remediation, since Nightjar was deployed.
    healed: u64,
    /// Remediations that were carried out and looked at, since then.
    remediations: u64,
    /// Whether all events of the span were looked at; else the newest of each status.
    complete: bool,
}

/// Tell how things stand: counts, and the worst of what is not resolved.
#[utoipa::path(
    get, path = "/summary", tag = "events", params(SummaryQuery),
    responses(
        (status = 200, body = Summary),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that cannot be used"),
    )
)]
pub async fn summary(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let n = number(&pairs, "n", 1, MOST_WORST)?.unwrap_or(DEFAULT_WORST);
    let now = (context.now)();
    let since = quarter_before(now);
    let mut counts = [0; 3];
    let mut worst = Vec::new();
    for (count, status) in counts.iter_mut().zip([Status::Open, Status::Acknowledged, Status::Suppressed]) {
        let (incidents, more) = context.incidents.newest_of(status, since, LOOKED_AT).await?;
        *count = counted(&context, status, since, incidents.len(), more).await?;
        worst.extend(incidents.into_iter().map(EventSummary::from));
    }
    worst_first(&mut worst);
    worst.truncate(n);
    let [open, acknowledged, suppressed] = counts;
    let answer = Summary { at: now, open, acknowledged, suppressed, worst };
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(answer)).into_response())
}

/// Tell how events were handled: counts, mean time to acknowledge and to resolve.
#[utoipa::path(
    get, path = "/metrics/summary", tag = "events", params(MetricsQuery),
    responses(
        (status = 200, body = MetricsSummary),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that cannot be used"),
    )
)]
pub async fn metrics(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let days = number(&pairs, "days", 1, MOST_DAYS)?.unwrap_or(DEFAULT_DAYS);
    let until = (context.now)();
    let since = until.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(until);
    let (mut counts, mut incidents, mut complete) = ([0; 4], Vec::<Incident>::new(), true);
    for (count, status) in counts.iter_mut().zip(Status::ALL) {
        let (of_status, more) = context.incidents.newest_of(status, since, LOOKED_AT).await?;
        *count = counted(&context, status, since, of_status.len(), more).await?;
        complete &= !more;
        incidents.extend(of_status);
    }
    // In the order of Status::ALL.
    let [open, acknowledged, suppressed, resolved] = counts;
    let to_acknowledge: Mean = mean_time_to(&incidents, Status::Acknowledged);
    let to_resolve: Mean = mean_time_to(&incidents, Status::Resolved);
    let healing = context.repairs.store.ledger().await?.healing;
    let healed = healing.values().map(|ends| ends.healed).sum();
    let remediations = healing.values().map(|ends| ends.healed + ends.not_healed).sum();
    let answer = MetricsSummary {
        since,
        until,
        open,
        acknowledged,
        suppressed,
        resolved,
        mtta_seconds: to_acknowledge.seconds,
        acknowledged_after: to_acknowledge.of,
        mttr_seconds: to_resolve.seconds,
        resolved_after: to_resolve.of,
        healed,
        remediations,
        complete,
    };
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(answer)).into_response())
}

/// What was looked at is counted already; only where there is more the table is asked.
async fn counted(context: &Context, status: Status, since: Timestamp, seen: usize, more: bool) -> Result<u64, Problem> {
    if more { Ok(context.incidents.count_of(status, since).await?) } else { Ok(seen as u64) }
}

#[allow(clippy::needless_pass_by_value, reason = "bounds are numbers")]
fn number<T>(pairs: &[(String, String)], name: &str, least: T, most: T) -> Result<Option<T>, Problem>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display + Copy,
{
    let names = [name];
    let mut reader = Reader::new(pairs, &names);
    let allowed = format!("a whole number from {least} to {most}");
    let number =
        reader.read(name, &allowed, |text| text.parse().ok().filter(|number| *number >= least && *number <= most));
    if reader.problems.is_empty() { Ok(number) } else { Err(Problem::invalid_parameters(reader.problems)) }
}
