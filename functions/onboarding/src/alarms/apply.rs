//! The plan, carried out: told to the audit trail first, then done. A run that ends early is gone on with by the next, since
//! each looks anew at what there is.

use std::time::{Duration, Instant};

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic, Tag};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use nightjar_aws::retry::{Failure, classify, explain};
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::coverage::{AlarmChange, AlarmCreation, AlarmDeletion, AlarmSpec, CompositeStep, CoveragePlan};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::context::Context;
use crate::handler::ACTOR;

/// The most that DeleteAlarms takes.
const DELETIONS_A_CALL: usize = 100;
/// So many steps are told to the audit trail at once: what a run that dies has told and not done.
const STEPS_A_FACT: usize = 10;
/// After the SDK's own attempts. PutMetricAlarm and DeleteAlarms allow 3 calls a second and account.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(16);

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    pub created: usize,
    pub changed: usize,
    pub deleted: usize,
    /// Steps that are left for the next run.
    pub left: usize,
    pub refused: Vec<Refusal>,
    /// Why it ended before the last step, if it did.
    pub stopped: Option<String>,
}

impl Applied {
    /// What was done when the next round, which looked at what was left of this one, is done as well.
    pub fn then(&mut self, next: Self) {
        self.created += next.created;
        self.changed += next.changed;
        self.deleted += next.deleted;
        (self.left, self.refused, self.stopped) = (next.left, next.refused, next.stopped);
    }

    /// Together with what was done elsewhere.
    pub fn add(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.deleted += other.deleted;
        self.left += other.left;
        self.refused.extend(other.refused);
        self.stopped = self.stopped.take().or(other.stopped);
    }
}

/// A step that CloudWatch did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub alarm: String,
    pub problem: String,
}

/// One call.
enum Step<'a> {
    Delete(Vec<&'a AlarmDeletion>),
    Create(&'a AlarmCreation),
    Change(&'a AlarmChange),
    Compose(&'a CompositeStep),
    /// CloudWatch takes one a call.
    Decompose(&'a AlarmDeletion),
}

impl Step<'_> {
    /// How many alarms it is about.
    fn size(&self) -> usize {
        if let Self::Delete(deletions) = self { deletions.len() } else { 1 }
    }
}

/// How a call went.
enum Outcome {
    Done,
    /// This one, not the next.
    Refused(String),
    /// No further step of any kind.
    Stop(String),
}

/// Deletes, creates (what a person is called for first) and changes alarms, until all is done or `deadline` is over. Composite alarms
/// come last: the alarms that they name are there then, and one that CloudWatch refuses keeps no alarm from its voice.
pub async fn apply(
    context: &Context,
    plan: &CoveragePlan,
    deadline: Instant,
    now: Timestamp,
) -> anyhow::Result<Applied> {
    let batches = plan.delete.chunks(DELETIONS_A_CALL).map(|batch| Step::Delete(batch.iter().collect()));
    let alarms = plan.create.iter().map(Step::Create).chain(plan.change.iter().map(Step::Change));
    let composites = &plan.composites;
    let composites = composites.put.iter().map(Step::Compose).chain(composites.delete.iter().map(Step::Decompose));
    let steps: Vec<Step<'_>> = batches.chain(alarms).chain(composites).collect();
    let mut applied = Applied { left: steps.iter().map(Step::size).sum(), ..Applied::default() };
    for chunk in steps.chunks(STEPS_A_FACT) {
        if Instant::now() >= deadline {
            applied.stopped = Some("the time for alarms is used up; the next run goes on".to_owned());
            break;
        }
        context.audit.record(&chunk.iter().flat_map(|step| facts(step, now)).collect::<Vec<_>>()).await?;
        let mut refused = Vec::new();
        for step in chunk {
            match take(context, step, deadline).await {
                Outcome::Done => count(&mut applied, step),
                Outcome::Refused(problem) => refused.extend(names(step).map(|alarm| refusal(alarm, &problem))),
                Outcome::Stop(problem) => {
                    refused.extend(names(step).map(|alarm| refusal(alarm, &problem)));
                    applied.stopped = Some(problem);
                    break;
                }
            }
        }
        let told: Vec<Fact> = refused.iter().map(|refusal| refused_fact(refusal, now)).collect();
        context.audit.record(&told).await?;
        applied.refused.extend(refused);
        if applied.stopped.is_some() {
            break;
        }
    }
    for Refusal { alarm, problem } in &applied.refused {
        tracing::error!(alarm, problem, "CloudWatch refused a step of the plan");
    }
    Ok(applied)
}

fn refusal(alarm: &str, problem: &str) -> Refusal {
    Refusal { alarm: alarm.to_owned(), problem: problem.to_owned() }
}

fn count(applied: &mut Applied, step: &Step<'_>) {
    applied.left -= step.size();
    match step {
        Step::Delete(deletions) => applied.deleted += deletions.len(),
        Step::Create(_) => applied.created += 1,
        Step::Compose(step) if step.differences.is_empty() => applied.created += 1,
        Step::Compose(_) | Step::Change(_) => applied.changed += 1,
        Step::Decompose(_) => applied.deleted += 1,
    }
}

fn names<'a>(step: &'a Step<'a>) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    match step {
        Step::Delete(deletions) => Box::new(deletions.iter().map(|deletion| deletion.name.as_str())),
        Step::Create(creation) => Box::new(std::iter::once(creation.alarm.name.as_str())),
        Step::Change(change) => Box::new(std::iter::once(change.alarm.name.as_str())),
        Step::Compose(step) => Box::new(std::iter::once(step.composite.name.as_str())),
        Step::Decompose(deletion) => Box::new(std::iter::once(deletion.name.as_str())),
    }
}

/// One step, again and again while CloudWatch is throttling and there is time.
async fn take(context: &Context, step: &Step<'_>, deadline: Instant) -> Outcome {
    let mut pause = FIRST_PAUSE;
    loop {
        let (failure, code, problem) = match attempt(context, step).await {
            Ok(()) => return Outcome::Done,
            Err(failed) => failed,
        };
        match failure {
            Failure::Throttled if Instant::now() + pause < deadline => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Failure::Throttled => return Outcome::Stop(format!("throttled until the time was used up: {problem}")),
            Failure::Denied => return Outcome::Stop(problem),
            _ if code == "LimitExceeded" => return Outcome::Stop(problem),
            // Also where somebody deleted one of a batch meanwhile: the next run sees the rest.
            _ => return Outcome::Refused(problem),
        }
    }
}

async fn attempt(context: &Context, step: &Step<'_>) -> Result<(), (Failure, String, String)> {
    fn failed(error: &(impl ProvideErrorMetadata + std::error::Error)) -> (Failure, String, String) {
        (classify(error), error.code().unwrap_or_default().to_owned(), explain(error))
    }
    let client = &context.cloudwatch;
    let (key, value) = context.settings.policy.ownership_tag();
    let own = Tag::builder().key(key).value(value).build();
    match step {
        Step::Delete(deletions) => {
            let names = deletions.iter().map(|deletion| deletion.name.clone()).collect();
            let answer = client.delete_alarms().set_alarm_names(Some(names)).send().await;
            answer.map(drop).map_err(|error| failed(&error))
        }
        Step::Decompose(deletion) => {
            let answer = client.delete_alarms().alarm_names(&deletion.name).send().await;
            answer.map(drop).map_err(|error| failed(&error))
        }
        Step::Create(creation) => {
            let request = put(client, &creation.alarm, true).map_err(invalid)?.tags(own);
            request.send().await.map(drop).map_err(|error| failed(&error))
        }
        Step::Compose(step) => {
            let CompositeStep { composite, differences, actions_enabled, .. } = step;
            let request = client
                .put_composite_alarm()
                .alarm_name(&composite.name)
                .alarm_description(&composite.description)
                .alarm_rule(composite.rule())
                .actions_enabled(*actions_enabled)
                .set_alarm_actions(Some(composite.alarm_actions.clone()))
                .set_ok_actions(Some(composite.ok_actions.clone()));
            let request = if differences.is_empty() { request.tags(own) } else { request };
            request.send().await.map(drop).map_err(|error| failed(&error))
        }
        Step::Change(change) => {
            let request = put(client, &change.alarm, change.actions_enabled).map_err(invalid)?;
            request.send().await.map(drop).map_err(|error| failed(&error))
        }
    }
}

fn invalid(problem: String) -> (Failure, String, String) {
    (Failure::Other, String::new(), problem)
}

fn put(
    client: &aws_sdk_cloudwatch::Client,
    alarm: &AlarmSpec,
    actions_enabled: bool,
) -> Result<PutMetricAlarmFluentBuilder, String> {
    let number = |value: u32| i32::try_from(value).map_err(|error| error.to_string());
    let dimensions = alarm.dimensions.iter().map(|(k, v)| Dimension::builder().name(k).value(v).build()).collect();
    let request = client
        .put_metric_alarm()
        .alarm_name(&alarm.name)
        .alarm_description(&alarm.description)
        .namespace(&alarm.namespace)
        .metric_name(&alarm.metric)
        .set_dimensions(Some(dimensions))
        .period(number(alarm.period_seconds)?)
        .datapoints_to_alarm(number(alarm.datapoints_to_alarm)?)
        .evaluation_periods(number(alarm.evaluation_periods)?)
        .comparison_operator(ComparisonOperator::from(alarm.comparison.operator()))
        .threshold(alarm.threshold)
        .treat_missing_data(alarm.missing_data.treatment())
        .actions_enabled(actions_enabled)
        .set_alarm_actions(Some(alarm.alarm_actions.clone()))
        .set_ok_actions(Some(alarm.ok_actions.clone()));
    Ok(if alarm.statistic.starts_with('p') {
        request.extended_statistic(&alarm.statistic)
    } else {
        request.statistic(Statistic::from(alarm.statistic.as_str()))
    })
}

fn facts(step: &Step<'_>, now: Timestamp) -> Vec<Fact> {
    match step {
        Step::Delete(deletions) => deletions.iter().map(|deletion| deleted_fact(deletion, now)).collect(),
        Step::Decompose(deletion) => vec![deleted_fact(deletion, now)],
        Step::Create(creation) => {
            let details = json!({ "resource": creation.resource, "alarm": creation.alarm });
            vec![fact(FactKind::AlarmCreated, &creation.alarm.name, details, now)]
        }
        Step::Change(change) => {
            let details = json!({ "resource": change.resource, "differences": change.differences });
            vec![fact(FactKind::AlarmChanged, &change.alarm.name, details, now)]
        }
        Step::Compose(CompositeStep { resource, composite, differences, .. }) => {
            let (kind, details) = if differences.is_empty() {
                (FactKind::AlarmCreated, json!({ "resource": resource, "composite": composite }))
            } else {
                (FactKind::AlarmChanged, json!({ "resource": resource, "differences": differences }))
            };
            vec![fact(kind, &composite.name, details, now)]
        }
    }
}

fn deleted_fact(deletion: &AlarmDeletion, now: Timestamp) -> Fact {
    let details = match &deletion.scope {
        Some(scope) => json!({ "why": deletion.why, "scope": scope }),
        None => json!({ "why": deletion.why }),
    };
    fact(FactKind::AlarmDeleted, &deletion.name, details, now)
}

fn refused_fact(refusal: &Refusal, now: Timestamp) -> Fact {
    fact(FactKind::AlarmRefused, &refusal.alarm, json!({ "why": refusal.problem }), now)
}

/// The same step may be due again another day, or another minute: what and when tell them apart.
fn fact(kind: FactKind, alarm: &str, details: Value, now: Timestamp) -> Fact {
    let digest = hex::encode(&Sha256::digest(details.to_string())[..5]);
    let because_of = format!("{digest}@{}", now.strftime("%Y-%m-%dT%H:%M"));
    Fact::new(kind, ACTOR, alarm, Some(&because_of), now, details)
}
