//! What the logs say around the anomaly.

use nightjar_domain::diagnosis::{Cause, Finding, LogPattern};
use nightjar_domain::evidence::{Evidence, LogEvidence, LogLine, LogSearch};
use nightjar_domain::severity::Severity;

use crate::incident::anomaly;
use crate::resource::{INSTANCE, LOG_GROUP};
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

/// The anomaly with the lines the search found.
pub fn evidence() -> Evidence {
    Evidence {
        anomaly: anomaly(),
        logs: LogEvidence {
            searches: vec![log_search()],
            lines: vec![log_line(OUT_OF_MEMORY); EVENTS as usize],
            gaps: Vec::new(),
        },
    }
}

/// Memory exhaustion, twelve events, 88 % sure.
pub fn finding() -> Finding {
    Finding {
        summary: "Memory exhaustion is the likeliest cause (88 % confidence, 12 log events)".to_owned(),
        causes: vec![Cause {
            kind: "memory_exhaustion".to_owned(),
            confidence: 0.88,
            severity: Severity::Critical,
            events: EVENTS,
            templates: vec![OUT_OF_MEMORY_TEMPLATE.to_owned()],
        }],
        error_events: EVENTS,
        patterns: vec![LogPattern {
            template: OUT_OF_MEMORY_TEMPLATE.to_owned(),
            severity: Severity::Critical,
            cause: Some("memory_exhaustion".to_owned()),
            count: EVENTS,
            sample: OUT_OF_MEMORY.to_owned(),
            log_group: LOG_GROUP.to_owned(),
            first_at: at("2026-11-21T09:55:40Z"),
            last_at: at("2026-11-21T09:59:10Z"),
        }],
        patterns_cut: 0,
        searches: vec![log_search()],
        gaps: Vec::new(),
        cost_usd: log_search().cost_usd(),
    }
}

/// The logs were searched and held no error.
pub fn finding_without_errors() -> Finding {
    let search = LogSearch { matched: 0, ..log_search() };
    Finding {
        summary: "No errors in the logs around the anomaly".to_owned(),
        causes: Vec::new(),
        error_events: 0,
        patterns: Vec::new(),
        searches: vec![search],
        ..finding()
    }
}
