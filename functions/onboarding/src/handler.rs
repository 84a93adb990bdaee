//! One run: look at everything, compare, write the difference. Or one command of a person.

use anyhow::bail;
use jiff::Timestamp;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::coverage::{CoverageReport, Explanation, Policy};
use nightjar_domain::onboarding::{InventoryPlan, plan_inventory};
use nightjar_domain::resource::Resource;
use serde::Serialize;
use serde_json::{Value, json};

use crate::alarms::{self, Applied};
use crate::command::{self, Command};
use crate::configuration::{self, PublishedAs};
use crate::context::Context;
use crate::coverage;
use crate::discovery::discover;
use crate::filters::{self, FiltersApplied};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Resources that carry the monitor tag.
    pub found: usize,
    pub onboarded: usize,
    pub updated: usize,
    pub retired: usize,
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

/// Brings the inventory up to date, then the alarms.
async fn run(context: &Context, now: Timestamp) -> anyhow::Result<Summary> {
    // In this order: what another run adds while this one looks around is not known to it, and so not retired for not having been
    // found. The other way round an instance that was just launched would be forgotten until the next run.
    let known = context.inventory.all().await?;
    let discovered = discover(context).await?;
    if discovered.resources.is_empty() {
        tracing::warn!(
            tag = %context.settings.monitor_tag,
            "no resource carries the monitor tag: tag one with {}=true to have it watched",
            context.settings.monitor_tag
        );
    }
    let plan = plan_inventory(&discovered, &known, &context.catalogue, &context.settings.log_groups_tag, now);
    save(context, &plan, now).await?;
    let mut summary = Summary {
        found: discovered.resources.len(),
        onboarded: plan.new.len(),
        updated: plan.put.len() - plan.new.len(),
        retired: plan.retire.len(),
        coverage: None,
        alarm_steps_open: 0,
        alarms: None,
        filter_steps_open: 0,
        filters: None,
    };
    let (mode, policy) = (context.settings.alarms, &context.settings.policy);
    if mode != ManageAlarms::Off
        && let Some(mut looked) = coverage::look(context, &discovered, policy, now).await?
    {
        if mode == ManageAlarms::Apply && !looked.plan.is_empty() {
            summary.alarms = Some(alarms::apply(context, &looked.plan, now).await?);
            // Once more, so that the coverage tells what is and not what was to be.
            looked = coverage::look(context, &discovered, policy, now).await?.unwrap_or(looked);
        }
        let plan = &looked.plan;
        summary.coverage = Some(plan.score());
        summary.alarm_steps_open = plan.create.len() + plan.change.len() + plan.delete.len();
        coverage::save(context, plan, &discovered, now).await?;
    }
    if mode != ManageAlarms::Off {
        let plan = filters::look(context, &discovered).await?;
        summary.filter_steps_open = plan.steps();
        if mode == ManageAlarms::Apply && plan.steps() > 0 {
            let applied = filters::apply(context, &plan, now).await?;
            summary.filter_steps_open = applied.left;
            summary.filters = Some(applied);
        }
    }
    tracing::info!(?summary, "the inventory is up to date");
    Ok(summary)
}

async fn obey(context: &Context, command: Command, now: Timestamp) -> anyhow::Result<Answer> {
    if let Command::Publish(publish) = &command {
        return Ok(Answer::Published(configuration::publish(context, publish, now).await?));
    }
    if context.settings.alarms == ManageAlarms::Off {
        bail!("alarms are not managed: set manage_alarms to plan or apply in terraform.tfvars");
    }
    let discovered = discover(context).await?;
    let allow_mass_deletion = matches!(command, Command::Apply { allow_mass_deletion: true });
    let policy = Policy { allow_mass_deletion, ..context.settings.policy.clone() };
    if let Command::Explain { alarm } = command {
        return Ok(Answer::Explained { explanation: coverage::explained(context, &discovered, &alarm, now).await? });
    }
    let Some(looked) = coverage::look(context, &discovered, &policy, now).await? else {
        bail!("the alarms may not be read: onboarding's role lacks cloudwatch:DescribeAlarms");
    };
    let of_logs = filters::look(context, &discovered).await?;
    let plan = CoverageReport { filters: of_logs.clone(), ..CoverageReport::new(&looked.plan) };
    if command == Command::Plan {
        return Ok(Answer::Plan(plan));
    }
    let applied = alarms::apply(context, &looked.plan, now).await?;
    let filters = filters::apply(context, &of_logs, now).await?;
    if let Some(after) = coverage::look(context, &discovered, &policy, now).await? {
        coverage::save(context, &after.plan, &discovered, now).await?;
    }
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
