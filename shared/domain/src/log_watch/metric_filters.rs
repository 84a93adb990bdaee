//! The part of `config/log_watch.json` that says which lines are counted as CloudWatch metrics.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::matches_glob;

/// Filters that are made where nothing else is said.
const AT_MOST: usize = 100;
/// The most that may be made: a plan is told as one answer.
const MOST: usize = 500;
/// Characters of a name and of a pattern (CloudWatch Logs API, `PutMetricFilter`: 1,024).
const LONGEST_NAME: usize = 40;
const LONGEST_PATTERN: usize = 1024;

/// Lines that are counted as CloudWatch metrics, by metric filters that onboarding makes on the log groups of watched resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFilters {
    /// Whether they are made. Each is a custom metric: $0.30 a month.
    #[serde(default)]
    pub enabled: bool,
    /// How many are made at most, 1 to 500.
    #[serde(default = "at_most")]
    pub at_most: usize,
    #[serde(default)]
    pub filters: Vec<MetricFilterRule>,
}

/// One filter, made on every log group that it looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricFilterRule {
    /// 1 to 40 of a-z, 0-9 and -.
    pub name: String,
    /// Log groups; `*` stands for anything.
    pub groups: Vec<String>,
    /// In CloudWatch Logs' filter syntax: `?ERROR ?FATAL` counts lines with either.
    pub pattern: String,
    pub why: String,
}

fn at_most() -> usize {
    AT_MOST
}

impl Default for MetricFilters {
    fn default() -> Self {
        Self { enabled: false, at_most: AT_MOST, filters: Vec::new() }
    }
}

impl MetricFilterRule {
    /// Whether it is made on the group.
    pub fn looks_at(&self, group: &str) -> bool {
        self.groups.iter().any(|pattern| matches_glob(pattern, group))
    }
}

impl MetricFilters {
    /// Everything that is wrong with it, each with its place.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=MOST).contains(&self.at_most) {
            problems.push(format!("metric_filters.at_most: {} is not from 1 to {MOST}", self.at_most));
        }
        if self.enabled && self.filters.is_empty() {
            problems.push("metric_filters: enabled, and there are no filters".to_owned());
        }
        let mut names = BTreeSet::new();
        for (index, filter) in self.filters.iter().enumerate() {
            let at = format!("metric_filters.filters[{index}] ({})", filter.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !(1..=LONGEST_NAME).contains(&filter.name.len()) || !filter.name.chars().all(plain) {
                problems.push(format!("{at}: the name is not 1 to {LONGEST_NAME} of a-z, 0-9 and -"));
            } else if !names.insert(&filter.name) {
                problems.push(format!("{at}: the name is taken"));
            }
            if filter.groups.is_empty() {
                problems.push(format!("{at}: groups is empty; [\"*\"] is every group"));
            }
            if filter.pattern.trim().is_empty() {
                problems.push(format!("{at}: the pattern is empty and would count every line"));
            } else if filter.pattern.chars().count() > LONGEST_PATTERN {
                problems.push(format!("{at}: the pattern has more than {LONGEST_PATTERN} characters"));
            }
        }
        problems
    }
}
