//! What was gathered around an anomaly, before anybody judges it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::diagnosis::{PatternChange, Sibling};
use crate::metric::Metric;

/// The input of a diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub anomaly: Anomaly,
    pub logs: LogEvidence,
    /// What people and programs changed before the anomaly.
    pub changes: Vec<Change>,
    /// Other metrics of the resource.
    pub metrics: Vec<MetricMove>,
    /// The anomalous metric itself in the hours before, where it could be read.
    pub recent: Option<RecentValues>,
    pub siblings: Vec<Sibling>,
    /// What EC2 says of the instance.
    pub state: Option<InstanceCondition>,
    pub history: Vec<PastIncident>,
    /// What should have been read, besides logs, and was not.
    pub gaps: Vec<Gap>,
    /// The resource's tags.
    pub tags: BTreeMap<String, String>,
    /// Metrics asked for with GetMetricData.
    pub metrics_read: u64,
}

impl Evidence {
    /// An anomaly, before anything was gathered.
    pub fn of(anomaly: Anomaly) -> Self {
        Self {
            anomaly,
            logs: LogEvidence::default(),
            changes: Vec::new(),
            metrics: Vec::new(),
            recent: None,
            siblings: Vec::new(),
            state: None,
            history: Vec::new(),
            gaps: Vec::new(),
            tags: BTreeMap::new(),
            metrics_read: 0,
        }
    }

    /// USD for a metric asked for with GetMetricData (0.01 a thousand; us-east-1, AWS's CloudWatch pricing page, 2026).
    const USD_PER_METRIC: f64 = 0.000_01;

    /// What gathering cost, in USD: bytes that Logs Insights scanned and metrics asked for. CloudTrail's look-ups are free; what
    /// the function itself and its tables cost is below a thousandth of a cent.
    pub fn cost_usd(&self) -> f64 {
        let logs: f64 = self.logs.searches.iter().map(LogSearch::cost_usd).sum();
        logs + self.metrics_read as f64 * Self::USD_PER_METRIC
    }
}

/// Everything read from logs, and what could not be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogEvidence {
    pub searches: Vec<LogSearch>,
    /// What the lines of the anomaly's window have in common, compared with a window before.
    pub patterns: Vec<ObservedPattern>,
    pub gaps: Vec<Gap>,
}

/// Log events of one template, in the anomaly's window and in the baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedPattern {
    pub template: String,
    pub change: PatternChange,
    pub count: u64,
    /// `None` without a baseline.
    pub baseline_count: Option<u64>,
    /// The rate now over the rate before; `None` where there is nothing to divide by.
    pub ratio: Option<f64>,
    /// As the program wrote it, such as `ERROR`, where it could be told.
    pub level: Option<String>,
    /// One event as it was written.
    pub sample: String,
    pub group: String,
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
}

/// One search that was made: enough for a person to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogSearch {
    pub log_groups: Vec<String>,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The Logs Insights query.
    pub query: String,
    /// Bytes scanned, as Logs Insights reports them; 0 where FilterLogEvents served.
    pub bytes_scanned: u64,
    /// How many events matched; at most the query's limit.
    pub matched: u64,
}

impl LogSearch {
    /// USD for a GB that Logs Insights scans (us-east-1; AWS's CloudWatch pricing page, 2026).
    const USD_PER_GB: f64 = 0.005;

    /// What the search cost, in USD.
    pub fn cost_usd(&self) -> f64 {
        self.bytes_scanned as f64 / 1e9 * Self::USD_PER_GB
    }
}

/// One event of a log group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: Timestamp,
    pub group: String,
    pub stream: String,
    pub message: String,
}

/// Something that should have been looked at and was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Gap {
    /// What was to be read, such as a log group.
    pub source: String,
    /// Why it was not, and what would help.
    pub reason: String,
}

/// One event of CloudTrail that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    pub at: Timestamp,
    /// The API action, such as `RevokeSecurityGroupIngress`.
    pub event: String,
    /// The service, such as `ec2.amazonaws.com`.
    pub service: String,
    /// Who: a user, or a role with its session.
    pub by: String,
    /// From where: an address, or the name of an AWS service.
    pub from: String,
    /// The resources that CloudTrail lists for it.
    pub resources: Vec<String>,
    /// How the change touches the resource of the incident: `None` where it does not.
    pub touches: Option<String>,
}

/// What one metric did around the onset, judged against its own hours before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MetricMove {
    pub metric: Metric,
    /// The median of the hours before.
    pub usual: f64,
    /// The value during the anomaly that lies farthest from it.
    pub during: f64,
    /// Robust z: distance from the median in units of 1.4826 · MAD; positive above.
    pub z: f64,
    /// When it left its band, if it did.
    pub moved_at: Option<Timestamp>,
}

/// What the anomalous metric was in the hours before, for a chart of one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecentValues {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Equal parts of the time, at most 36: of each the value farthest from what is typical, in the metric's unit; none where
    /// there was no datapoint.
    pub values: Vec<Option<f64>>,
}

impl RecentValues {
    /// Parts of the time: as many signs fit into a line of a phone.
    const PARTS: i64 = 36;

    /// What `points`, in any order, show between `from` and `until`. `None` where that is less than two values.
    pub fn of(points: &[(Timestamp, f64)], typical: f64, from: Timestamp, until: Timestamp) -> Option<Self> {
        let length = until.as_second() - from.as_second();
        if length <= 0 {
            return None;
        }
        let mut values: Vec<Option<f64>> = vec![None; Self::PARTS as usize];
        for (at, value) in points.iter().filter(|(at, value)| (from..until).contains(at) && value.is_finite()) {
            let part = (at.as_second() - from.as_second()) * Self::PARTS / length;
            if let Some(kept) = values.get_mut(part as usize)
                && kept.is_none_or(|kept| (kept - typical).abs() < (value - typical).abs())
            {
                *kept = Some(*value);
            }
        }
        (values.iter().flatten().count() >= 2).then_some(Self { from, until, values })
    }
}

impl MetricMove {
    /// The anomaly itself as a move: it left its band, or there would be none.
    pub fn of(anomaly: &Anomaly) -> Self {
        let expected = anomaly.expected;
        // A threshold has one bound and tells of no spread.
        let spread = (expected.width().unwrap_or(0.0) / 6.0).max(expected.typical.abs() * 0.02).max(1e-9);
        Self {
            metric: anomaly.metric.clone(),
            usual: expected.typical,
            during: anomaly.observed,
            z: (anomaly.observed - expected.typical) / spread,
            moved_at: Some(anomaly.window_start),
        }
    }
}

/// What EC2 says of an instance: `DescribeInstances` and `DescribeInstanceStatus`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InstanceCondition {
    /// Such as `running`.
    pub state: String,
    /// Why it changed last, as EC2 says it, such as `Server.SpotInstanceTermination: …`; empty while it runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When it was started last.
    pub launched_at: Option<Timestamp>,
    /// Whether AWS may take it back.
    pub is_spot: bool,
    /// The check of what the instance stands on: `ok`, `impaired`, `initializing`, `insufficient-data` or `not-applicable`.
    pub system_check: String,
    /// The check of the instance itself, in the same words.
    pub instance_check: String,
    /// What AWS is going to do with it.
    pub events: Vec<ScheduledEvent>,
}

/// An event that AWS scheduled for an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScheduledEvent {
    /// `instance-reboot`, `system-reboot`, `system-maintenance`, `instance-retirement` or `instance-stop`.
    pub code: String,
    pub description: String,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
}

impl ScheduledEvent {
    /// AWS keeps what is over for a while and says so in front of the description.
    pub fn is_over(&self) -> bool {
        ["[Completed]", "[Canceled]"].iter().any(|mark| self.description.starts_with(mark))
    }

    /// As people read it.
    pub fn text(&self) -> String {
        let when = match (self.not_before, self.not_after) {
            (Some(begin), Some(end)) => format!(" between {begin} and {end}"),
            (Some(begin), None) => format!(" from {begin} on"),
            (None, Some(end)) => format!(" until {end}"),
            (None, None) => String::new(),
        };
        format!("AWS scheduled {} for it{when}: {}", self.code, self.description)
    }
}

impl InstanceCondition {
    /// As people read it, a line each.
    pub fn text(&self, onset: Timestamp) -> Vec<String> {
        let spot = if self.is_spot { ", spot" } else { "" };
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        let age = self.launched_at.map(|launched| match onset.duration_since(launched).as_mins() {
            minutes @ 0..120 => format!(", started {minutes} minutes before"),
            minutes @ 120.. => format!(", started {} hours before", minutes / 60),
            _ => format!(", started at {launched}, after the trouble began"),
        });
        let checks = match (self.system_check.as_str(), self.instance_check.as_str()) {
            ("", "") => String::new(),
            (system, instance) => format!("; checks: host {system}, instance {instance}"),
        };
        let mut lines = vec![format!("{}{spot}{}{checks}{reason}", self.state, age.unwrap_or_default())];
        lines.extend(self.events.iter().map(ScheduledEvent::text));
        lines
    }
}

/// An incident of the same kind on the same resource, before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PastIncident {
    pub id: String,
    pub opened_at: Timestamp,
    /// What its likeliest cause was.
    pub cause: String,
    /// What ended it, in the words of the timeline; `None` where it still stands.
    pub ended: Option<String>,
}

/// What a resource is tagged with, and what surrounds it: whose changes count as touching it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The name or id a CloudTrail event would list, and what it is to the resource.
    pub names: BTreeMap<String, String>,
}
