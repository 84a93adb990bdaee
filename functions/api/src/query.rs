//! The parameters of a list: all of them are read before the first complaint.

use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::{Cursor, IncidentFilter};
use nightjar_domain::incident::Status;
use nightjar_domain::severity::Severity;

use crate::cursor::Continuation;
use crate::parameters::{INSTANT, Reader, next_whole_second, whole_seconds};
use crate::problem::BadParameter;

/// What is listed without `since`: as far back as incidents are kept by default.
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Every month of the span is a query of its own.
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(24 * 366);
const DEFAULT_LIMIT: usize = 20;
const LARGEST_LIMIT: usize = 100;
/// EC2's ids have 19 characters, DynamoDB's keys at most 1024 bytes.
const LONGEST_RESOURCE: usize = 256;

/// The parameters of `GET /events`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// Only events in this state.
    status: Option<Status>,
    /// Only events of this severity.
    severity: Option<Severity>,
    /// Only events of the resource with this id.
    #[param(example = "i-0a1b2c3d4e5f60718")]
    resource: Option<String>,
    /// Only events opened at this instant or later; 90 days before `until` if left out.
    since: Option<Timestamp>,
    /// Only events opened at this instant or earlier; now if left out. At most 366 days after `since`.
    until: Option<Timestamp>,
    /// How many events a page holds at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before. It carries that list's filters: they may be repeated, not changed.
    #[param(value_type = Option<String>)]
    cursor: Option<Continuation>,
}

/// A list as it is asked of the store.
#[derive(Debug, Clone, PartialEq)]
pub struct EventsRequest {
    pub filter: IncidentFilter,
    pub limit: usize,
    pub after: Option<Cursor>,
}

const NAMES: [&str; 7] = ["status", "severity", "resource", "since", "until", "limit", "cursor"];

/// Reads the parameters of a list, or says everything that is wrong with them.
pub fn parse(pairs: &[(String, String)], now: Timestamp) -> Result<EventsRequest, Vec<BadParameter>> {
    let mut reader = Reader::new(pairs, &NAMES);
    let statuses = Status::ALL.map(Status::as_str).join(", ");
    let severities = Severity::ALL.map(Severity::as_str).join(", ");
    let query = EventsQuery {
        status: reader.read("status", &statuses, |text| text.parse().ok()),
        severity: reader.read("severity", &severities, |text| text.parse().ok()),
        resource: reader.read("resource", "a resource's id such as i-0a1b2c3d4e5f60718", resource),
        since: reader.read("since", INSTANT, |text| text.parse().ok()),
        until: reader.read("until", INSTANT, |text| text.parse().ok()),
        limit: reader.read("limit", &format!("a whole number from 1 to {LARGEST_LIMIT}"), limit),
        cursor: reader.read("cursor", "the next_cursor of an earlier answer", Continuation::decode),
    };
    let mut problems = reader.problems;
    let request = match query.cursor.clone() {
        Some(cursor) => continued(cursor, &query, &mut problems),
        None => fresh(&query, now, &mut problems),
    };
    if problems.is_empty() { Ok(request) } else { Err(problems) }
}

fn resource(text: &str) -> Option<String> {
    (text.len() <= LONGEST_RESOURCE && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

fn limit(text: &str) -> Option<usize> {
    text.parse().ok().filter(|limit| (1..=LARGEST_LIMIT).contains(limit))
}

/// The first page of a list.
fn fresh(query: &EventsQuery, now: Timestamp, problems: &mut Vec<BadParameter>) -> EventsRequest {
    let until = whole_seconds(query.until.unwrap_or(now));
    let since =
        query.since.map_or_else(|| until.checked_sub(DEFAULT_SPAN).unwrap_or(Timestamp::MIN), next_whole_second);
    let problem = if since >= until {
        Some(format!("is not before until, which is {until}"))
    } else if since.duration_until(until) > LONGEST_SPAN {
        Some(format!("is more than 366 days before until, which is {until}"))
    } else {
        None
    };
    if let Some(problem) = problem {
        problems.push(BadParameter {
            parameter: "since".to_owned(),
            problem,
            allowed: "an instant before until (now, if left out), by at most 366 days".to_owned(),
        });
    }
    let filter = IncidentFilter {
        status: query.status,
        severity: query.severity,
        resource_id: query.resource.clone(),
        kind: None,
        since,
        until,
    };
    EventsRequest { filter, limit: query.limit.unwrap_or(DEFAULT_LIMIT), after: None }
}

/// A later page: the cursor's filter holds, and what is repeated beside it must agree.
fn continued(cursor: Continuation, query: &EventsQuery, problems: &mut Vec<BadParameter>) -> EventsRequest {
    let filter = &cursor.filter;
    let changed = [
        ("status", query.status.is_some() && query.status != filter.status),
        ("severity", query.severity.is_some() && query.severity != filter.severity),
        ("resource", query.resource.is_some() && query.resource != filter.resource_id),
        ("since", query.since.is_some_and(|since| next_whole_second(since) != filter.since)),
        ("until", query.until.is_some_and(|until| whole_seconds(until) != filter.until)),
    ];
    for (parameter, _) in changed.into_iter().filter(|(_, changed)| *changed) {
        problems.push(BadParameter {
            parameter: parameter.to_owned(),
            problem: "differs from the list that the cursor continues".to_owned(),
            allowed: "the same value as on the first page, or none".to_owned(),
        });
    }
    EventsRequest { filter: cursor.filter, limit: query.limit.unwrap_or(DEFAULT_LIMIT), after: Some(cursor.after) }
}
