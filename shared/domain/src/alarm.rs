//! CloudWatch alarms as SNS brings them: read, and told as an anomaly of the resource they watch.
//!
//! The form of the message: "Notifying users on alarm changes" in the CloudWatch user guide.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::accounts::Scope;
use crate::anomaly::{Anomaly, ExpectedRange};
use crate::coverage::alarm;
use crate::coverage::composites::members_of;
use crate::id::AnomalyId;
use crate::metric::Metric;
use crate::resource::{Resource, ResourceRef, WatchedMetric};
use crate::severity::Severity;

/// What [`Anomaly::detector`] says where an alarm raised it.
pub const DETECTOR: &str = "cloudwatch-alarm";
/// The score of a crossed threshold: somebody said that this is too much, though not how rare it is.
const SCORE: f64 = 0.95;
/// Seconds of a period where the message names none.
const USUAL_PERIOD: u32 = 300;

/// What an alarm changed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AlarmState {
    #[serde(rename = "ALARM")]
    Alarm,
    #[serde(rename = "OK")]
    Ok,
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

/// One change of an alarm's state.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmChange {
    pub name: String,
    pub arn: String,
    pub account: String,
    pub state: AlarmState,
    pub reason: String,
    pub at: Timestamp,
    /// The resource that the description names: onboarding writes it into every alarm that it makes.
    pub of: Option<String>,
    /// The alarms that a composite alarm of Nightjar's form tells for.
    pub members: BTreeSet<String>,
    /// The metric that is watched; `None` for a composite alarm and for one over metrics of several resources.
    pub watched: Option<Watched>,
}

/// A metric and its threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub metric: Metric,
    /// Such as `GreaterThanThreshold`.
    pub comparison: String,
    /// In the metric's unit; `None` where the threshold is a band.
    pub threshold: Option<f64>,
}

/// The text is no alarm's message.
#[derive(Debug, thiserror::Error)]
pub enum AlarmError {
    #[error(
        "not the message of a CloudWatch alarm (a JSON object with AlarmName, AlarmArn, NewStateValue and StateChangeTime): {0}"
    )]
    Form(#[from] serde_json::Error),
    #[error("the alarm {name}: StateChangeTime {text:?} is not a time such as 2026-11-21T10:00:00.000+0000")]
    Time { name: String, text: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    alarm_name: String,
    alarm_arn: String,
    #[serde(default)]
    alarm_description: Option<String>,
    #[serde(default, rename = "AWSAccountId")]
    account: String,
    new_state_value: AlarmState,
    #[serde(default)]
    new_state_reason: String,
    state_change_time: String,
    trigger: Option<Trigger>,
    #[serde(default)]
    alarm_rule: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trigger {
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    #[serde(default)]
    dimensions: Vec<NamedValue>,
    period: Option<u32>,
    #[serde(default)]
    comparison_operator: String,
    threshold: Option<f64>,
    #[serde(default)]
    metrics: Vec<Query>,
}

/// Written in lower case for a plain alarm and in capitals by some versions of the message.
#[derive(Deserialize)]
struct NamedValue {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value")]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    metric_stat: Option<Stat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stat {
    metric: StatMetric,
    period: Option<u32>,
    #[serde(default, rename = "Stat")]
    statistic: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatMetric {
    #[serde(default)]
    metric_name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    dimensions: Vec<NamedValue>,
}

impl AlarmChange {
    /// Reads the text of an alarm's SNS message.
    pub fn parse(text: &str) -> Result<Self, AlarmError> {
        let message: Message = serde_json::from_str(text)?;
        let at = instant(&message.state_change_time).ok_or_else(|| AlarmError::Time {
            name: message.alarm_name.clone(),
            text: message.state_change_time.clone(),
        })?;
        Ok(Self {
            watched: message.trigger.and_then(watched),
            members: members_of(&message.alarm_rule),
            of: message.alarm_description.as_deref().and_then(alarm::resource_of).map(str::to_owned),
            name: message.alarm_name,
            arn: message.alarm_arn,
            account: message.account,
            state: message.new_state_value,
            reason: message.new_state_reason,
            at,
        })
    }

    /// Whether `text` claims to be an alarm's message, so that a topic's reader can tell it from others.
    pub fn is_one(text: &str) -> bool {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Claim {
            alarm_name: Option<serde::de::IgnoredAny>,
        }
        serde_json::from_str::<Claim>(text).is_ok_and(|claim| claim.alarm_name.is_some())
    }

    /// The resource the alarm watches, in the alarm's own account and region: the one that its description names; else the one
    /// whose own series it is; else one that a dimension names; else the one whose id the alarm's name contains. In this order,
    /// since ids alone are ambiguous: a service's metrics carry its cluster's name, and a table may be called as a queue is.
    pub fn resource<'a>(&self, inventory: &'a [Resource]) -> Option<&'a Resource> {
        let scope = Scope::of_arn(&self.arn);
        let near = |resource: &Resource| scope.as_ref().is_none_or(|scope| *scope == Scope::of(&resource.reference));
        let find =
            |fits: &dyn Fn(&Resource) -> bool| inventory.iter().find(|resource| near(resource) && fits(resource));
        let metric = self.watched.as_ref().map(|watched| &watched.metric);
        let described = self.of.as_ref().and_then(|arn| find(&|resource| resource.reference.arn == *arn));
        let by_series = || {
            let watched = metric?;
            let same = |own: &WatchedMetric| {
                own.metric.namespace == watched.namespace && own.metric.dimensions == watched.dimensions
            };
            find(&|resource| resource.metrics.iter().any(same))
        };
        let by_dimension = || {
            let named =
                |value: &String| find(&|resource| resource.reference.id == *value || resource.reference.arn == *value);
            metric?.dimensions.values().find_map(named)
        };
        let by_name = || find(&|resource| self.name.contains(&resource.reference.id));
        described.or_else(by_series).or_else(by_dimension).or_else(by_name)
    }

    /// The alarm as an anomaly of `resource`; of the alarm itself where nobody knows the resource. The same change always gives
    /// the same one.
    pub fn anomaly(&self, resource: Option<&Resource>) -> Anomaly {
        let metric = self.watched.as_ref().map_or_else(|| self.own_metric(), |watched| watched.metric.clone());
        let observed = datapoint(&self.reason);
        let threshold = self.watched.as_ref().and_then(|watched| watched.threshold);
        let from_below = self.watched.as_ref().is_some_and(|watched| watched.comparison.starts_with("Less"));
        let edge = threshold.unwrap_or(0.0);
        let expected = if from_below {
            ExpectedRange { low: edge, typical: edge, high: ExpectedRange::NO_BOUND }
        } else {
            ExpectedRange { low: -ExpectedRange::NO_BOUND, typical: edge, high: edge }
        };
        let period = SignedDuration::from_secs(i64::from(metric.period_seconds));
        Anomaly {
            id: AnomalyId::derive(&[DETECTOR, &self.arn, &self.at.to_string()]),
            resource: resource.map_or_else(|| self.unknown_resource(), |resource| resource.reference.clone()),
            metric,
            window_start: self.at - period,
            window_end: self.at,
            observed: observed.unwrap_or(edge),
            expected,
            score: SCORE,
            severity: Severity::High,
            reasons: vec![format!("the alarm {} is in ALARM: {}", self.name, short(&self.reason))],
            detector: DETECTOR.to_owned(),
        }
    }

    fn own_metric(&self) -> Metric {
        Metric {
            namespace: "AWS/CloudWatch".to_owned(),
            name: format!("Alarm {}", self.name),
            dimensions: BTreeMap::from([("AlarmName".to_owned(), self.name.clone())]),
            statistic: "Maximum".to_owned(),
            period_seconds: USUAL_PERIOD,
            scope: None,
        }
    }

    fn unknown_resource(&self) -> ResourceRef {
        let region = self.arn.split(':').nth(3).unwrap_or_default().to_owned();
        let dimensions = self.watched.iter().flat_map(|watched| watched.metric.dimensions.values());
        let id = dimensions.into_iter().next().cloned().unwrap_or_else(|| self.name.clone());
        ResourceRef {
            arn: self.arn.clone(),
            id,
            kind: "cloudwatch:alarm".to_owned(),
            region,
            account: self.account.clone(),
            name: None,
        }
    }
}

fn watched(trigger: Trigger) -> Option<Watched> {
    let named = |values: Vec<NamedValue>| values.into_iter().map(|pair| (pair.name, pair.value)).collect();
    let (comparison, threshold) = (trigger.comparison_operator, trigger.threshold);
    let metric = if let (Some(name), Some(namespace)) = (trigger.metric_name, trigger.namespace) {
        Metric {
            namespace,
            name,
            dimensions: named(trigger.dimensions),
            statistic: trigger
                .extended_statistic
                .or(trigger.statistic.map(|text| statistic(&text)))
                .unwrap_or_default(),
            period_seconds: trigger.period.unwrap_or(USUAL_PERIOD),
            scope: None,
        }
    } else {
        // Metric math and anomaly bands: the metric, where the expression has one.
        let mut stats = trigger.metrics.into_iter().filter_map(|query| query.metric_stat);
        let stat = stats.next()?;
        if stats.next().is_some() {
            return None;
        }
        Metric {
            namespace: stat.metric.namespace,
            name: stat.metric.metric_name,
            dimensions: named(stat.metric.dimensions),
            statistic: stat.statistic,
            period_seconds: stat.period.unwrap_or(USUAL_PERIOD),
            scope: None,
        }
    };
    Some(Watched { metric, comparison, threshold })
}

/// `AVERAGE` in the message is `Average` everywhere else.
fn statistic(text: &str) -> String {
    match text.to_ascii_uppercase().as_str() {
        "AVERAGE" => "Average".to_owned(),
        "SUM" => "Sum".to_owned(),
        "MINIMUM" => "Minimum".to_owned(),
        "MAXIMUM" => "Maximum".to_owned(),
        "SAMPLE_COUNT" | "SAMPLECOUNT" => "SampleCount".to_owned(),
        _ => text.to_owned(),
    }
}

/// `2026-11-21T10:00:00.000+0000`: the offset has no colon, which RFC 3339 wants.
fn instant(text: &str) -> Option<Timestamp> {
    let found = text.parse::<Timestamp>().ok().or_else(|| {
        let (time, offset) = text.split_at_checked(text.len().checked_sub(5)?)?;
        let (hours, minutes) = offset.split_at_checked(3)?;
        format!("{time}{hours}:{minutes}").parse().ok()
    })?;
    Timestamp::from_second(found.as_second()).ok()
}

/// The newest datapoint that the reason quotes: `… datapoints [95.0 (21/11/26 10:00:00)] was …`.
fn datapoint(reason: &str) -> Option<f64> {
    let quoted = reason.split_once('[')?.1;
    quoted.split([' ', ',', ']']).next()?.parse().ok().filter(|value: &f64| value.is_finite())
}

fn short(reason: &str) -> String {
    reason.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,300}", reason in "\\PC{0,80}", time in "\\PC{0,40}") {
            let _ = (AlarmChange::parse(&text), datapoint(&reason), instant(&time));
        }
    }
}
