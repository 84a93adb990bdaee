//! The parameters of `GET /audit-log` and of its verification.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::{AuditFilter, Position};
use serde::{Deserialize, Serialize};

use crate::parameters::{INSTANT, Reader};
use crate::problem::BadParameter;

const DEFAULT_LIMIT: usize = 50;
const LARGEST_LIMIT: usize = 200;
/// Longer than an ARN, shorter than what DynamoDB takes as an attribute of a key.
const LONGEST_TEXT: usize = 512;
const DEFAULT_HOURS: i64 = 24;
const MOST_HOURS: i64 = 24 * 31;

/// The parameters of `GET /audit-log`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only facts of this kind.
    #[param(example = "remediation.started")]
    kind: Option<String>,
    /// Only facts told by this function or person.
    actor: Option<String>,
    /// Only facts about this ARN, incident or channel.
    subject: Option<String>,
    /// Only facts that this message or incident led to.
    because_of: Option<String>,
    /// Only facts of this instant or later.
    since: Option<Timestamp>,
    /// Only facts of this instant or earlier.
    until: Option<Timestamp>,
    /// How many entries a page holds at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before. It carries that list's filters, which stand alone then.
    #[param(value_type = Option<String>)]
    cursor: Option<AuditCursor>,
}

/// A list as it is asked of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRequest {
    pub filter: AuditFilter,
    pub limit: usize,
    pub from: Option<Position>,
}

/// The next page of a list, with the filter of the list it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditCursor {
    pub filter: AuditFilter,
    pub from: Position,
}

impl AuditCursor {
    /// The text that clients hand back; its content is not theirs to read.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?))
    }

    fn decode(text: &str) -> Option<Self> {
        let cursor: Self = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        cursor.from.is_possible().then_some(cursor)
    }
}

const NAMES: [&str; 8] = ["kind", "actor", "subject", "because_of", "since", "until", "limit", "cursor"];

/// Reads the parameters of a list, or says everything that is wrong with them.
pub fn parse(pairs: &[(String, String)]) -> Result<AuditRequest, Vec<BadParameter>> {
    let mut reader = Reader::new(pairs, &NAMES);
    let limits = format!("a whole number from 1 to {LARGEST_LIMIT}");
    let query = AuditQuery {
        kind: reader.read("kind", "a kind of fact such as remediation.started", text),
        actor: reader.read("actor", "a function or a person", text),
        subject: reader.read("subject", "an ARN, an incident or a channel", text),
        because_of: reader.read("because_of", "a message or an incident", text),
        since: reader.read("since", INSTANT, |text| text.parse().ok()),
        until: reader.read("until", INSTANT, |text| text.parse().ok()),
        limit: reader
            .read("limit", &limits, |text| text.parse().ok().filter(|limit| (1..=LARGEST_LIMIT).contains(limit))),
        cursor: reader.read("cursor", "the next_cursor of an earlier answer", AuditCursor::decode),
    };
    let mut problems = reader.problems;
    let AuditQuery { kind, actor, subject, because_of, since, until, limit, cursor } = query;
    let given = AuditFilter { kind, actor, subject, because_of, since, until };
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let request = match cursor {
        None => AuditRequest { filter: given, limit, from: None },
        Some(AuditCursor { filter, from }) => {
            if given != AuditFilter::default() && given != filter {
                problems.push(BadParameter {
                    parameter: "cursor".to_owned(),
                    problem: "continues a list with other filters".to_owned(),
                    allowed: "the filters of the first page, or none".to_owned(),
                });
            }
            AuditRequest { filter, limit, from: Some(from) }
        }
    };
    if problems.is_empty() { Ok(request) } else { Err(problems) }
}

fn text(text: &str) -> Option<String> {
    (text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// The parameter of `GET /audit-log/verify`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// How many hours back the verification starts, at an anchor. `nightjar audit verify` looks at everything.
    #[param(minimum = 1, maximum = 744, default = 24)]
    hours: Option<i64>,
}

/// Reads how far back is looked.
pub fn parse_verify(pairs: &[(String, String)]) -> Result<SignedDuration, Vec<BadParameter>> {
    let mut reader = Reader::new(pairs, &["hours"]);
    let allowed = format!("a whole number from 1 to {MOST_HOURS}");
    let hours = |text: &str| text.parse().ok().filter(|hours| (1..=MOST_HOURS).contains(hours));
    let query = VerifyQuery { hours: reader.read("hours", &allowed, hours) };
    if reader.problems.is_empty() {
        Ok(SignedDuration::from_hours(query.hours.unwrap_or(DEFAULT_HOURS)))
    } else {
        Err(reader.problems)
    }
}
