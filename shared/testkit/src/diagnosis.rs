//! What the logs say around the anomaly.

use nightjar_domain::diagnosis::{Argument, BlastRadius, Cause, Finding, LogPattern, PatternChange};
use nightjar_domain::evidence::{
    Change, Evidence, LogEvidence, LogLine, LogSearch, MetricMove, ObservedPattern, RecentValues,
};
use nightjar_domain::metric::Metric;
use nightjar_domain::severity::Severity;

use crate::incident::anomaly;
use crate::resource::{INSTANCE, LOG_GROUP, metric};
use crate::time::at;

const OUT_OF_MEMORY: &str = "Out of memory: Killed process 4242 (java)";
const OUT_OF_MEMORY_TEMPLATE: &str = "Out of memory: Killed process <n> (java)";
const EVENTS: u64 = 12;

fn log_search() -> LogSearch {
    LogSearch {
        log_groups: vec![LOG_GROUP.to_owned()],
        from: at("2026-11-21T09:40:00Z"),
        until: at("2026-11-21T10:15:00Z"),
        query: "fields @timestamp, @message, @logStream, @log | filter @message like /(?i)(out of memory)/ \
                | sort @timestamp desc | limit 1000"
            .to_owned(),
        bytes_scanned: 1_048_576,
        matched: EVENTS,
    }
}

/// One line of the instance's log, within the anomaly's window.
pub fn log_line(message: &str) -> LogLine {
    LogLine {
        at: at("2026-11-21T09:57:00Z"),
        group: LOG_GROUP.to_owned(),
        stream: INSTANCE.to_owned(),
        message: message.to_owned(),
    }
}

/// The pattern of [`finding`], as mining gives it.
pub fn observed_pattern() -> ObservedPattern {
    ObservedPattern {
        template: OUT_OF_MEMORY_TEMPLATE.to_owned(),
        change: PatternChange::New,
        count: EVENTS,
        baseline_count: Some(0),
        ratio: None,
        level: None,
        sample: OUT_OF_MEMORY.to_owned(),
        group: LOG_GROUP.to_owned(),
        first_at: Some(at("2026-11-21T09:55:40Z")),
        last_at: Some(at("2026-11-21T09:59:10Z")),
    }
}

/// The anomaly with what the search found.
pub fn evidence() -> Evidence {
    let logs = LogEvidence { searches: vec![log_search()], patterns: vec![observed_pattern()], gaps: Vec::new() };
    Evidence { logs, ..Evidence::of(anomaly()) }
}

/// A security group's rule taken away seven minutes before the anomaly.
pub fn change() -> Change {
    Change {
        at: at("2026-11-21T09:48:00Z"),
        event: "RevokeSecurityGroupEgress".to_owned(),
        service: "ec2.amazonaws.com".to_owned(),
        by: "maria".to_owned(),
        from: "198.51.100.20".to_owned(),
        resources: vec!["sg-0a1b2c3d4e5f60718".to_owned()],
        touches: Some("its security group".to_owned()),
    }
}

fn memory_used() -> MetricMove {
    MetricMove {
        metric: Metric { namespace: "CWAgent".to_owned(), name: "mem_used_percent".to_owned(), ..metric() },
        usual: 48.2,
        during: 97.4,
        z: 33.1,
        moved_at: Some(at("2026-11-21T09:40:00Z")),
    }
}

/// Six hours of CPU utilisation: as usual, with a datapoint missing, then the anomaly.
fn recent() -> RecentValues {
    let mut values: Vec<Option<f64>> = (0..34).map(|part| Some(24.5 + f64::from(part % 5) - 2.0)).collect();
    values[12] = None;
    values.extend([Some(58.3), Some(97.2)]);
    RecentValues { from: at("2026-11-21T04:00:00Z"), until: at("2026-11-21T10:00:00Z"), values }
}

/// Memory exhaustion, twelve events, 88 % sure.
pub fn finding() -> Finding {
    Finding {
        summary: "Memory exhaustion is the likeliest cause (88 % confidence): 12 × \"Out of memory: Killed process <n> (java)\", never before".to_owned(),
        causes: vec![Cause {
            kind: "memory_exhaustion".to_owned(),
            confidence: 0.88,
            severity: Severity::Critical,
            events: EVENTS,
            templates: vec![OUT_OF_MEMORY_TEMPLATE.to_owned()],
            supports: vec![Argument {
                weight: 0.88,
                text: "12 × \"Out of memory: Killed process <n> (java)\", never before".to_owned(),
            }],
            contradicts: Vec::new(),
            next_step: "Restart the process that grew, then give it a limit or more memory.".to_owned(),
            runbook: Some("docs/runbooks.md#memory-exhaustion".to_owned()),
        }],
        error_events: EVENTS,
        patterns: vec![LogPattern {
            template: OUT_OF_MEMORY_TEMPLATE.to_owned(),
            severity: Severity::Critical,
            cause: Some("memory_exhaustion".to_owned()),
            count: EVENTS,
            baseline_count: Some(0),
            ratio: None,
            change: PatternChange::New,
            sample: OUT_OF_MEMORY.to_owned(),
            log_group: LOG_GROUP.to_owned(),
            first_at: at("2026-11-21T09:55:40Z"),
            last_at: at("2026-11-21T09:59:10Z"),
        }],
        patterns_cut: 0,
        changes: vec![change()],
        changes_cut: 0,
        metrics: vec![memory_used()],
        recent: Some(recent()),
        blast_radius: BlastRadius::Alone { of: 3 },
        state: None,
        history: Vec::new(),
        searches: vec![log_search()],
        gaps: Vec::new(),
        cost_usd: log_search().cost_usd(),
    }
}

/// The logs were searched and held no error.
pub fn finding_without_errors() -> Finding {
    let search = LogSearch { matched: 0, ..log_search() };
    Finding {
        summary: "The cause is unknown: nothing in the logs that was not there before".to_owned(),
        causes: Vec::new(),
        error_events: 0,
        patterns: Vec::new(),
        changes: Vec::new(),
        metrics: Vec::new(),
        recent: None,
        searches: vec![search],
        ..finding()
    }
}
