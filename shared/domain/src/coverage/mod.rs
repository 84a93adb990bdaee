//! What watches what, and what is missing: alarms planned from the catalogue, compared with those that exist, and scored.
//!
//! An ARN tells the type ([`arn`]), tags ([`overrides`]), products ([`products`]) and what people set at run time ([`thresholds`])
//! override the catalogue, all make the alarms that should be ([`wanted`]), [`preview`] tells how often a threshold would have fired,
//! [`plan_coverage`] compares them with those that are, [`composites`] give the alarms of a resource one voice, and [`gaps`] says per
//! resource what is not covered and which command mends it.

pub mod alarm;
pub mod arn;
pub mod composites;
pub mod digest;
pub mod explain;
pub mod filters;
pub mod gaps;
pub mod merged;
pub mod overrides;
pub mod plan;
pub mod preview;
pub mod products;
pub mod report;
pub(crate) mod series;
mod template;
pub mod thresholds;
mod wanted;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::accounts::Scope;
use crate::catalogue::Catalogue;
use crate::onboarding::Discovered;
use crate::resource::ResourceRef;

pub use alarm::{AlarmSpec, AlarmState, ExistingAlarm, Level, Ownership};
pub use composites::{CompositePlan, CompositeSpec, CompositeStep, ExistingComposite};
pub use explain::{Explanation, explain};
pub use gaps::{CoverageGap, GapKind, ResourceCoverage};
pub use merged::{ScopeCoverage, merged};
pub use plan::{AlarmChange, AlarmCreation, AlarmDeletion, Conflict, CoveragePlan, plan_coverage};
pub use report::CoverageReport;
pub(crate) use template::fill;

/// A standard-resolution alarm in USD a month (CloudWatch pricing, us-east-1, 2026).
pub const ALARM_USD_A_MONTH: f64 = 0.10;
/// Alarms a region and account may have by default (CloudWatch quotas, 2026); AWS raises it on request.
pub const DEFAULT_ALARM_QUOTA: usize = 5000;

/// Everything a plan rests on.
#[derive(Debug, Clone, Copy)]
pub struct CoverageInput<'a> {
    pub discovered: &'a Discovered,
    pub catalogue: &'a Catalogue,
    /// Every alarm of the region with the suite's prefix.
    pub existing: &'a [ExistingAlarm],
    /// Every composite alarm of the region with a name that Nightjar gives one.
    pub composites: &'a [ExistingComposite],
    /// Alarms of the region without it: they count against the quota, and nothing else is asked about them.
    pub others: usize,
    pub policy: &'a Policy,
    pub now: Timestamp,
}

/// What the deployment decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The suite's name prefix: start of every alarm's name and of every tag.
    pub prefix: String,
    /// Where alarms of resources go.
    pub alarms_topic: String,
    /// Where alarms about the suite itself go.
    pub ops_topic: String,
    /// Alarms that Nightjar makes at most: each costs [`ALARM_USD_A_MONTH`].
    pub max_alarms: usize,
    /// Alarms that the region may have.
    pub quota: usize,
    /// The tag that names who answers for a resource.
    pub owner_tag: String,
    /// The tag that names a resource's log groups.
    pub log_groups_tag: String,
    /// Delete more than half of the alarms in one run.
    pub allow_mass_deletion: bool,
    /// One composite alarm tells for all alarms of a resource.
    pub composites: bool,
    /// Planned for another account or region: the suite is not there, and its topics cannot be told from there. Alarms have no
    /// actions; log-analyzer-rca reads their state.
    pub elsewhere: bool,
}

impl Policy {
    /// Resources with this tag set to `off`, `critical` or `all` have those levels.
    pub fn levels_tag(&self) -> String {
        format!("{}:alarms", self.prefix)
    }

    /// Start of the tags that override one metric.
    pub fn metric_tag_prefix(&self) -> String {
        format!("{}:alarm:", self.prefix)
    }

    /// Whom an alarm tells: `topic`, where that can be reached.
    pub fn actions(&self, topic: &str) -> Vec<String> {
        if self.elsewhere { Vec::new() } else { vec![topic.to_owned()] }
    }

    /// The tag that says that an alarm is Nightjar's own.
    pub fn ownership_tag(&self) -> (String, String) {
        (format!("{}:managed-by", self.prefix), "onboarding".to_owned())
    }
}

/// What could not be asked about: nothing that may belong to it is deleted, and nobody is told that it is covered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Unread {
    /// What was asked, such as `tag:GetResources`.
    pub source: String,
    pub problem: String,
    /// Where, if not in the suite's own account and region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "111122223333/eu-west-1")]
    pub scope: Option<Scope>,
}

/// The source of an [`Unread`] where nothing of an account and region could be read.
pub const EVERYTHING: &str = "everything";

impl Unread {
    /// Nothing of an account and region could be read.
    pub fn everything(scope: Option<Scope>, problem: String) -> Self {
        Self { source: EVERYTHING.to_owned(), problem, scope }
    }

    /// Whether it keeps resources of `kind` from being known. The Tagging API knows all types but two.
    fn hides(&self, kind: &str) -> bool {
        let source = match kind {
            crate::resource::EC2_INSTANCE => "ec2:DescribeInstances",
            "autoscaling:autoScalingGroup" => "autoscaling:DescribeAutoScalingGroups",
            _ => "tag:GetResources",
        };
        self.source == source || self.source == EVERYTHING
    }
}

/// Whether anything of `unread` keeps resources of `kind` from being known.
pub fn is_unread(unread: &BTreeSet<Unread>, kind: &str) -> bool {
    unread.iter().any(|unread| unread.hides(kind))
}

/// Whether anything of `unread`, which may be of several accounts and regions, keeps this resource from being known.
pub fn is_unread_there(unread: &BTreeSet<Unread>, resource: &ResourceRef, home: &Scope) -> bool {
    let there = Scope::of(resource);
    unread.iter().any(|unread| *unread.scope.as_ref().unwrap_or(home) == there && unread.hides(&resource.kind))
}
