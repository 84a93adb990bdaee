//! The notice as a Slack message: Block Kit in an attachment, so that the severity shows as a colour.

use serde_json::{Value, json};

use super::Notice;
use crate::severity::Severity;

/// Characters of a section's text (Slack's Block Kit reference).
const SECTION_CHARS: usize = 3000;
/// Characters of one field of a section.
const FIELD_CHARS: usize = 2000;
/// Fields of one section.
const FIELDS: usize = 10;
/// Characters of a header.
const HEADER_CHARS: usize = 150;

/// Renders the body of a post to an incoming webhook.
pub fn slack_message(notice: &Notice) -> Value {
    let header = format!("{}: {}", notice.severity.as_str().to_uppercase(), notice.title);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&header, HEADER_CHARS) } }),
        json!({ "type": "section", "text": markdown(&escape(&notice.summary), SECTION_CHARS) }),
    ];
    let fields: Vec<Value> = notice
        .facts
        .iter()
        .take(FIELDS)
        .map(|(label, value)| markdown(&format!("*{label}*\n{}", escape(value)), FIELD_CHARS))
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if !notice.findings.is_empty() {
        let text =
            notice.findings.iter().map(|finding| format!("• {}", escape(finding))).collect::<Vec<_>>().join("\n");
        blocks.push(json!({ "type": "section", "text": markdown(&text, SECTION_CHARS) }));
    }
    json!({
        "text": cut(&escape(&header), SECTION_CHARS),
        "attachments": [{ "color": colour(notice.severity), "blocks": blocks }],
    })
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "#b3001b",
        Severity::High => "#e8590c",
        Severity::Medium => "#f2a900",
        Severity::Low => "#2b7bb9",
        Severity::Info => "#7a869a",
    }
}

fn markdown(text: &str, limit: usize) -> Value {
    json!({ "type": "mrkdwn", "text": cut(text, limit) })
}

/// Slack's three control characters.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// At most `limit` characters, saying so where something was cut.
fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}
