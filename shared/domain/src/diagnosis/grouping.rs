//! Groups error lines that differ only in their variable parts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;

use super::{LogPattern, LogSignals};
use crate::evidence::LogLine;

/// Characters of a sample that are kept.
const SAMPLE_CHARS: usize = 500;
/// Characters of a line that tell it from others; what follows is data.
const TEMPLATE_CHARS: usize = 300;

/// What is masked, in this order: the longer shapes before the numbers inside them.
static MASKS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?", "<time>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
        (r"\barn:aws[\w-]*:\S+", "<arn>"),
        (r"\b(?:i|vol|eni|sg|subnet|vpc|ami|snap)-[0-9a-f]{8,17}\b", "<aws-id>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<ip>"),
        (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
        (r"\b[0-9a-fA-F]{12,}\b", "<hex>"),
        (r"\d+(?:\.\d+)?", "<n>"),
    ]
    .into_iter()
    .filter_map(|(pattern, mask)| Some((Regex::new(pattern).ok()?, mask)))
    .collect()
});

/// The line with its variable parts masked.
fn template(message: &str) -> String {
    let first_line: String =
        message.trim_start().lines().next().unwrap_or_default().chars().take(TEMPLATE_CHARS).collect();
    MASKS
        .iter()
        .fold(first_line.trim_end().to_owned(), |text, (pattern, mask)| pattern.replace_all(&text, *mask).into_owned())
}

/// Counts the lines that `signals` calls errors, by log group and template.
pub(super) fn group(lines: &[LogLine], signals: &LogSignals) -> Vec<LogPattern> {
    let mut patterns: BTreeMap<(String, String), LogPattern> = BTreeMap::new();
    for line in lines {
        let Some(signal) = signals.classify(&line.message) else { continue };
        let template = template(&line.message);
        patterns
            .entry((line.group.clone(), template.clone()))
            .and_modify(|pattern| {
                pattern.count += 1;
                pattern.first_at = pattern.first_at.min(line.at);
                pattern.last_at = pattern.last_at.max(line.at);
            })
            .or_insert_with(|| LogPattern {
                template,
                severity: signal.severity,
                cause: signal.cause.clone(),
                count: 1,
                sample: line.message.chars().take(SAMPLE_CHARS).collect(),
                log_group: line.group.clone(),
                first_at: line.at,
                last_at: line.at,
            });
    }
    patterns.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mask_compiles() {
        assert_eq!(MASKS.len(), 8);
    }

    #[rstest::rstest]
    #[case::timestamp("2026-11-21T10:00:00.123Z ERROR boom", "<time> ERROR boom")]
    #[case::uuid("request 7f9c24e8-3b12-4fef-91d0-5d7b0c1a2b3c failed", "request <uuid> failed")]
    #[case::address("connect to 10.0.3.17:5432 refused", "connect to <ip> refused")]
    #[case::instance("i-0123456789abcdef0 unreachable", "<aws-id> unreachable")]
    #[case::numbers("took 1532.5 ms for 3 rows", "took <n> ms for <n> rows")]
    #[case::stack_trace("Error: boom 7\n    at main (app.js:1:2)", "Error: boom <n>")]
    fn masks_what_varies(#[case] message: &str, #[case] expected: &str) {
        assert_eq!(template(message), expected);
    }
}
