//! The plan of the alarms, and how well everything is covered.

use std::time::Instant;

use anyhow::bail;
use jiff::Timestamp;
use nightjar_aws::stores::CoverageWhole;
use nightjar_domain::coverage::report::CoverageSummary;
use nightjar_domain::coverage::{
    CoverageInput, CoveragePlan, Explanation, Policy, explain, is_unread_there, plan_coverage,
};
use nightjar_domain::onboarding::Discovered;

use crate::alarms::{self, Applied, Existing};
use crate::configuration;
use crate::context::Context;
use crate::digest;

/// To remove an alarm that a composite alarm tells for takes three: its voice, the composite alarm, the alarm.
const ROUNDS: usize = 4;

/// What there is, and what to do about it.
#[derive(Debug)]
pub struct Looked {
    existing: Existing,
    pub plan: CoveragePlan,
}

/// Reads the alarms and plans; `None` where the alarms may not be read, which has been logged.
pub async fn look(
    context: &Context,
    discovered: &Discovered,
    policy: &Policy,
    now: Timestamp,
) -> anyhow::Result<Option<Looked>> {
    let mut existing = match alarms::read(&context.cloudwatch, policy).await? {
        Ok(existing) => existing,
        Err(unread) => {
            tracing::error!(source = unread.source, problem = unread.problem, "access denied: alarms are left alone");
            return Ok(None);
        }
    };
    let mut plan = plan_coverage(input(context, discovered, policy, &existing, now));
    if !plan.unproven.is_empty() {
        alarms::own(&context.cloudwatch, policy, &plan.unproven, &mut existing).await?;
        plan = plan_coverage(input(context, discovered, policy, &existing, now));
    }
    if let Some(suite) = plan.resources.iter_mut().find(|one| one.resource.kind == "nightjar:suite") {
        suite.gaps.extend(configuration::gaps(context).await?);
    }
    Ok(Some(Looked { existing, plan }))
}

/// Carries a plan out, with the time that the settings leave: in several rounds where composite alarms and those that they tell for
/// take turns. Then looks once more, so that the coverage tells what is and not what was to be.
pub async fn carry_out(
    context: &Context,
    discovered: &Discovered,
    policy: &Policy,
    plan: &CoveragePlan,
    now: Timestamp,
) -> anyhow::Result<(Applied, Option<CoveragePlan>)> {
    let deadline = Instant::now() + context.settings.alarm_budget;
    let mut applied = alarms::apply(context, plan, deadline, now).await?;
    let (mut goes_on, mut looked) = (plan.goes_on, look(context, discovered, policy, now).await?);
    for _ in 1..ROUNDS {
        let Some(next) = looked.as_ref().filter(|next| goes_on && applied.stopped.is_none() && next.plan.steps() > 0)
        else {
            break;
        };
        applied.then(alarms::apply(context, &next.plan, deadline, now).await?);
        goes_on = next.plan.goes_on;
        looked = look(context, discovered, policy, now).await?;
    }
    Ok((applied, looked.map(|looked| looked.plan)))
}

fn input<'a>(
    context: &'a Context,
    discovered: &'a Discovered,
    policy: &'a Policy,
    existing: &'a Existing,
    now: Timestamp,
) -> CoverageInput<'a> {
    let Existing { with_prefix, composites, others, .. } = existing;
    let catalogue = &context.catalogue;
    CoverageInput { discovered, catalogue, existing: with_prefix, composites, others: *others, policy, now }
}

/// Why an alarm exists.
pub async fn explained(
    context: &Context,
    discovered: &Discovered,
    alarm: &str,
    now: Timestamp,
) -> anyhow::Result<Option<Explanation>> {
    let policy = &context.settings.policy;
    let Some(looked) = look(context, discovered, policy, now).await? else {
        bail!("the alarms may not be read: onboarding's role lacks cloudwatch:DescribeAlarms");
    };
    Ok(explain(input(context, discovered, policy, &looked.existing, now), alarm))
}

/// Keeps the coverage where the API reads it, and tells people of what fell since the run before. What did not change is not written.
pub async fn save(
    context: &Context,
    plan: &CoveragePlan,
    discovered: &Discovered,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut stored = context.coverage.all().await?;
    digest::tell(context, &stored.resources, &plan.resources, discovered, now).await?;
    for resource in &plan.resources {
        if stored.resources.remove(&resource.resource.arn).as_ref() != Some(resource) {
            context.coverage.put(resource).await?;
        }
    }
    for (arn, resource) in &stored.resources {
        // What could not be read is as it was.
        if !is_unread_there(&plan.unread, &resource.resource, context.scopes.home()) {
            context.coverage.remove(arn).await?;
        }
    }
    let whole = CoverageWhole {
        at: now,
        mode: context.settings.alarms.as_str().to_owned(),
        summary: CoverageSummary::new(plan),
        usd_a_month: plan.usd_a_month,
        quota: plan.quota,
    };
    Ok(context.coverage.put_whole(&whole).await?)
}
