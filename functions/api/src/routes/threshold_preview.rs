//! How often a threshold would have fired in the last week.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use nightjar_domain::catalogue::{CatalogueEntry, MissingData, ResourceType};
use nightjar_domain::coverage::preview::{Firings, Trial, firings, series_of, week_before};
use nightjar_domain::metric::Metric;
use nightjar_domain::resource::Resource;
use nightjar_metrics::{Batch, Wanted, fetch};
use serde::Serialize;

use super::{thresholds, unreadable_query};
use crate::context::Context;
use crate::parameters::Reader;
use crate::problem::{BadParameter, Problem};

/// Resources of one answer: a week of minutes each. CloudWatch charges $0.01 for 1,000 series asked for.
const MOST: usize = 20;

/// The answer of `GET /thresholds/preview`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Preview {
    from: Timestamp,
    until: Timestamp,
    /// Alarms that there would have been, all resources together.
    fired: usize,
    /// Minutes in alarm, all resources together.
    minutes_in_alarm: u64,
    /// Resources of the type in the inventory, of which twenty at most are looked at.
    resources: usize,
    series: Vec<SeriesPreview>,
    /// What could not be had.
    gaps: Vec<String>,
}

/// One series under the threshold.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SeriesPreview {
    /// The resource's short id.
    resource: String,
    metric: Metric,
    #[serde(flatten)]
    firings: Firings,
}

/// What is tried.
#[derive(Debug)]
struct Asked {
    kind: String,
    metric: String,
    threshold: f64,
    datapoints_to_alarm: Option<u32>,
    evaluation_periods: Option<u32>,
    period_seconds: Option<u32>,
    missing_data: Option<MissingData>,
}

/// Tell how often a threshold would have fired in the last seven days.
///
/// What is not given is as it is in force for the type; the tags of single resources are left aside.
#[utoipa::path(
    get, path = "/thresholds/preview", tag = "coverage",
    params(
        ("type" = String, Query, description = "A resource type", example = "ec2:instance"),
        ("metric" = String, Query, description = "A metric of it that has an alarm", example = "CPUUtilization"),
        ("threshold" = f64, Query, description = "In the metric's unit"),
        ("datapoints_to_alarm" = Option<u32>, Query, description = "M of M of N", minimum = 1),
        ("evaluation_periods" = Option<u32>, Query, description = "N of M of N", minimum = 1),
        ("period_seconds" = Option<u32>, Query, description = "A multiple of 60, one day at most", minimum = 60, maximum = 86400),
        ("missing_data" = Option<MissingData>, Query, description = "What a period without a datapoint counts as"),
    ),
    responses(
        (status = 200, body = Preview),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "Parameters that cannot be used: all of them are named"),
    )
)]
pub async fn show(
    State(context): State<Context>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(pairs) = query.map_err(|rejection| unreadable_query(&rejection))?;
    let asked = read(&pairs)?;
    let (catalogue, _) = thresholds::catalogue(&context).await?;
    let set = thresholds::set(&context).await?.map(|(overrides, _)| overrides).unwrap_or_default();
    let (catalogue, _) = catalogue.overridden(set);
    let unknown = |parameter: &str, what: String| {
        Problem::invalid_parameters(vec![BadParameter {
            parameter: parameter.to_owned(),
            problem: what,
            allowed: "what GET /thresholds lists with an alarm".to_owned(),
        }])
    };
    let Some(kind) = catalogue.resource_types.get(&asked.kind) else {
        return Err(unknown("type", format!("{:?} is no type of the catalogue", asked.kind)));
    };
    let mut entries = kind.metrics.iter().filter(|entry| entry.metric == asked.metric);
    let Some((entry, trial)) =
        entries.find_map(|entry| Some((entry, Trial::in_force(&catalogue, &asked.kind, entry)?)))
    else {
        return Err(unknown("metric", format!("{:?} is no metric of {} with an alarm", asked.metric, asked.kind)));
    };
    let trial = Trial {
        threshold: asked.threshold,
        datapoints_to_alarm: asked.datapoints_to_alarm.unwrap_or(trial.datapoints_to_alarm),
        evaluation_periods: asked.evaluation_periods.unwrap_or(trial.evaluation_periods),
        period_seconds: asked.period_seconds.unwrap_or(trial.period_seconds),
        missing_data: asked.missing_data.unwrap_or(trial.missing_data),
        ..trial
    };
    if let Some(problem) = trial.problem() {
        return Err(unknown("evaluation_periods", problem));
    }
    let resources = context.inventory.all().await?;
    let resources: Vec<Resource> = resources.into_iter().filter(|one| one.reference.kind == asked.kind).collect();
    let preview = previewed(&context, kind, entry, trial, &resources).await?;
    Ok(([(CACHE_CONTROL, "private, no-cache")], Json(preview)).into_response())
}

async fn previewed(
    context: &Context,
    kind: &ResourceType,
    entry: &CatalogueEntry,
    trial: Trial,
    resources: &[Resource],
) -> Result<Preview, Problem> {
    let (from, until) = week_before((context.now)());
    let mut gaps = Vec::new();
    let mut wanted: Vec<(String, Metric)> = Vec::new();
    let (resources, elsewhere): (Vec<&Resource>, Vec<&Resource>) =
        resources.iter().partition(|resource| context.is_home(&resource.reference));
    if !elsewhere.is_empty() {
        gaps.push(format!("{} resources of other accounts and regions were not looked at", elsewhere.len()));
    }
    for resource in resources.iter().take(MOST) {
        let series = series_of(kind, entry, resource, trial.period_seconds);
        if series.is_empty() {
            gaps.push(format!(
                "which series {} has of {} is not known to the inventory",
                resource.reference.id, entry.metric
            ));
        }
        wanted.extend(series.into_iter().map(|metric| (resource.reference.id.clone(), metric)));
    }
    if resources.len() > MOST {
        gaps.push(format!("{} further resources were not looked at", resources.len() - MOST));
    }
    wanted.truncate(MOST);
    let asked: Vec<Wanted<'_>> = wanted.iter().map(|(_, metric)| Wanted { metric, last_at: None }).collect();
    let fetched = if asked.is_empty() {
        nightjar_metrics::Fetched::new()
    } else {
        let batch = Batch { series: (0..asked.len()).collect(), from, until };
        fetch(&context.cloudwatch, &asked, &batch)
            .await
            .map_err(|error| Problem::unanswerable(true, format!("{error:#}")))?
    };
    let series: Vec<SeriesPreview> = wanted
        .into_iter()
        .enumerate()
        .map(|(index, (resource, metric))| {
            let points = fetched.get(&index).map_or(&[][..], Vec::as_slice);
            let points: Vec<(i64, f64)> = points.iter().map(|point| (point.at, point.value)).collect();
            if points.is_empty() {
                gaps.push(format!("CloudWatch has no datapoints of {metric} of {resource}"));
            }
            SeriesPreview { resource, metric, firings: firings(trial, &points, from, until) }
        })
        .collect();
    Ok(Preview {
        from,
        until,
        fired: series.iter().map(|one| one.firings.fired).sum(),
        minutes_in_alarm: series.iter().map(|one| one.firings.minutes_in_alarm).sum(),
        resources: resources.len(),
        series,
        gaps,
    })
}

fn read(pairs: &[(String, String)]) -> Result<Asked, Problem> {
    let known =
        ["type", "metric", "threshold", "datapoints_to_alarm", "evaluation_periods", "period_seconds", "missing_data"];
    let mut reader = Reader::new(pairs, &known);
    let whole = |text: &str| text.parse::<u32>().ok().filter(|number| (1..=10_080).contains(number));
    let kind = reader.read("type", "a type such as ec2:instance", |text| text.contains(':').then(|| text.to_owned()));
    let metric = reader.read("metric", "a metric's name", |text| (!text.is_empty()).then(|| text.to_owned()));
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let threshold = reader.read("threshold", "a number", number);
    let datapoints_to_alarm = reader.read("datapoints_to_alarm", "a whole number from 1", whole);
    let evaluation_periods = reader.read("evaluation_periods", "a whole number from 1", whole);
    let period = |text: &str| text.parse::<u32>().ok().filter(|s| s.is_multiple_of(60) && (60..=86_400).contains(s));
    let period_seconds = reader.read("period_seconds", "a multiple of 60, one day at most", period);
    let treatments = "missing, breaching, not_breaching or ignore";
    let missing_data = reader.read("missing_data", treatments, |text| serde_json::from_value(text.into()).ok());
    let mut problems = reader.problems;
    let absent = |name: &str| !pairs.iter().any(|(given, _)| given == name);
    for name in ["type", "metric", "threshold"].into_iter().filter(|name| absent(name)) {
        problems.push(BadParameter {
            parameter: name.to_owned(),
            problem: "is missing".to_owned(),
            allowed: "what /openapi.json describes".to_owned(),
        });
    }
    match (kind, metric, threshold) {
        (Some(kind), Some(metric), Some(threshold)) if problems.is_empty() => {
            Ok(Asked { kind, metric, threshold, datapoints_to_alarm, evaluation_periods, period_seconds, missing_data })
        }
        _ => Err(Problem::invalid_parameters(problems)),
    }
}
