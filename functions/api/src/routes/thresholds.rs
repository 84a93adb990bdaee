//! What is watched, and from where on it is an alarm.

use std::collections::BTreeMap;

use axum::Json;
use nightjar_domain::catalogue::{Catalogue, ResourceType, Source};
use nightjar_domain::coverage::overrides::{Origin, PRECEDENCE};
use serde::Serialize;

use crate::problem::Problem;

/// The answer of `GET /thresholds`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Thresholds {
    /// Where a value is looked for: the first that says something decides.
    precedence: Vec<Precedence>,
    /// Who recommends the alarms, by the name that they give as their source.
    sources: BTreeMap<String, Source>,
    /// By resource type, such as `ec2:instance`.
    resource_types: BTreeMap<String, ResourceType>,
}

/// One place where a value is looked for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Precedence {
    from: Origin,
    what: &'static str,
}

/// Tell every threshold of the catalogue in force, with its reason and its source.
#[utoipa::path(get, path = "/thresholds", tag = "coverage", responses((status = 200, body = Thresholds)))]
pub async fn show() -> Result<Json<Thresholds>, Problem> {
    let Catalogue { sources, resource_types, .. } = Catalogue::bundled().map_err(|error| Problem::internal(&error))?;
    let precedence = PRECEDENCE.map(|(from, what)| Precedence { from, what }).into();
    Ok(Json(Thresholds { precedence, sources, resource_types }))
}
