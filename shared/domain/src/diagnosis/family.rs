//! Which resource a metric measures, over the namespaces that name the same thing differently.

use crate::metric::Metric;

/// What a metric is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Family {
    Cpu,
    Memory,
    /// Memory that is left: the fewer the worse.
    FreeMemory,
    Disk,
    FreeDisk,
    Descriptors,
    Connections,
    /// Work that arrives: requests, bytes in.
    Arrivals,
    Sent,
    Latency,
    Errors,
    Credits,
    /// Credits of a volume.
    Burst,
    Steal,
    Status,
    Throttles,
    Other,
}

/// By the metric's name in lower case: a part of it, and what it then is. The first that fits decides.
const NAMES: &[(&str, Family)] = &[
    ("statuscheckfailed", Family::Status),
    ("cpucreditbalance", Family::Credits),
    ("burstbalance", Family::Burst),
    ("ebsbytebalance", Family::Burst),
    ("ebsiobalance", Family::Burst),
    ("cpu_usage_steal", Family::Steal),
    ("throttl", Family::Throttles),
    ("rejected", Family::Throttles),
    ("freeablememory", Family::FreeMemory),
    ("mem_available", Family::FreeMemory),
    ("mem_free", Family::FreeMemory),
    ("mem_used", Family::Memory),
    ("memoryutilization", Family::Memory),
    ("databasememoryusage", Family::Memory),
    ("jvmmemorypressure", Family::Memory),
    ("heap", Family::Memory),
    ("swap", Family::Memory),
    ("freestoragespace", Family::FreeDisk),
    ("disk_free", Family::FreeDisk),
    ("disk_inodes_free", Family::FreeDisk),
    ("disk_used", Family::Disk),
    ("diskspaceutilization", Family::Disk),
    ("open_files", Family::Descriptors),
    ("file_descriptor", Family::Descriptors),
    ("databaseconnections", Family::Connections),
    ("currconnections", Family::Connections),
    ("activeconnectioncount", Family::Connections),
    ("tcp_established", Family::Connections),
    ("cpu_usage_active", Family::Cpu),
    ("cpuutilization", Family::Cpu),
    ("processor", Family::Cpu),
    ("networkin", Family::Arrivals),
    ("networkpacketsin", Family::Arrivals),
    ("net_bytes_recv", Family::Arrivals),
    ("requestcount", Family::Arrivals),
    ("invocations", Family::Arrivals),
    ("numberofmessagesreceived", Family::Arrivals),
    ("networkout", Family::Sent),
    ("networkpacketsout", Family::Sent),
    ("net_bytes_sent", Family::Sent),
    ("latency", Family::Latency),
    ("responsetime", Family::Latency),
    ("duration", Family::Latency),
    ("5xx", Family::Errors),
    ("4xx", Family::Errors),
    ("errors", Family::Errors),
    ("unhealthyhost", Family::Errors),
];

impl Family {
    pub(super) fn of(metric: &Metric) -> Self {
        let name = metric.name.to_lowercase();
        NAMES.iter().find(|(part, _)| name.contains(part)).map_or(Self::Other, |(_, family)| *family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("CPUUtilization", Family::Cpu)]
    #[case("CPUCreditBalance", Family::Credits)]
    #[case("mem_used_percent", Family::Memory)]
    #[case("FreeableMemory", Family::FreeMemory)]
    #[case("disk_used_percent", Family::Disk)]
    #[case("StatusCheckFailed_System", Family::Status)]
    #[case("NetworkIn", Family::Arrivals)]
    #[case("Whatever", Family::Other)]
    fn names_tell(#[case] name: &str, #[case] expected: Family) {
        let metric = Metric {
            namespace: String::new(),
            name: name.to_owned(),
            dimensions: std::collections::BTreeMap::new(),
            statistic: "Average".to_owned(),
            period_seconds: 300,
            scope: None,
        };
        assert_eq!(Family::of(&metric), expected);
    }
}
