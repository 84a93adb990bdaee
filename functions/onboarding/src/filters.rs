//! Metric filters of CloudWatch Logs, as they are and as the plan wants them. Signed calls: three are not worth more of an SDK.

use std::time::Instant;

use jiff::Timestamp;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::coverage::filters::{ExistingFilter, FilterPlan, FilterSpec, plan_filters};
use nightjar_domain::onboarding::Discovered;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::alarms::Refusal;
use crate::context::Context;
use crate::handler::ACTOR;
use crate::signed::{Call, CallError, Signed};

/// The most that `DescribeMetricFilters` answers at once; 5 calls a second and account.
const PAGE: u32 = 50;
/// 50,000 filters, and an end to a token that never ends.
const MOST_PAGES: usize = 1000;
/// So many steps are told to the audit trail at once.
const STEPS_A_FACT: usize = 10;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FiltersApplied {
    pub put: usize,
    pub removed: usize,
    /// Steps that are left for the next run.
    pub left: usize,
    pub refused: Vec<Refusal>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    metric_filters: Vec<Described>,
    #[serde(default)]
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    filter_name: String,
    #[serde(default)]
    log_group_name: String,
    #[serde(default)]
    filter_pattern: String,
    #[serde(default)]
    metric_transformations: Vec<Transformation>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformation {
    #[serde(default)]
    metric_name: String,
    #[serde(default)]
    metric_namespace: String,
    #[serde(default)]
    metric_value: String,
    #[serde(default)]
    default_value: Option<f64>,
    #[serde(default)]
    dimensions: serde_json::Map<String, Value>,
}

enum Step<'a> {
    /// With what it differs in, where there is one already.
    Put(&'a FilterSpec, &'a [String]),
    Remove(&'a str, &'a str, &'a str),
}

/// What there is, and what to do about it.
pub async fn look(context: &Context, discovered: &Discovered) -> anyhow::Result<FilterPlan> {
    let existing = match read(&context.signed).await {
        Ok(existing) => existing,
        Err(CallError::Denied { action, problem }) => {
            tracing::error!(source = action, problem, "access denied: metric filters are left alone");
            return Ok(FilterPlan { unread: Some(format!("{action}: {problem}")), ..FilterPlan::default() });
        }
        Err(error) => return Err(error.into()),
    };
    Ok(plan_filters(&context.filters, discovered, &existing, &context.settings.policy.prefix))
}

/// Puts and removes, told to the audit trail first, until all is done or the budget is spent; the next run goes on.
pub async fn apply(context: &Context, plan: &FilterPlan, now: Timestamp) -> anyhow::Result<FiltersApplied> {
    let deadline = Instant::now() + context.settings.alarm_budget;
    let removals = plan.remove.iter().map(|note| Step::Remove(&note.group, &note.name, &note.why));
    let created = plan.create.iter().map(|spec| Step::Put(spec, &[]));
    let changed = plan.change.iter().map(|step| Step::Put(&step.filter, &step.differences));
    let steps: Vec<Step<'_>> = removals.chain(created).chain(changed).collect();
    let mut applied = FiltersApplied { left: steps.len(), ..FiltersApplied::default() };
    for chunk in steps.chunks(STEPS_A_FACT) {
        if Instant::now() >= deadline {
            break;
        }
        context.audit.record(&chunk.iter().map(|step| told(step, now)).collect::<Vec<_>>()).await?;
        let mut refused = Vec::new();
        for step in chunk {
            match take(&context.signed, step).await {
                Ok(()) => {
                    applied.left -= 1;
                    match step {
                        Step::Put(..) => applied.put += 1,
                        Step::Remove(..) => applied.removed += 1,
                    }
                }
                Err(error) => refused.push(Refusal { alarm: subject(step), problem: error.to_string() }),
            }
        }
        let told: Vec<Fact> = refused
            .iter()
            .map(|refusal| fact(FactKind::LogFilterRefused, &refusal.alarm, json!({ "why": refusal.problem }), now))
            .collect();
        context.audit.record(&told).await?;
        for Refusal { alarm, problem } in &refused {
            tracing::error!(filter = alarm, problem, "CloudWatch Logs refused a step of the plan");
        }
        applied.refused.extend(refused);
    }
    Ok(applied)
}

async fn read(signed: &Signed) -> Result<Vec<ExistingFilter>, CallError> {
    let failed = |problem: String| CallError::Failed { action: "logs:DescribeMetricFilters", problem };
    let (mut found, mut token) = (Vec::new(), None::<String>);
    for _ in 0..MOST_PAGES {
        let mut body = json!({ "limit": PAGE });
        if let Some(token) = token {
            body["nextToken"] = Value::String(token);
        }
        let call = Call { action: "logs:DescribeMetricFilters", ..call("Logs_20140328.DescribeMetricFilters", &body) };
        let answer = signed.send(&call).await?;
        let page: Page =
            serde_json::from_str(&answer).map_err(|error| failed(format!("the answer cannot be read: {error}")))?;
        found.extend(page.metric_filters.into_iter().map(existing));
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(next) => token = Some(next),
            None => return Ok(found),
        }
    }
    Err(failed(format!("more than {MOST_PAGES} pages")))
}

async fn take(signed: &Signed, step: &Step<'_>) -> Result<(), CallError> {
    match step {
        Step::Put(spec, _) => {
            let transformation = json!({
                "metricName": spec.metric, "metricNamespace": spec.namespace, "metricValue": "1", "defaultValue": 0.0,
                "unit": "Count",
            });
            let body = json!({
                "logGroupName": spec.group, "filterName": spec.name, "filterPattern": spec.pattern,
                "metricTransformations": [transformation],
            });
            let call = Call { action: "logs:PutMetricFilter", ..call("Logs_20140328.PutMetricFilter", &body) };
            signed.send(&call).await.map(drop)
        }
        Step::Remove(group, name, _) => {
            let body = json!({ "logGroupName": group, "filterName": name });
            let call = Call { action: "logs:DeleteMetricFilter", ..call("Logs_20140328.DeleteMetricFilter", &body) };
            match signed.send(&call).await {
                // Gone meanwhile, with its log group or without.
                Err(CallError::Failed { problem, .. }) if problem.contains("ResourceNotFound") => Ok(()),
                answer => answer.map(drop),
            }
        }
    }
}

/// Everything but the action's name, which stands where the call is made: the role's test looks for it.
fn call(target: &'static str, body: &Value) -> Call {
    Call {
        action: "",
        service: "logs",
        method: Method::POST,
        path: "/".to_owned(),
        headers: vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)],
        body: body.to_string(),
    }
}

fn existing(described: Described) -> ExistingFilter {
    let counts_lines = matches!(&described.metric_transformations[..], [one]
        if one.metric_value == "1" && one.default_value == Some(0.0) && one.dimensions.is_empty());
    let first = described.metric_transformations.into_iter().next();
    let (namespace, metric) = first.map(|first| (first.metric_namespace, first.metric_name)).unwrap_or_default();
    let Described { log_group_name: group, filter_name: name, filter_pattern: pattern, .. } = described;
    ExistingFilter { spec: FilterSpec { group, name, pattern, namespace, metric }, counts_lines }
}

fn subject(step: &Step<'_>) -> String {
    match step {
        Step::Put(spec, _) => format!("{}#{}", spec.group, spec.name),
        Step::Remove(group, name, _) => format!("{group}#{name}"),
    }
}

fn told(step: &Step<'_>, now: Timestamp) -> Fact {
    match step {
        Step::Put(spec, differences) => {
            let details = json!({ "filter": spec, "differences": differences });
            fact(FactKind::LogFilterPut, &subject(step), details, now)
        }
        Step::Remove(_, _, why) => fact(FactKind::LogFilterRemoved, &subject(step), json!({ "why": why }), now),
    }
}

/// The same step may be due again another minute: what and when tell them apart.
fn fact(kind: FactKind, subject: &str, details: Value, now: Timestamp) -> Fact {
    let digest = hex::encode(&Sha256::digest(details.to_string())[..5]);
    let because_of = format!("{digest}@{}", now.strftime("%Y-%m-%dT%H:%M"));
    Fact::new(kind, ACTOR, subject, Some(&because_of), now, details)
}
