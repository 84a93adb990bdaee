//! What somebody does to an incident: read, done once, written down and told.

use axum::Json;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::{Envelope, Message};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::incident_change::{IncidentChange, Refused};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::caller;
use crate::context::Context;
use crate::problem::{BadParameter, Problem};

/// How often a change is tried against others that are made at the same moment.
const ATTEMPTS: u32 = 5;
/// Characters of a name and of a reason.
const LONGEST_NAME: usize = 200;
const LONGEST_WHY: usize = 2000;

/// Why it is done, and for whom.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// For whom the caller does it: a chat's user, for example. The caller's own name is known from the signature.
    #[serde(default)]
    #[schema(example = "alice", max_length = 200)]
    by: Option<String>,
    /// Why, for those who read the audit trail later.
    #[schema(example = "restarting the worker", max_length = 2000)]
    why: String,
    /// Of a suppression: until when.
    #[serde(default)]
    until: Option<Timestamp>,
}

/// Who takes care of it from now on, and why.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// A name that people know.
    #[schema(example = "kim@example.com", max_length = 200)]
    to: String,
    /// Why, for those who read the timeline later.
    #[schema(example = "knows the heap", max_length = 2000)]
    why: String,
    /// For whom the caller does it.
    #[serde(default)]
    #[schema(example = "alice", max_length = 200)]
    by: Option<String>,
}

/// A request to do something to an incident.
#[derive(Debug)]
pub struct Asked<B> {
    context: Context,
    /// The id as it was asked for, and as one.
    named: String,
    id: IncidentId,
    /// The caller's name, as it was proven.
    proven: String,
    /// The version that was decided on; `None` for the newest.
    expected: Option<u64>,
    body: B,
}

impl<B: DeserializeOwned, S: Send + Sync> FromRequest<S> for Asked<B>
where
    Context: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let path = Path::<String>::from_request_parts(&mut parts, state).await;
        let Path(named) = path.map_err(|_| Problem::unknown_event("(not UTF-8)"))?;
        let id = IncidentId::parse(&named).ok_or_else(|| Problem::unknown_event(&named))?;
        let proven = caller::actor(parts.extensions.get::<RequestContext>());
        let expected = expected_version(&parts.headers)?;
        let Json(body) = Json::from_request(Request::from_parts(parts, body), state).await.map_err(|rejection| {
            bad("body", &rejection.body_text(), "the JSON object that /openapi.json describes, and nothing else in it")
        })?;
        Ok(Self { context: Context::from_ref(state), named, id, proven, expected, body })
    }
}

impl Asked<Deed> {
    /// Changes the status, once.
    pub(super) async fn change(self, to: Status) -> Result<Response, Problem> {
        let Deed { by, why, until } = &self.body;
        let mut problems = unusable(&[("by", by.as_deref(), LONGEST_NAME), ("why", Some(why), LONGEST_WHY)]);
        if (to == Status::Suppressed) != until.is_some() {
            problems.push(BadParameter {
                parameter: "until".to_owned(),
                problem: "belongs to a suppression, which needs it".to_owned(),
                allowed: "a future instant to suppress, nothing else".to_owned(),
            });
        }
        let by = self.who(by.as_deref(), problems)?;
        let now = (self.context.now)();
        let decide = |before: &Incident| match before.changed(to, &by, why, *until, now) {
            Ok(incident) => Ok(Some(incident)),
            Err(Refused::Already(_)) => Ok(None),
            Err(refused) => Err(refused),
        };
        let incident = self.once(decide).await?;
        record(&self.context, &incident).await?;
        let etag = etag(&incident);
        let envelope = Envelope::first(IncidentChange { incident }, now);
        let told = self.context.changes.publish(&envelope, None).await;
        told.map_err(|error| Problem::untold(error.to_string()))?;
        Ok(([(ETAG, etag)], Json(envelope.body.incident)).into_response())
    }
}

impl Asked<Assignment> {
    /// Gives the incident to somebody, once. Who is told what does not change with it.
    pub(super) async fn assign(self) -> Result<Response, Problem> {
        let Assignment { to, why, by } = &self.body;
        let texts = [
            ("to", Some(to.as_str()), LONGEST_NAME),
            ("why", Some(why), LONGEST_WHY),
            ("by", by.as_deref(), LONGEST_NAME),
        ];
        let by = self.who(by.as_deref(), unusable(&texts))?;
        let now = (self.context.now)();
        let incident = self.once(|before| before.assigned(to.trim(), &by, why, now)).await?;
        record(&self.context, &incident).await?;
        Ok(([(ETAG, etag(&incident))], Json(incident)).into_response())
    }
}

impl<B> Asked<B> {
    /// The caller as the signature proves it, and for whom it says that it acts; or everything that is wrong.
    fn who(&self, claimed: Option<&str>, problems: Vec<BadParameter>) -> Result<String, Problem> {
        if !problems.is_empty() {
            return Err(Problem::invalid_parameters(problems));
        }
        let proven = &self.proven;
        Ok(claimed.map_or_else(|| proven.clone(), |name| format!("{} (through {proven})", name.trim())))
    }

    /// Does what `decide` makes of the incident as it is stored, against others who change it at the same moment. Where nothing
    /// is to be changed, because the request is sent again after its answer was lost, what is stored is returned.
    async fn once(&self, decide: impl Fn(&Incident) -> Result<Option<Incident>, Refused>) -> Result<Incident, Problem> {
        for _ in 0..ATTEMPTS {
            let stored = self.context.incidents.get(&self.id).await?;
            let before = stored.ok_or_else(|| Problem::unknown_event(&self.named))?.incident;
            let incident = match decide(&before) {
                Ok(None) | Err(Refused::Already(_)) => return Ok(before),
                Err(refused @ Refused::Over) => return Err(Problem::conflict(refused.to_string())),
                Err(refused @ Refused::NoEnd { .. }) => {
                    return Err(bad("until", &refused.to_string(), "a future instant"));
                }
                Ok(Some(_)) if self.expected.is_some_and(|version| version != before.version) => {
                    return Err(Problem::changed_meanwhile(before.version));
                }
                Ok(Some(incident)) => incident,
            };
            if self.context.incidents.change(&incident).await? {
                return Ok(incident);
            }
        }
        Err(Problem::conflict("others change it at this moment; try again".to_owned()))
    }
}

/// Records the last change. Doing so twice changes nothing.
async fn record(context: &Context, incident: &Incident) -> Result<(), Problem> {
    let Some(last) = incident.timeline.last() else { return Ok(()) };
    let mut details = json!({ "to": last.to, "why": last.why, "until": last.until, "version": incident.version });
    let kind = match &last.assignee {
        Some(assignee) => {
            details["assignee"] = json!(assignee);
            FactKind::IncidentAssigned
        }
        None => FactKind::IncidentChanged,
    };
    let because_of = IncidentChange { incident: incident.clone() }.message_id();
    let fact = Fact::new(kind, &last.by, incident.id.as_str(), Some(&because_of), last.at, details);
    Ok(context.audit.record(&[fact]).await?)
}

fn etag(incident: &Incident) -> String {
    format!("\"{}\"", incident.version)
}

pub(super) fn bad(parameter: &str, problem: &str, allowed: &str) -> Problem {
    Problem::invalid_parameters(vec![BadParameter {
        parameter: parameter.to_owned(),
        problem: problem.to_owned(),
        allowed: allowed.to_owned(),
    }])
}

/// Texts with their names and most characters: those that are empty or too long.
pub(super) fn unusable(texts: &[(&str, Option<&str>, usize)]) -> Vec<BadParameter> {
    let given = texts.iter().filter_map(|(name, text, longest)| Some((name, (*text)?, longest)));
    let wrong = given.filter(|(_, text, longest)| text.trim().is_empty() || text.chars().count() > **longest);
    wrong
        .map(|(name, _, longest)| BadParameter {
            parameter: (*name).to_owned(),
            problem: "is empty or too long".to_owned(),
            allowed: format!("1 to {longest} characters"),
        })
        .collect()
}

/// The version that `If-Match` names; `None` without the header, or for `*`.
pub(super) fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(IF_MATCH).map(HeaderValue::to_str) else { return Ok(None) };
    let text = value.unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version
        .map(Some)
        .ok_or_else(|| bad("If-Match", "is no ETag of an event", "the ETag of the answer that was decided on"))
}
