//! The plans of several accounts and regions as one.

use serde::{Deserialize, Serialize};

use super::plan::{CoveragePlan, Money, QuotaUse};
use super::{EVERYTHING, gaps};
use crate::accounts::Scope;

/// One account and region: how well it is covered, and what is left to do there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScopeCoverage {
    #[schema(value_type = String, example = "111122223333/eu-west-1")]
    pub scope: Scope,
    /// False where nothing could be read: then the other figures say nothing.
    pub read: bool,
    /// Mean of the resources' scores, 0 to 100.
    pub score: u8,
    pub resources: usize,
    pub alarms_in_force: usize,
    pub to_create: usize,
    pub to_change: usize,
    pub to_delete: usize,
    pub usd_a_month: Money,
    /// Each region of an account has a quota of its own.
    pub quota: QuotaUse,
}

impl ScopeCoverage {
    fn new(scope: &Scope, plan: &CoveragePlan) -> Self {
        Self {
            scope: scope.clone(),
            read: plan.unread.iter().all(|unread| unread.source != EVERYTHING),
            score: gaps::overall(&plan.resources),
            resources: plan.resources.len(),
            alarms_in_force: plan.in_force,
            to_create: plan.create.len(),
            to_change: plan.change.len(),
            to_delete: plan.delete.len(),
            usd_a_month: plan.usd_a_month,
            quota: plan.quota,
        }
    }
}

/// One plan of all. Steps and sums are of all together; the quota is that of the first, the suite's own region.
pub fn merged(plans: Vec<(Scope, CoveragePlan)>) -> CoveragePlan {
    let several = plans.len() > 1;
    let by_scope =
        if several { plans.iter().map(|(scope, plan)| ScopeCoverage::new(scope, plan)).collect() } else { Vec::new() };
    let mut plans = plans.into_iter().map(|(_, plan)| plan);
    let mut whole = plans.next().unwrap_or_default();
    for plan in plans {
        whole.create.extend(plan.create);
        whole.change.extend(plan.change);
        whole.delete.extend(plan.delete);
        whole.composites.put.extend(plan.composites.put);
        whole.composites.delete.extend(plan.composites.delete);
        whole.goes_on |= plan.goes_on;
        whole.conflicts.extend(plan.conflicts);
        whole.unproven.extend(plan.unproven);
        whole.held.extend(plan.held);
        whole.in_force += plan.in_force;
        whole.over_cap += plan.over_cap;
        whole.over_quota += plan.over_quota;
        whole.usd_a_month = Money {
            now: cents(whole.usd_a_month.now + plan.usd_a_month.now),
            after: cents(whole.usd_a_month.after + plan.usd_a_month.after),
        };
        whole.resources.extend(plan.resources);
        whole.unread.extend(plan.unread);
    }
    whole.by_scope = by_scope;
    whole
}

/// Sums read as money.
fn cents(usd: f64) -> f64 {
    (usd * 100.0).round() / 100.0
}
