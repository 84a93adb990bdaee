//! Runs the detector now: on a watched resource, or on datapoints that are handed over.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nightjar_domain::resource::Direction;
use nightjar_model::{Datapoint, Model};
use serde::{Deserialize, Serialize};

use super::resources::{self, ResourceAnalysis};
use super::unreadable_query;
use crate::analysis::{FoundAnomaly, Point, replay};
use crate::context::Context;
use crate::parameters::Reader;
use crate::problem::{BadParameter, Problem};
use crate::resource_query;

/// Five weeks of five-minute datapoints.
const MOST_POINTS: usize = 10_000;
const LONGEST_PERIOD: u32 = 86_400;

/// The parameter of `GET /analyze`.
#[derive(Debug, Default, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it describes the parameters")]
pub struct AnalyzeQuery {
    /// A resource's short id or ARN.
    #[param(example = "i-0a1b2c3d4e5f60718", max_length = 512)]
    resource: String,
}

/// Datapoints to be judged by the bundled model.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalyzeRequest {
    /// Seconds between two datapoints: 60 or a multiple of it, at most a day.
    #[schema(minimum = 60, maximum = 86400, multiple_of = 60)]
    period_seconds: u32,
    /// The side on which a value counts as abnormal.
    direction: Direction,
    /// At most 10,000, oldest first.
    #[schema(max_items = 10000)]
    datapoints: Vec<GivenPoint>,
}

/// One value.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenPoint {
    /// Start of its period.
    at: Timestamp,
    value: f64,
}

/// What the detector says of them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Analysis {
    points: Vec<Point>,
    anomalies: Vec<FoundAnomaly>,
}

/// Judge the newest datapoints of a resource now. Nothing is saved, nobody is told.
#[utoipa::path(
    get, path = "/analyze", tag = "resources", params(AnalyzeQuery),
    responses(
        (status = 200, body = ResourceAnalysis),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "No resource, or one that cannot be"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "It is not in the inventory"),
    )
)]
pub async fn resource(
    State(context): State<Context>,
    pairs: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = pairs.map_err(|rejection| unreadable_query(&rejection))?;
    let allowed = "a resource's id such as i-0a1b2c3d4e5f60718, or its ARN";
    let mut reader = Reader::new(&pairs, &["resource"]);
    let id = reader.read("resource", allowed, |id| resource_query::can_be_an_id(id).then(|| id.to_owned()));
    let Some(id) = id.filter(|_| reader.problems.is_empty()) else {
        if reader.problems.is_empty() {
            reader.problems.push(bad("resource", "is not given", allowed));
        }
        return Err(Problem::invalid_parameters(reader.problems));
    };
    let analysis = resources::analysis(&context, &id).await?;
    Ok(([(CACHE_CONTROL, "private, no-store")], Json(analysis)).into_response())
}

/// Judge datapoints: the detector starts from nothing, learns from the first and judges the later ones.
#[utoipa::path(
    post, path = "/analyze", tag = "resources", request_body = AnalyzeRequest,
    responses(
        (status = 200, body = Analysis),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Datapoints that cannot be used"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "The body is too large"),
    )
)]
pub async fn datapoints(body: Result<Bytes, BytesRejection>) -> Result<Response, Problem> {
    let body = body.map_err(|rejection| Problem::of_status(rejection.status(), rejection.body_text()))?;
    let allowed = r#"JSON such as {"period_seconds": 300, "direction": "above", "datapoints": [{"at": "2026-11-21T10:00:00Z", "value": 31.5}]}"#;
    let request: AnalyzeRequest = serde_json::from_slice(&body).map_err(|error| {
        Problem::invalid_parameters(vec![bad("body", &format!("cannot be read: {error}"), allowed)])
    })?;
    let points = checked(&request).map_err(Problem::invalid_parameters)?;
    let replay = replay(Model::bundled(), request.direction, request.period_seconds, &points);
    let answer = Analysis { points: replay.points, anomalies: replay.anomalies };
    Ok(([(CACHE_CONTROL, "private, no-store")], Json(answer)).into_response())
}

fn checked(request: &AnalyzeRequest) -> Result<Vec<Datapoint>, Vec<BadParameter>> {
    let mut problems = Vec::new();
    let period = request.period_seconds;
    if period == 0 || !period.is_multiple_of(60) || period > LONGEST_PERIOD {
        problems.push(bad("period_seconds", &format!("cannot be {period}"), "60 or a multiple of it, at most 86400"));
    }
    if request.datapoints.len() > MOST_POINTS {
        let problem = format!("has {} items", request.datapoints.len());
        problems.push(bad("datapoints", &problem, &format!("at most {MOST_POINTS}")));
    }
    let is_ascending = request.datapoints.windows(2).all(|pair| matches!(pair, [a, b] if a.at < b.at));
    if !is_ascending {
        problems.push(bad("datapoints", "are not in the order of time, or one is repeated", "oldest first"));
    }
    if request.datapoints.iter().any(|point| !(0..=4_102_444_800).contains(&point.at.as_second())) {
        problems.push(bad("datapoints", "has an impossible time", "instants from 1970 to 2100"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(request.datapoints.iter().map(|point| Datapoint { at: point.at.as_second(), value: point.value }).collect())
}

fn bad(parameter: &str, problem: &str, allowed: &str) -> BadParameter {
    BadParameter { parameter: parameter.to_owned(), problem: problem.to_owned(), allowed: allowed.to_owned() }
}
