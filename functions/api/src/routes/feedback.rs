//! What people say of an event: it raises or lowers the bar of the series that raised it.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use lambda_http::request::RequestContext;
use nightjar_aws::stores::StoreError;
use nightjar_domain::feedback::{self, FeedbackStep, FeedbackVerdict, IncidentFeedback};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::metric::SeriesId;
use nightjar_model::Feedback;
use serde::{Deserialize, Serialize};

use crate::caller;
use crate::context::Context;
use crate::problem::{BadParameter, Problem};

/// The detector writes a series every five minutes: two of its writes in the way are one too many already.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(40);
const LONGEST_WHY: usize = 500;

/// What is said of an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedbackRequest {
    verdict: FeedbackVerdict,
    /// Why, for whoever reads the audit trail.
    #[schema(min_length = 1, max_length = 500)]
    why: String,
}

/// What it led to.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct FeedbackGiven {
    event: IncidentId,
    /// The series whose bar it moved.
    #[schema(value_type = String)]
    series: SeriesId,
    /// False where the same was said before.
    changed: bool,
    feedback: IncidentFeedback,
    /// How much the series' bar is raised now by all that was said of its events, 0 to 2; each unit asks for a deviation ten
    /// times rarer. It halves in 14 days.
    bar_raised_by: f64,
}

/// Say that an event was a false positive, or take that back.
///
/// The same verdict twice changes nothing. The bar of the event's series rises by at most 0.5 for each false positive and by at
/// most 2 in all, and halves in 14 days; a withdrawal takes back what is left.
#[utoipa::path(
    post, path = "/alerts/{id}/feedback", tag = "events", request_body = FeedbackRequest,
    params(("id" = IncidentId, Path, description = "The event's id", example = "inc_0123456789abcdef0123")),
    responses(
        (status = 200, body = FeedbackGiven, headers(("ETag" = String, description = "The event's version"))),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A body that cannot be used"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "There is no such event"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Nothing to withdraw, or the event's series is no longer known"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The events cannot be read or written at the moment"),
    )
)]
pub async fn give(
    State(context): State<Context>,
    caller: Option<Extension<RequestContext>>,
    id: Result<Path<String>, PathRejection>,
    body: Bytes,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Problem::unknown_event("(not UTF-8)"))?;
    let parsed = IncidentId::parse(&id).ok_or_else(|| Problem::unknown_event(&id))?;
    let request = parse(&body).map_err(Problem::invalid_parameters)?;
    let by = caller::actor(caller.as_ref().map(|Extension(caller)| caller));
    for attempt in 1..=ATTEMPTS {
        let stored = context.incidents.get(&parsed).await?.ok_or_else(|| Problem::unknown_event(&id))?;
        if let Some((incident, answer)) = attempt_once(&context, stored.incident, &request, &by).await? {
            if let Some(fact) = feedback::fact(&incident) {
                context.audit.record(&[fact]).await?;
            }
            return Ok(([(ETAG, format!("\"{}\"", incident.version))], Json(answer)).into_response());
        }
        tokio::time::sleep(PAUSE * attempt).await;
    }
    Err(StoreError::Contended { table: "incidents and series".to_owned(), attempts: ATTEMPTS }.into())
}

/// Decides and writes; `None` when somebody wrote meanwhile.
async fn attempt_once(
    context: &Context,
    mut incident: Incident,
    request: &FeedbackRequest,
    by: &str,
) -> Result<Option<(Incident, FeedbackGiven)>, Problem> {
    let now = (context.now)();
    let step = feedback::step(incident.feedback.as_ref(), request.verdict)
        .map_err(|error| Problem::feedback_refused(error.to_string()))?;
    if incident.security.is_some() {
        let detail = "a security incident has no bar to move: name what is expected in config/security_noise.json";
        return Err(Problem::feedback_refused(detail.to_owned()));
    }
    let id = incident.anomaly.metric.series();
    let Some(item) = context.series.get(&id).await? else {
        let detail = format!("the series {id} is no longer known: there is no bar to move");
        return Err(Problem::feedback_refused(detail));
    };
    let mut bar: Feedback = match &item.feedback {
        None => Feedback::default(),
        Some(text) => serde_json::from_str(text).map_err(|error| unreadable(&id, &error))?,
    };
    let raised_by = match step {
        FeedbackStep::Nothing => {
            let Some(feedback) = incident.feedback.clone() else { return Ok(None) };
            let bar_raised_by = f64::from(bar.raise_at(now.as_second()));
            let event = incident.id.clone();
            let answer = FeedbackGiven { event, series: id, changed: false, feedback, bar_raised_by };
            return Ok(Some((incident, answer)));
        }
        FeedbackStep::Raise => f64::from(bar.false_positive(now.as_second())),
        FeedbackStep::Lower { raised_by, given_at } => {
            bar.withdraw(raised_by as f32, given_at.as_second(), now.as_second());
            raised_by
        }
    };
    let number = incident.feedback.as_ref().map_or(1, |last| last.number + 1);
    let feedback = IncidentFeedback {
        verdict: request.verdict,
        by: by.to_owned(),
        at: now,
        why: request.why.clone(),
        raised_by,
        number,
    };
    let text = serde_json::to_string(&bar).map_err(|error| unreadable(&id, &error))?;
    if !context.feedback.give(&incident, &feedback, &id, item.version, &text).await? {
        return Ok(None);
    }
    incident.version += 1;
    incident.feedback = Some(feedback.clone());
    let bar_raised_by = f64::from(bar.raise_at(now.as_second()));
    let answer = FeedbackGiven { event: incident.id.clone(), series: id, changed: true, feedback, bar_raised_by };
    Ok(Some((incident, answer)))
}

fn unreadable(series: &SeriesId, error: &serde_json::Error) -> StoreError {
    StoreError::Item { table: "series".to_owned(), problem: format!("the feedback of {series}: {error}") }
}

/// Reads the body, or says what is wrong with it.
fn parse(body: &[u8]) -> Result<FeedbackRequest, Vec<BadParameter>> {
    let bad = |parameter: &str, problem: String, allowed: &str| {
        vec![BadParameter { parameter: parameter.to_owned(), problem, allowed: allowed.to_owned() }]
    };
    let mut request: FeedbackRequest = serde_json::from_slice(body).map_err(|error| {
        let allowed = r#"JSON such as {"verdict": "false_positive", "why": "a deployment"}; verdict is false_positive or withdrawn"#;
        bad("body", format!("cannot be read: {error}"), allowed)
    })?;
    request.why = request.why.trim().to_owned();
    let length = request.why.chars().count();
    if length == 0 || length > LONGEST_WHY || request.why.chars().any(char::is_control) {
        return Err(bad("why", format!("has {length} characters"), "1 to 500 characters on one line"));
    }
    Ok(request)
}
