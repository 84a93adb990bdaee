//! A plan, told in a bounded number of words: an answer of a function has 6 MB.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::composites::CompositePlan;
use super::filters::FilterPlan;
use super::plan::{AlarmChange, AlarmCreation, AlarmDeletion, Conflict, CoveragePlan, Money, QuotaUse};
use super::{GapKind, ScopeCoverage, Unread};

/// So many of each kind of step are told one by one.
pub const TOLD_AT_MOST: usize = 500;

/// Counts of everything, and the first [`TOLD_AT_MOST`] of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CoverageReport {
    pub to_create: usize,
    pub to_change: usize,
    pub to_delete: usize,
    pub in_force: usize,
    pub over_cap: usize,
    pub over_quota: usize,
    pub create: Vec<AlarmCreation>,
    pub change: Vec<AlarmChange>,
    pub delete: Vec<AlarmDeletion>,
    /// The first [`TOLD_AT_MOST`] of each kind of step.
    #[serde(default)]
    pub composites: CompositePlan,
    /// There is more to do once this is done.
    #[serde(default)]
    pub goes_on: bool,
    pub conflicts: Vec<Conflict>,
    pub held: Vec<AlarmDeletion>,
    pub usd_a_month: Money,
    pub quota: QuotaUse,
    pub summary: CoverageSummary,
    /// What is to be done with the metric filters of log groups.
    #[serde(default)]
    pub filters: FilterPlan,
}

/// How well everything is covered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CoverageSummary {
    /// Mean of the resources' scores, 0 to 100.
    pub score: u8,
    pub resources: usize,
    pub by_type: BTreeMap<String, TypeCoverage>,
    /// How often each gap occurs.
    pub gaps: BTreeMap<GapKind, usize>,
    pub alarms_wanted: usize,
    pub alarms_in_force: usize,
    /// What could not be read: its resources are not in these figures.
    pub unread: BTreeSet<Unread>,
    /// Each account and region, where there is more than one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_scope: Vec<ScopeCoverage>,
}

/// How well one type is covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TypeCoverage {
    pub resources: usize,
    /// Mean of the resources' scores, 0 to 100.
    pub score: u8,
}

impl CoverageReport {
    pub fn new(plan: &CoveragePlan) -> Self {
        fn first<T: Clone>(all: &[T]) -> Vec<T> {
            all.iter().take(TOLD_AT_MOST).cloned().collect()
        }
        Self {
            to_create: plan.create.len(),
            to_change: plan.change.len(),
            to_delete: plan.delete.len(),
            in_force: plan.in_force,
            over_cap: plan.over_cap,
            over_quota: plan.over_quota,
            create: first(&plan.create),
            change: first(&plan.change),
            delete: first(&plan.delete),
            composites: CompositePlan { put: first(&plan.composites.put), delete: first(&plan.composites.delete) },
            goes_on: plan.goes_on,
            conflicts: first(&plan.conflicts),
            held: first(&plan.held),
            usd_a_month: plan.usd_a_month,
            quota: plan.quota,
            summary: CoverageSummary::new(plan),
            filters: FilterPlan::default(),
        }
    }
}

impl CoverageSummary {
    pub fn new(plan: &CoveragePlan) -> Self {
        let mut summary = Self {
            score: plan.score(),
            resources: plan.resources.len(),
            unread: plan.unread.clone(),
            by_scope: plan.by_scope.clone(),
            ..Self::default()
        };
        let mut scores: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for resource in &plan.resources {
            summary.alarms_wanted += resource.alarms_wanted;
            summary.alarms_in_force += resource.alarms_in_force;
            let (count, sum) = scores.entry(&resource.resource.kind).or_default();
            *count += 1;
            *sum += usize::from(resource.score);
            for gap in &resource.gaps {
                *summary.gaps.entry(gap.kind).or_default() += 1;
            }
        }
        let by_type = scores.into_iter().map(|(kind, (count, sum))| {
            (kind.to_owned(), TypeCoverage { resources: count, score: (sum / count.max(1)) as u8 })
        });
        summary.by_type = by_type.collect();
        summary
    }
}
