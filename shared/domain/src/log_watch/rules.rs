//! The rules of `config/log_watch.json`, and the anomaly that one raises.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric_filters::MetricFilters;
use super::watched::Rates;
use super::{DETECTOR, NAMESPACE};
use crate::anomaly::{Anomaly, ExpectedRange};
use crate::metric::Metric;
use crate::resource::{LogSource, ResourceRef};
use crate::severity::Severity;

/// The document `config/log_watch.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogWatchDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub rules: Vec<LogRule>,
    #[serde(default)]
    pub metric_filters: MetricFilters,
}

/// One rule: so many lines of a kind within a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRule {
    pub name: String,
    /// Log groups; `*` stands for anything.
    pub groups: Vec<String>,
    /// Which lines are counted.
    pub counts: Counts,
    /// 5 to 60, a multiple of 5.
    pub window_minutes: u32,
    /// Fewer lines in the window are no trouble.
    pub at_least: u64,
    /// The rate in the window over the rate in the hours before, at least. Without it the number alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times_usual: Option<f64>,
    pub severity: Severity,
    pub why: String,
}

/// Which lines a rule counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Errors by the program's level or by `log_signals.json` (medium and worse).
    Errors,
    /// Lines that `log_signals.json` counts to one of these causes.
    Causes(Vec<String>),
    /// Lines with one of these phrases: plain words, `*` for anything within 80 characters, in either case.
    Phrases(Vec<String>),
}

/// What is wrong with the document.
#[derive(Debug, thiserror::Error)]
pub enum LogWatchError {
    #[error("log_watch.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("log_watch.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

impl LogRule {
    pub(super) fn looks_at(&self, group: &str) -> bool {
        self.groups.iter().any(|pattern| matches_glob(pattern, group))
    }

    /// The series that the rule makes of a group's lines.
    fn metric(&self, source: &LogSource) -> Metric {
        let mut dimensions = BTreeMap::from([("LogGroup".to_owned(), source.group.clone())]);
        if let Some(prefix) = &source.stream_prefix {
            dimensions.insert("StreamPrefix".to_owned(), prefix.clone());
        }
        Metric {
            namespace: NAMESPACE.to_owned(),
            name: self.name.clone(),
            dimensions,
            statistic: "Sum".to_owned(),
            period_seconds: self.window_minutes * 60,
            scope: None,
        }
    }

    pub(super) fn anomaly(
        &self,
        rates: &Rates,
        source: &LogSource,
        resource: &ResourceRef,
        until: Timestamp,
        sample: Option<&str>,
        cost_usd: f64,
    ) -> Anomaly {
        let metric = self.metric(source);
        let usual = rates.usual();
        let minutes = self.window_minutes;
        let compared = match self.times_usual {
            Some(_) => format!(", where {usual:.1} are usual"),
            None => format!(", and {} are taken to be trouble", self.at_least),
        };
        let mut reasons =
            vec![format!("{} lines of {} in {minutes} minutes in {}{compared}", rates.now, self.name, source.group)];
        reasons.extend(sample.map(|sample| format!("such as: {sample}")));
        reasons.push(format!("reading these five minutes cost {cost_usd:.6} USD"));
        let high = self.times_usual.map_or(self.at_least as f64, |times| (usual * times).max(self.at_least as f64));
        Anomaly {
            id: Anomaly::identify(&metric, until),
            resource: resource.clone(),
            window_start: until - SignedDuration::from_mins(i64::from(minutes)),
            window_end: until,
            observed: rates.now as f64,
            expected: ExpectedRange { low: 0.0, typical: usual, high },
            score: if self.severity >= Severity::High { 0.97 } else { 0.9 },
            severity: self.severity,
            reasons,
            detector: DETECTOR.to_owned(),
            metric,
        }
    }
}

/// `*` stands for anything, also for nothing.
pub(super) fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("*", "anything", true)]
    #[case("/aws/*", "/aws/x", true)]
    #[case("/aws/*/a*z", "/aws/b/abcz", true)]
    #[case("/aws/*/a*z", "/aws/b/abc", false)]
    #[case("/aws/x", "/aws/xy", false)]
    fn globs(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches_glob(pattern, text), expected);
    }
}
