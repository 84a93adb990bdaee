//! How well everything is covered, as onboarding found it last.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use nightjar_aws::stores::CoverageWhole;
use nightjar_domain::coverage::ResourceCoverage;
use serde::Serialize;

use super::unreadable_query;
use crate::context::Context;
use crate::parameters::Reader;
use crate::problem::Problem;

const DEFAULT_LIMIT: usize = 50;
const MOST: usize = 500;

/// The answer of `GET /coverage`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CoverageList {
    /// Absent before onboarding has run, and where alarms are off.
    whole: Option<CoverageWhole>,
    /// How many resources the filters leave, of which the worst covered are listed.
    matching: usize,
    resources: Vec<ResourceCoverage>,
}

/// List the resources that are covered worst, with their gaps and the commands that mend them.
#[utoipa::path(
    get, path = "/coverage", tag = "coverage",
    params(
        ("limit" = Option<usize>, Query, description = "How many resources at most, 1 to 500; 50 if absent", minimum = 1, maximum = 500),
        ("below" = Option<u8>, Query, description = "Only resources with a score below this, 1 to 100", minimum = 1, maximum = 100),
        ("type" = Option<String>, Query, description = "Only resources of this type, such as ec2:instance"),
    ),
    responses(
        (status = 200, body = CoverageList),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter that cannot be used"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "The coverage cannot be read at the moment"),
    )
)]
pub async fn list(
    State(context): State<Context>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Json<CoverageList>, Problem> {
    let Query(pairs) = query.map_err(|rejection| unreadable_query(&rejection))?;
    let mut reader = Reader::new(&pairs, &["limit", "below", "type"]);
    let between = |low: usize, high: usize| move |text: &str| text.parse().ok().filter(|n| (low..=high).contains(n));
    let limit = reader.read("limit", "1 to 500", between(1, MOST)).unwrap_or(DEFAULT_LIMIT);
    let below = reader.read("below", "1 to 100", between(1, 100));
    let kind = reader.read("type", "a type such as ec2:instance", |text| text.contains(':').then(|| text.to_owned()));
    if !reader.problems.is_empty() {
        return Err(Problem::invalid_parameters(reader.problems));
    }
    let stored = context.coverage.all().await?;
    let mut resources: Vec<ResourceCoverage> = stored
        .resources
        .into_values()
        .filter(|resource| below.is_none_or(|below| usize::from(resource.score) < below))
        .filter(|resource| kind.as_ref().is_none_or(|kind| *kind == resource.resource.kind))
        .collect();
    resources.sort_by(|a, b| (a.score, &a.resource.arn).cmp(&(b.score, &b.resource.arn)));
    let matching = resources.len();
    resources.truncate(limit);
    Ok(Json(CoverageList { whole: stored.whole, matching, resources }))
}
