//! A watched AWS resource, as the inventory keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// The resource type of an EC2 instance, in the words of the Resource Groups Tagging API.
pub const EC2_INSTANCE: &str = "ec2:instance";

/// What identifies a resource in every message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResourceRef {
    pub arn: String,
    /// The short name people use: `i-0abc…` for an instance.
    pub id: String,
    /// `service:type`, such as `ec2:instance`.
    #[serde(rename = "type")]
    pub kind: String,
    pub region: String,
    pub account: String,
    /// The `Name` tag, where there is one.
    pub name: Option<String>,
}

impl ResourceRef {
    /// How people call it: its name and its id, or the id alone.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} ({})", self.id),
            None => self.id.clone(),
        }
    }
}

/// A log group to search for a resource, and optionally the prefix of the streams that are its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogSource {
    pub group: String,
    /// Given where several resources share a group.
    pub stream_prefix: Option<String>,
}

/// What a resource lacks, so that nobody believes it is covered when it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// No log group is named by tag or found by convention: root causes cannot be read from logs.
    LogGroup,
    /// A tag names a log group that does not exist.
    NamedLogGroup,
    /// No memory metric: the CloudWatch agent does not report for it.
    MemoryMetric,
    /// No disk metric: the CloudWatch agent does not report for it.
    DiskMetric,
}

impl Missing {
    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::LogGroup => "name its log groups in the log-groups tag",
            Self::NamedLogGroup => "create the log group that the log-groups tag names, or mend the tag",
            Self::MemoryMetric => {
                "install the CloudWatch agent and collect mem_used_percent with the InstanceId dimension"
            }
            Self::DiskMetric => {
                "install the CloudWatch agent and collect disk_used_percent with the InstanceId dimension"
            }
        }
    }
}

/// One item of the inventory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Resource {
    #[serde(flatten)]
    pub reference: ResourceRef,
    pub tags: BTreeMap<String, String>,
    /// The state AWS reports, such as `running`.
    pub state: String,
    pub launched_at: Option<Timestamp>,
    pub log_sources: Vec<LogSource>,
    /// The series the detector watches.
    pub metrics: Vec<WatchedMetric>,
    pub missing: Vec<Missing>,
    /// What stands around it, by the name that CloudTrail lists: its security groups, role, volumes. A change of one of
    /// them is a change of the resource.
    #[serde(default)]
    pub neighbours: BTreeMap<String, String>,
    pub onboarded_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A series and the side on which it counts as abnormal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WatchedMetric {
    #[serde(flatten)]
    pub metric: Metric,
    pub direction: Direction,
}

/// The side of the expected range on which a value is worth an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Above,
    Below,
    Both,
}

impl Direction {
    /// Whether `observed` lies on a side that counts, seen from what is typical.
    pub fn admits(self, observed: f64, typical: f64) -> bool {
        match self {
            Self::Above => observed > typical,
            Self::Below => observed < typical,
            Self::Both => true,
        }
    }
}
