//! One run: look at everything, compare, write the difference. Or one command of a person.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nightjar_domain::accounts::{Scope, WatchedScope};
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::coverage::filters::FilterPlan;
use nightjar_domain::coverage::{CoveragePlan, CoverageReport, EVERYTHING, Explanation, Policy, Unread, merged};
use nightjar_domain::onboarding::{Discovered, InventoryPlan, plan_inventory};
use nightjar_domain::resource::Resource;
use serde::Serialize;
use serde_json::{Value, json};

use crate::alarms::Applied;
use crate::command::{self, Command};
use crate::configuration::{self, PublishedAs};
use crate::context::Context;
use crate::coverage::{self, Looked};
use crate::filters::{self, FiltersApplied};
use crate::scopes::{self, Budget, Found};
use crate::settings::ManageAlarms;

pub(crate) const ACTOR: &str = "onboarding";

/// What an invocation came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Run(Summary),
    Plan(CoverageReport),
    Applied { plan: CoverageReport, applied: Applied, filters: FiltersApplied },
    Explained { explanation: Option<Explanation> },
    Published(PublishedAs),
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Resources that carry the monitor tag.
    pub found: usize,
    pub onboarded: usize,
    pub updated: usize,
    pub retired: usize,
    /// Accounts and regions whose role is refused.
    pub unread: usize,
    /// How well they are covered, 0 to 100; `None` where nobody looks at alarms.
    pub coverage: Option<u8>,
    /// Steps that alarms need and that nobody has taken.
    pub alarm_steps_open: usize,
    pub alarms: Option<Applied>,
    /// Steps that metric filters need and that nobody has taken.
    pub filter_steps_open: usize,
    pub filters: Option<FiltersApplied>,
}

/// Does what the event asks for.
pub async fn handle(context: &Context, event: Value, now: Timestamp) -> anyhow::Result<Answer> {
    match command::parse(&event)? {
        None => Ok(Answer::Run(run(context, now).await?)),
        Some(command) => obey(context, command, now).await,
    }
}

/// What a run has come to so far.
struct Run {
    budget: Budget,
    summary: Summary,
    /// The resources of all accounts and regions.
    found: Discovered,
    /// The run fails with them at its end, so that it is repeated.
    failures: Vec<anyhow::Error>,
}

impl Run {
    fn new(context: &Context, scopes: usize) -> Self {
        Self {
            budget: Budget::new(context.settings.alarm_budget, scopes),
            summary: Summary::default(),
            found: Discovered::default(),
            failures: Vec::new(),
        }
    }
}

/// Brings the inventory up to date, then the alarms: in every account and region, whatever becomes of the others.
async fn run(context: &Context, now: Timestamp) -> anyhow::Result<Summary> {
    // In this order: what another run adds while this one looks around is not known to it, and so not retired for not having been
    // found. The other way round an instance that was just launched would be forgotten until the next run.
    let watched = context.scopes.all();
    let mut known = scopes::apart(context.inventory.all().await?, &watched, context.scopes.home());
    let mut run = Run::new(context, watched.len());
    let mut plans = Vec::new();
    for watched in &watched {
        let known = known.remove(&watched.scope).unwrap_or_default();
        let plan = match run_one(context, watched, &known, &mut run, now).await {
            Ok(plan) => plan,
            Err(error) => {
                let (scope, problem) = (watched.scope.clone(), format!("{error:#}"));
                tracing::error!(%scope, problem, "an account or region failed: the others go on");
                run.failures.push(error);
                Some(scopes::nothing(Unread::everything(not_home(context, watched), problem)))
            }
        };
        plans.extend(plan.map(|plan| (watched.scope.clone(), plan)));
    }
    let Run { mut summary, found, mut failures, .. } = run;
    if summary.found == 0 && failures.is_empty() {
        tracing::warn!(
            tag = %context.settings.monitor_tag,
            "no resource carries the monitor tag: tag one with {}=true to have it watched",
            context.settings.monitor_tag
        );
    }
    let is_known = plans.iter().any(|(_, plan)| plan.unread.iter().all(|unread| unread.source != EVERYTHING));
    if context.settings.alarms != ManageAlarms::Off && is_known {
        let plan = merged(plans);
        summary.coverage = Some(plan.score());
        summary.alarm_steps_open = plan.steps();
        coverage::save(context, &plan, &found, now).await?;
    }
    match failures.len() {
        0 => {
            tracing::info!(?summary, "the inventory is up to date");
            Ok(summary)
        }
        1 => Err(failures.swap_remove(0)),
        count => Err(failures.swap_remove(0)).with_context(|| format!("{count} failures, the first:")),
    }
}

fn not_home(context: &Context, watched: &WatchedScope) -> Option<Scope> {
    (watched.scope != *context.scopes.home()).then(|| watched.scope.clone())
}

/// One account and region. `None` where nobody looks at alarms.
async fn run_one(
    context: &Context,
    watched: &WatchedScope,
    known: &[Resource],
    run: &mut Run,
    now: Timestamp,
) -> anyhow::Result<Option<CoveragePlan>> {
    let summary = &mut run.summary;
    let Found { mut context, discovered } = match scopes::found(context, watched).await? {
        Ok(found) => found,
        Err(unread) => {
            summary.unread += 1;
            return Ok(Some(scopes::nothing(unread)));
        }
    };
    let plan = plan_inventory(&discovered, known, &context.catalogue, &context.settings.log_groups_tag, now);
    save(&context, &plan, now).await?;
    summary.found += discovered.resources.len();
    summary.onboarded += plan.new.len();
    summary.updated += plan.put.len() - plan.new.len();
    summary.retired += plan.retire.len();
    let (mode, policy) = (context.settings.alarms, context.settings.policy.clone());
    if mode == ManageAlarms::Off {
        return Ok(None);
    }
    let Some(Looked { mut plan, .. }) = coverage::look(&context, &discovered, &policy, now).await? else {
        return Ok(Some(scopes::nothing(alarms_unread(&context))));
    };
    if mode == ManageAlarms::Apply && plan.steps() > 0 {
        let began = run.budget.share(&mut context);
        let (applied, after) = coverage::carry_out(&context, &discovered, &policy, &plan, now).await?;
        run.budget.used(began);
        summary.alarms.get_or_insert_default().add(applied);
        plan = after.unwrap_or(plan);
    } else {
        run.budget.skip();
    }
    if context.elsewhere().is_none() {
        match count_lines(&mut context, &discovered, &mut run.budget, mode == ManageAlarms::Apply, now).await {
            Ok((plan, applied)) => {
                summary.filter_steps_open = applied.as_ref().map_or(plan.steps(), |applied| applied.left);
                summary.filters = applied;
            }
            // The alarms are planned, and what is known of them is kept.
            Err(error) => {
                tracing::error!(problem = format!("{error:#}"), "the metric filters could not be looked at");
                run.failures.push(error);
            }
        }
    }
    run.found.resources.extend(discovered.resources);
    Ok(Some(plan))
}

/// The metric filters of the suite's own account and region: after the alarms, and in the time that these left.
async fn count_lines(
    context: &mut Context,
    discovered: &Discovered,
    budget: &mut Budget,
    is_to_apply: bool,
    now: Timestamp,
) -> anyhow::Result<(FilterPlan, Option<FiltersApplied>)> {
    let plan = filters::look(context, discovered).await?;
    if !is_to_apply || plan.steps() == 0 {
        return Ok((plan, None));
    }
    let began = budget.share_more(context);
    let applied = filters::apply(context, &plan, now).await?;
    budget.used(began);
    Ok((plan, Some(applied)))
}

fn alarms_unread(context: &Context) -> Unread {
    let problem = "cloudwatch:DescribeAlarms is denied: alarms are left alone".to_owned();
    Unread::everything(context.elsewhere(), problem)
}

async fn obey(context: &Context, command: Command, now: Timestamp) -> anyhow::Result<Answer> {
    if let Command::Publish(publish) = &command {
        return Ok(Answer::Published(configuration::publish(context, publish, now).await?));
    }
    if context.settings.alarms == ManageAlarms::Off {
        bail!("alarms are not managed: set manage_alarms to plan or apply in terraform.tfvars");
    }
    let allow_mass_deletion = matches!(command, Command::Apply { allow_mass_deletion: true });
    let watched = context.scopes.all();
    let mut budget = Budget::new(context.settings.alarm_budget, watched.len());
    let (mut before, mut after, mut applied) = (Vec::new(), Vec::new(), Applied::default());
    let (mut whole, mut of_logs, mut filters) =
        (Discovered::default(), FilterPlan::default(), FiltersApplied::default());
    for watched in &watched {
        let scope = watched.scope.clone();
        let elsewhere = not_home(context, watched);
        // Elsewhere, what fails is told, and the rest goes on.
        let found = match scopes::found(context, watched).await {
            Err(error) if elsewhere.is_some() => Err(Unread::everything(elsewhere.clone(), format!("{error:#}"))),
            found => found?,
        };
        let Found { mut context, discovered } = match found {
            Ok(found) => found,
            Err(unread) => {
                before.push((scope.clone(), scopes::nothing(unread.clone())));
                after.push((scope, scopes::nothing(unread)));
                continue;
            }
        };
        if let Command::Explain { alarm } = &command {
            match coverage::explained(&context, &discovered, alarm, now).await {
                Ok(None) => continue,
                // Another account or region may know it.
                Err(error) if elsewhere.is_some() => {
                    tracing::error!(%scope, error = format!("{error:#}"), "the alarms of an account or region cannot be explained");
                    continue;
                }
                explanation => return Ok(Answer::Explained { explanation: explanation? }),
            }
        }
        let policy = Policy { allow_mass_deletion, ..context.settings.policy.clone() };
        let Some(looked) = coverage::look(&context, &discovered, &policy, now).await? else {
            if elsewhere.is_none() {
                bail!("the alarms may not be read: onboarding's role lacks cloudwatch:DescribeAlarms");
            }
            let plan = scopes::nothing(alarms_unread(&context));
            before.push((scope.clone(), plan.clone()));
            after.push((scope, plan));
            continue;
        };
        let is_to_apply = command != Command::Plan;
        if is_to_apply {
            let began = budget.share(&mut context);
            let (done, left) = coverage::carry_out(&context, &discovered, &policy, &looked.plan, now).await?;
            budget.used(began);
            applied.add(done);
            after.push((scope.clone(), left.unwrap_or_else(|| scopes::nothing(alarms_unread(&context)))));
        }
        if elsewhere.is_none() {
            let (plan, done) = count_lines(&mut context, &discovered, &mut budget, is_to_apply, now).await?;
            (of_logs, filters) = (plan, done.unwrap_or_default());
        }
        before.push((scope, looked.plan));
        whole.resources.extend(discovered.resources);
    }
    if let Command::Explain { .. } = command {
        return Ok(Answer::Explained { explanation: None });
    }
    let plan = CoverageReport { filters: of_logs, ..CoverageReport::new(&merged(before)) };
    if command == Command::Plan {
        return Ok(Answer::Plan(plan));
    }
    coverage::save(context, &merged(after), &whole, now).await?;
    Ok(Answer::Applied { plan, applied, filters })
}

/// Facts before items: a run that dies in between tells the same facts again, which the trail records once. The other
/// way round the fact of an onboarding would be lost.
async fn save(context: &Context, plan: &InventoryPlan, now: Timestamp) -> anyhow::Result<()> {
    let onboarded: Vec<Fact> =
        plan.put.iter().filter(|r| plan.new.contains(&r.reference.arn)).map(|r| onboarded_fact(r, now)).collect();
    let retired: Vec<Fact> = plan.retire.iter().map(|arn| retired_fact(arn, now)).collect();
    context.audit.record(&onboarded).await?;
    context.audit.record(&retired).await?;
    for resource in &plan.put {
        for missing in &resource.missing {
            tracing::info!(resource = %resource.reference.id, ?missing, advice = missing.advice(), "coverage gap");
        }
        context.inventory.put(resource).await?;
    }
    for arn in &plan.retire {
        context.inventory.remove(arn).await?;
    }
    Ok(())
}

fn onboarded_fact(resource: &Resource, now: Timestamp) -> Fact {
    let details = json!({
        "type": resource.reference.kind,
        "metrics": resource.metrics.len(),
        "log_groups": resource.log_sources.len(),
        "missing": resource.missing,
    });
    // A resource that leaves and comes back is onboarded again: the day tells the two apart.
    let because_of = resource.onboarded_at.strftime("%Y-%m-%d").to_string();
    Fact::new(FactKind::ResourceOnboarded, ACTOR, &resource.reference.arn, Some(&because_of), now, details)
}

fn retired_fact(arn: &str, now: Timestamp) -> Fact {
    let because_of = now.strftime("%Y-%m-%d").to_string();
    let details = json!({ "why": "it no longer exists, or no longer carries the monitor tag" });
    Fact::new(FactKind::ResourceRetired, ACTOR, arn, Some(&because_of), now, details)
}
