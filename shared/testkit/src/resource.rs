//! The watched instance and its CPU series.

use std::collections::BTreeMap;

use nightjar_domain::metric::Metric;
use nightjar_domain::resource::{Direction, EC2_INSTANCE, LogSource, Missing, Resource, ResourceRef, WatchedMetric};

use crate::time::at;

pub const ACCOUNT: &str = "000000000000";
pub const REGION: &str = "us-east-1";
pub const INSTANCE: &str = "i-0a1b2c3d4e5f60718";
pub const LOG_GROUP: &str = "/aws/ec2/checkout";

/// The instance as messages name it.
pub fn resource_ref() -> ResourceRef {
    ResourceRef {
        arn: format!("arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{INSTANCE}"),
        id: INSTANCE.to_owned(),
        kind: EC2_INSTANCE.to_owned(),
        region: REGION.to_owned(),
        account: ACCOUNT.to_owned(),
        name: Some("checkout".to_owned()),
    }
}

/// Its CPU utilisation, five minutes at a time.
pub fn metric() -> Metric {
    Metric {
        namespace: "AWS/EC2".to_owned(),
        name: "CPUUtilization".to_owned(),
        dimensions: BTreeMap::from([("InstanceId".to_owned(), INSTANCE.to_owned())]),
        statistic: "Average".to_owned(),
        period_seconds: 300,
        scope: None,
    }
}

/// [`metric`], abnormal above what is typical.
pub fn watched_metric() -> WatchedMetric {
    WatchedMetric { metric: metric(), direction: Direction::Above }
}

/// The instance as the inventory keeps it: monitored, opted in to reboots, one log group, no CloudWatch agent.
pub fn resource() -> Resource {
    Resource {
        reference: resource_ref(),
        tags: BTreeMap::from([
            ("Name".to_owned(), "checkout".to_owned()),
            ("aiops:log-groups".to_owned(), LOG_GROUP.to_owned()),
            ("aiops:monitor".to_owned(), "true".to_owned()),
            ("aiops:remediate".to_owned(), "reboot".to_owned()),
        ]),
        state: "running".to_owned(),
        launched_at: Some(at("2026-10-01T08:00:00Z")),
        log_sources: vec![LogSource { group: LOG_GROUP.to_owned(), stream_prefix: None }],
        metrics: vec![watched_metric()],
        missing: vec![Missing::MemoryMetric, Missing::DiskMetric],
        neighbours: BTreeMap::from([("sg-0a1b2c3d4e5f60718".to_owned(), "its security group".to_owned())]),
        onboarded_at: at("2026-11-01T00:00:00Z"),
        updated_at: at("2026-11-21T09:45:00Z"),
    }
}
