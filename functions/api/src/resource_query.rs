//! The parameters of `/resources` and of a resource's series.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::resource::Resource;

use crate::parameters::{INSTANT, Reader, whole_seconds};
use crate::problem::BadParameter;

const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 200;
const LONGEST_TEXT: usize = 256;
/// As long as DynamoDB's keys may be told here.
const LONGEST_ID: usize = 512;
const DEFAULT_SPAN: SignedDuration = SignedDuration::from_hours(24);
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(24 * 14);

/// The parameters of `GET /resources`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes the parameters")]
pub struct ResourcesQuery {
    /// Only resources of this type.
    #[param(example = "ec2:instance", max_length = 256)]
    r#type: Option<String>,
    /// Only resources whose id, name or ARN has this in it, in any case.
    #[param(example = "web", max_length = 256)]
    q: Option<String>,
    /// How many resources are looked at for a page.
    #[param(minimum = 1, maximum = 200, default = 100)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A list as it is asked of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcesRequest {
    kind: Option<String>,
    q: Option<String>,
    pub limit: usize,
    pub cursor: Option<ResourceCursor>,
}

impl ResourcesRequest {
    /// Whether a resource is one that is asked for.
    pub fn admits(&self, resource: &Resource) -> bool {
        let reference = &resource.reference;
        let has = |text: &str, q: &str| text.to_lowercase().contains(q);
        self.kind.as_ref().is_none_or(|kind| reference.kind == *kind)
            && self.q.as_ref().is_none_or(|q| {
                has(&reference.id, q)
                    || has(&reference.arn, q)
                    || reference.name.as_ref().is_some_and(|name| has(name, q))
            })
    }
}

/// The place of the last resource that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceCursor {
    pub after: String,
}

impl ResourceCursor {
    /// The text that clients hand back; its content is not theirs to read.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.after)
    }

    fn decode(text: &str) -> Option<Self> {
        let after = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (after.starts_with("arn:") && can_be_an_id(&after)).then_some(Self { after })
    }
}

/// Reads the parameters of a list, or says everything that is wrong with them.
pub fn parse(pairs: &[(String, String)]) -> Result<ResourcesRequest, Vec<BadParameter>> {
    let mut reader = Reader::new(pairs, &["type", "q", "limit", "cursor"]);
    let limits = format!("a whole number from 1 to {LARGEST_LIMIT}");
    let request = ResourcesRequest {
        kind: reader.read("type", "a type such as ec2:instance", text),
        q: reader
            .read("q", "a part of an id, a name or an ARN, at most 256 bytes", |q| text(q).map(|q| q.to_lowercase())),
        limit: reader
            .read("limit", &limits, |text| text.parse().ok().filter(|limit| (1..=LARGEST_LIMIT).contains(limit)))
            .unwrap_or(DEFAULT_LIMIT),
        cursor: reader.read("cursor", "the next_cursor of an earlier answer", ResourceCursor::decode),
    };
    if reader.problems.is_empty() { Ok(request) } else { Err(reader.problems) }
}

/// The parameters of `GET /resources/{id}/metrics`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes the parameters")]
pub struct SeriesQuery {
    /// The first instant; 24 hours before `to` if left out, at most 14 days before it.
    from: Option<Timestamp>,
    /// The last instant; now if left out.
    to: Option<Timestamp>,
    /// Only the metric of this name.
    #[param(example = "CPUUtilization", max_length = 256)]
    metric: Option<String>,
}

/// A span of a resource's series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRequest {
    pub from: Timestamp,
    pub to: Timestamp,
    pub metric: Option<String>,
}

/// Reads the parameters of a span, or says everything that is wrong with them.
pub fn parse_series(pairs: &[(String, String)], now: Timestamp) -> Result<SeriesRequest, Vec<BadParameter>> {
    let mut reader = Reader::new(pairs, &["from", "to", "metric"]);
    let from: Option<Timestamp> = reader.read("from", INSTANT, |text| text.parse().ok());
    let to: Option<Timestamp> = reader.read("to", INSTANT, |text| text.parse().ok());
    let metric = reader.read("metric", "a metric's name such as CPUUtilization", text);
    let to = whole_seconds(to.unwrap_or(now)).min(now);
    let from = from.map_or_else(|| to.checked_sub(DEFAULT_SPAN).unwrap_or(Timestamp::MIN), whole_seconds);
    let mut problems = reader.problems;
    if from >= to || from.duration_until(to) > LONGEST_SPAN {
        problems.push(BadParameter {
            parameter: "from".to_owned(),
            problem: format!("does not lie within 14 days before to, which is {to}"),
            allowed: "an instant before to (now, if left out or later), by at most 14 days".to_owned(),
        });
    }
    if problems.is_empty() { Ok(SeriesRequest { from, to, metric }) } else { Err(problems) }
}

/// Whether a text can be the id or the ARN of a resource.
pub fn can_be_an_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_ID && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// As far back as incidents are kept by default.
pub fn quarter_before(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * 90)).unwrap_or(now)
}

fn text(text: &str) -> Option<String> {
    (text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control)).then(|| text.to_owned())
}
