//! Metric filters on the log groups of watched resources: those that should be, compared with those that are.
//!
//! A metric filter has no tags. Whose it is stands in itself: Nightjar's own have a name that is derived from their log group, and
//! publish into a namespace of the suite's. A filter of that name with another namespace is somebody else's, and left alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::plan::Money;
use crate::log_watch::MetricFilters;
use crate::onboarding::Discovered;

/// A custom metric in USD a month (CloudWatch pricing, first 10,000, us-east-1, 2026).
pub const METRIC_USD_A_MONTH: f64 = 0.30;
/// Characters of a metric's name (CloudWatch API, `MetricDatum`: 255), without its digest.
const LONGEST_METRIC: usize = 240;

/// A metric filter: each line that fits the pattern counts one, a minute without any counts nought.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FilterSpec {
    pub group: String,
    pub name: String,
    pub pattern: String,
    pub namespace: String,
    pub metric: String,
}

/// A metric filter that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingFilter {
    pub spec: FilterSpec,
    /// Whether it counts as Nightjar's do: one metric, one a line, nought without any, no dimensions.
    pub counts_lines: bool,
}

/// A filter that is set right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FilterChange {
    /// As it should be.
    pub filter: FilterSpec,
    /// `field: is → should be`.
    pub differences: Vec<String>,
}

/// A filter that is removed, kept, or left alone, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FilterNote {
    pub group: String,
    pub name: String,
    pub why: String,
}

/// What to do with the metric filters, and what they cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FilterPlan {
    pub create: Vec<FilterSpec>,
    pub change: Vec<FilterChange>,
    pub remove: Vec<FilterNote>,
    /// Filters of others that stand where one of ours should be: never overwritten.
    pub conflicts: Vec<FilterNote>,
    /// Removals that are not made, since not everything could be read.
    pub held: Vec<FilterNote>,
    pub in_force: usize,
    /// Wanted, but more than the document allows.
    pub over_cap: usize,
    pub usd_a_month: Money,
    /// Why nothing is known about them, where that is so.
    pub unread: Option<String>,
}

impl FilterPlan {
    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.create.len() + self.change.len() + self.remove.len()
    }
}

/// Plans. What it says to do, done, leaves nothing to do.
pub fn plan_filters(
    rules: &MetricFilters,
    discovered: &Discovered,
    existing: &[ExistingFilter],
    prefix: &str,
) -> FilterPlan {
    let there: BTreeMap<(&str, &str), &ExistingFilter> =
        existing.iter().map(|filter| ((filter.spec.group.as_str(), filter.spec.name.as_str()), filter)).collect();
    let wanted = wanted(rules, discovered, &there, prefix);
    let mut plan = FilterPlan { over_cap: wanted.len().saturating_sub(rules.at_most), ..FilterPlan::default() };
    let mut kept = BTreeSet::new();
    for spec in wanted.into_iter().take(rules.at_most) {
        kept.insert((spec.group.clone(), spec.name.clone()));
        match there.get(&(spec.group.as_str(), spec.name.as_str())) {
            None => plan.create.push(spec),
            Some(is) if !is_ours(prefix, &is.spec) => plan.conflicts.push(FilterNote {
                why: format!("somebody's filter of this name publishes {} {}", is.spec.namespace, is.spec.metric),
                group: spec.group,
                name: spec.name,
            }),
            Some(is) if is.spec == spec && is.counts_lines => plan.in_force += 1,
            Some(is) => plan.change.push(FilterChange { differences: differences(is, &spec), filter: spec }),
        }
    }
    let ours: Vec<&ExistingFilter> = existing.iter().filter(|filter| is_ours(prefix, &filter.spec)).collect();
    for FilterSpec { group, name, .. } in ours.iter().map(|filter| filter.spec.clone()) {
        if kept.contains(&(group.clone(), name.clone())) {
            continue;
        }
        let (removed, why) = if !rules.enabled {
            (true, "log_watch.json no longer has metric filters enabled")
        } else if discovered.unread.is_empty() {
            (
                true,
                "no watched resource has the log group, or no filter of log_watch.json looks at it, or there are more than at_most",
            )
        } else {
            (false, "whether its resource is gone could not be read")
        };
        let note = FilterNote { group, name, why: why.to_owned() };
        if removed { plan.remove.push(note) } else { plan.held.push(note) }
    }
    plan.usd_a_month = Money { now: usd(ours.len()), after: usd(ours.len() + plan.create.len() - plan.remove.len()) };
    plan
}

/// The filters that should be, those that are there first: what was carried out stands when there are too many.
fn wanted(
    rules: &MetricFilters,
    discovered: &Discovered,
    there: &BTreeMap<(&str, &str), &ExistingFilter>,
    prefix: &str,
) -> Vec<FilterSpec> {
    if !rules.enabled {
        return Vec::new();
    }
    let each = rules.filters.iter().flat_map(|rule| {
        let groups = discovered.log_groups.iter().filter(|group| rule.looks_at(group));
        groups.map(move |group| spec(prefix, &rule.name, group, &rule.pattern))
    });
    let mut wanted: Vec<FilterSpec> = each.collect();
    wanted.sort_by_key(|spec| !there.contains_key(&(spec.group.as_str(), spec.name.as_str())));
    wanted
}

fn spec(prefix: &str, rule: &str, group: &str, pattern: &str) -> FilterSpec {
    let digest = digest(rule, group);
    let metric = format!("{rule} {group}");
    FilterSpec {
        group: group.to_owned(),
        name: format!("{prefix}-{rule}-{digest}"),
        pattern: pattern.to_owned(),
        namespace: namespace(prefix),
        // The digest tells long names apart that begin alike.
        metric: if metric.len() > LONGEST_METRIC {
            let cut: String = metric.chars().take(LONGEST_METRIC).collect();
            format!("{cut} {digest}")
        } else {
            metric
        },
    }
}

fn namespace(prefix: &str) -> String {
    format!("Nightjar/{prefix}/LogLines")
}

fn digest(rule: &str, group: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(rule.as_bytes());
    digest.update([0]);
    digest.update(group.as_bytes());
    hex::encode(&digest.finalize()[..5])
}

/// Whether Nightjar made it.
fn is_ours(prefix: &str, spec: &FilterSpec) -> bool {
    let rest = spec.name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
    let parts = rest.and_then(|rest| rest.rsplit_once('-'));
    spec.namespace == namespace(prefix) && parts.is_some_and(|(rule, hash)| hash == digest(rule, &spec.group))
}

fn differences(is: &ExistingFilter, should: &FilterSpec) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |field: &str, is: &str, should: &str| {
        if is != should {
            found.push(format!("{field}: {is} → {should}"));
        }
    };
    compare("pattern", &is.spec.pattern, &should.pattern);
    compare("metric", &is.spec.metric, &should.metric);
    compare("counts", if is.counts_lines { "lines" } else { "something else" }, "lines");
    found
}

fn usd(metrics: usize) -> f64 {
    (metrics as f64 * METRIC_USD_A_MONTH * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Unread;
    use crate::log_watch::MetricFilterRule;
    use proptest::prelude::*;
    use rstest::rstest;

    fn rules(enabled: bool) -> MetricFilters {
        let rule = |name: &str, groups: &str| MetricFilterRule {
            name: name.to_owned(),
            groups: vec![groups.to_owned()],
            pattern: format!("?{name}"),
            why: "x".to_owned(),
        };
        MetricFilters {
            enabled,
            filters: vec![rule("errors", "*"), rule("logins", "/ssh/*")],
            ..MetricFilters::default()
        }
    }

    fn discovered(groups: &[&str]) -> Discovered {
        Discovered { log_groups: groups.iter().map(|group| (*group).to_owned()).collect(), ..Discovered::default() }
    }

    fn there(spec: FilterSpec) -> ExistingFilter {
        ExistingFilter { spec, counts_lines: true }
    }

    /// As CloudWatch Logs would have them after the plan.
    fn done(plan: &FilterPlan, existing: &[ExistingFilter]) -> Vec<ExistingFilter> {
        let gone = |is: &ExistingFilter| {
            let spec = &is.spec;
            plan.remove.iter().any(|note| (&note.group, &note.name) == (&spec.group, &spec.name))
                || plan.change.iter().any(|step| (&step.filter.group, &step.filter.name) == (&spec.group, &spec.name))
        };
        let kept = existing.iter().filter(|is| !gone(is)).cloned();
        let put = plan.create.iter().chain(plan.change.iter().map(|step| &step.filter));
        kept.chain(put.cloned().map(there)).collect()
    }

    #[test]
    fn filters_are_made_set_right_and_removed_with_their_group() {
        let fleet = discovered(&["/app", "/ssh/a"]);
        let plan = plan_filters(&rules(true), &fleet, &[], "aiops");
        assert_eq!((plan.create.len(), plan.steps(), plan.usd_a_month.after), (3, 3, 0.9));
        let mut existing = done(&plan, &[]);
        let again = plan_filters(&rules(true), &fleet, &existing, "aiops");
        assert_eq!((again.steps(), again.in_force), (0, 3));

        existing[0].spec.pattern = "?nothing".to_owned();
        existing[1].counts_lines = false;
        let drifted = plan_filters(&rules(true), &fleet, &existing, "aiops");
        let told: Vec<_> = drifted.change.iter().flat_map(|step| step.differences.clone()).collect();
        assert_eq!(told, ["pattern: ?nothing → ?errors", "counts: something else → lines"]);
        let existing = done(&drifted, &existing);
        assert_eq!(plan_filters(&rules(true), &fleet, &existing, "aiops").steps(), 0);

        let gone = plan_filters(&rules(true), &discovered(&["/app"]), &existing, "aiops");
        assert_eq!((gone.remove.len(), gone.in_force, gone.usd_a_month.after), (2, 1, 0.3));
        let off = plan_filters(&rules(false), &fleet, &existing, "aiops");
        assert_eq!((off.remove.len(), off.create.len()), (3, 0));
    }

    #[rstest]
    #[case::another_namespace("errors", "Theirs")]
    #[case::another_name("mine", "Nightjar/aiops/LogLines")]
    fn what_others_made_is_left_alone(#[case] rule: &str, #[case] namespace: &str) {
        let mut theirs = spec("aiops", "errors", "/app", "?x");
        theirs.namespace = namespace.to_owned();
        if rule == "mine" {
            theirs.name = "aiops-mine".to_owned();
        }
        for rules in [rules(true), rules(false)] {
            let plan = plan_filters(&rules, &discovered(&["/app"]), &[there(theirs.clone())], "aiops");
            assert!(plan.remove.is_empty() && plan.change.is_empty());
            assert_eq!(plan.conflicts.len(), usize::from(rules.enabled && rule == "errors"));
        }
    }

    #[test]
    fn what_could_not_be_read_is_not_gone_and_the_cap_holds() {
        let fleet = discovered(&["/a", "/b", "/c"]);
        let capped = MetricFilters { at_most: 2, ..rules(true) };
        let plan = plan_filters(&capped, &fleet, &[], "aiops");
        assert_eq!((plan.create.len(), plan.over_cap), (2, 1));
        let existing = done(&plan, &[]);
        assert_eq!(plan_filters(&capped, &fleet, &existing, "aiops").steps(), 0);
        let mut nothing = discovered(&[]);
        nothing.unread.insert(Unread {
            source: "tag:GetResources".to_owned(),
            problem: "denied".to_owned(),
            scope: None,
        });
        let plan = plan_filters(&capped, &nothing, &existing, "aiops");
        assert_eq!((plan.remove.len(), plan.held.len()), (0, 2));
    }

    proptest! {
        #[test]
        fn what_is_carried_out_leaves_nothing_to_do(
            groups in proptest::collection::btree_set("[a-z/#_.-]{1,300}", 0..6),
            before in proptest::collection::btree_set("[a-z/]{1,4}", 0..6),
            at_most in 1..8_usize,
        ) {
            let rules = MetricFilters { at_most, ..rules(true) };
            let as_found = |groups: std::collections::BTreeSet<String>| Discovered { log_groups: groups, ..Discovered::default() };
            let first = plan_filters(&rules, &as_found(before), &[], "aiops");
            let existing = done(&first, &[]);
            let fleet = as_found(groups);
            let plan = plan_filters(&rules, &fleet, &existing, "aiops");
            prop_assert!(plan.create.iter().all(|spec| spec.metric.len() <= 255));
            let existing = done(&plan, &existing);
            prop_assert!(existing.len() <= at_most);
            prop_assert_eq!(plan_filters(&rules, &fleet, &existing, "aiops").steps(), 0);
        }
    }
}
