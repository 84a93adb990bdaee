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
