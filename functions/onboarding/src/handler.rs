//! One run: look at everything, compare, write the difference.

use jiff::Timestamp;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::onboarding::{InventoryPlan, plan_inventory};
use nightjar_domain::resource::Resource;
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::discovery::discover;

const ACTOR: &str = "onboarding";

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Resources that carry the monitor tag.
    pub found: usize,
    pub onboarded: usize,
    pub updated: usize,
    pub retired: usize,
}

/// Brings the inventory up to date.
pub async fn handle(context: &Context, now: Timestamp) -> anyhow::Result<Summary> {
    let (discovered, known) = tokio::try_join!(discover(context), async { Ok(context.inventory.all().await?) })?;
    if discovered.resources.is_empty() {
        tracing::warn!(
            tag = %context.settings.monitor_tag,
            "no resource carries the monitor tag: tag an instance with {}=true to have it watched",
            context.settings.monitor_tag
        );
    }
    let plan = plan_inventory(&discovered, &known, &context.catalogue, &context.settings.log_groups_tag, now);
    save(context, &plan, now).await?;
    let summary = Summary {
        found: discovered.resources.len(),
        onboarded: plan.new.len(),
        updated: plan.put.len() - plan.new.len(),
        retired: plan.retire.len(),
    };
    tracing::info!(?summary, "the inventory is up to date");
    Ok(summary)
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
