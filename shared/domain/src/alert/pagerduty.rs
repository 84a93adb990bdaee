//! The notification as an event of `PagerDuty`'s Events API v2.

use serde_json::{Value, json};

use super::bulletin::{Bulletin, Standing};
use super::text::{cut, plain};
use crate::severity::Severity;

/// Characters of a summary (`PagerDuty`'s field limit).
const SUMMARY_CHARS: usize = 1024;
/// `PagerDuty` refuses events above 512 KB.
const DETAIL_CHARS: usize = 2000;

/// Renders the event: trigger, acknowledge or resolve, by the group's dedup key.
pub fn pagerduty_event(bulletin: &Bulletin, routing_key: &str) -> Value {
    let notice = &bulletin.notice;
    let action = match bulletin.standing {
        Standing::Firing => "trigger",
        Standing::Acknowledged => "acknowledge",
        Standing::Resolved => "resolve",
    };
    let mut event = json!({ "routing_key": routing_key, "event_action": action, "dedup_key": bulletin.dedup_key() });
    if bulletin.standing != Standing::Firing {
        return event;
    }
    let facts =
        notice.facts.iter().map(|(label, value)| ((*label).to_owned(), json!(cut(&plain(value), DETAIL_CHARS))));
    let findings: Vec<String> = notice.findings.iter().map(|finding| cut(&plain(finding), DETAIL_CHARS)).collect();
    let details: serde_json::Map<String, Value> = facts
        .chain([("Summary".to_owned(), json!(cut(&plain(&notice.summary), DETAIL_CHARS)))])
        .chain([("Findings".to_owned(), json!(findings))])
        .collect();
    let source = if notice.resource_id.is_empty() { "nightjar" } else { &notice.resource_id };
    event["payload"] = json!({
        "summary": cut(&plain(&notice.title), SUMMARY_CHARS),
        "source": source,
        "severity": severity(notice.severity),
        "timestamp": notice.occurred_at,
        "component": "nightjar",
        "custom_details": details,
    });
    let links: Vec<Value> =
        notice.links().into_iter().map(|(title, link)| json!({ "href": link, "text": title })).collect();
    if !links.is_empty() {
        event["links"] = json!(links);
    }
    event
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info => "info",
    }
}
