//! The notice as an Adaptive Card for a Microsoft Teams Workflows webhook.

use serde_json::{Value, json};

use super::Notice;
use super::text::{cut, plain};
use crate::severity::Severity;

/// Teams refuses messages above 28 KB.
const MOST_BYTES: usize = 28 * 1024;
/// Characters of a title, a summary, a fact and a finding: the first cut; more is cut until the card fits.
const TITLE_CHARS: usize = 300;
const SUMMARY_CHARS: usize = 2000;
const FACT_CHARS: usize = 500;
const FINDING_CHARS: usize = 800;

/// Renders the message with one card. Findings are dropped from the end until it fits: title, cause and link stay.
pub fn teams_message(notice: &Notice) -> Value {
    let mut findings = notice.findings.len();
    loop {
        let message = message(notice, findings);
        if findings == 0 || message.to_string().len() <= MOST_BYTES {
            return message;
        }
        findings -= 1;
    }
}

fn message(notice: &Notice, shown: usize) -> Value {
    let title = format!("{}: {}", notice.severity.as_str().to_uppercase(), notice.title);
    let mut body = vec![json!({
        "type": "TextBlock", "size": "Large", "weight": "Bolder", "wrap": true,
        "color": colour(notice.severity), "text": escaped(&title, TITLE_CHARS),
    })];
    if !notice.summary.is_empty() {
        body.push(json!({ "type": "TextBlock", "wrap": true, "text": escaped(&notice.summary, SUMMARY_CHARS) }));
    }
    let facts: Vec<Value> = notice
        .facts
        .iter()
        .map(|(label, value)| json!({ "title": label, "value": escaped(value, FACT_CHARS) }))
        .collect();
    if !facts.is_empty() {
        body.push(json!({ "type": "FactSet", "facts": facts }));
    }
    for finding in notice.findings.iter().take(shown) {
        body.push(json!({ "type": "TextBlock", "wrap": true, "text": escaped(finding, FINDING_CHARS) }));
    }
    if notice.findings.len() > shown {
        let cut = notice.findings.len() - shown;
        body.push(json!({ "type": "TextBlock", "isSubtle": true, "text": format!("{cut} more in the incident") }));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard", "version": "1.4", "body": body,
    });
    let actions: Vec<Value> = notice
        .links()
        .into_iter()
        .map(|(title, link)| json!({ "type": "Action.OpenUrl", "title": title, "url": link }))
        .collect();
    if !actions.is_empty() {
        card["actions"] = json!(actions);
    }
    json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card }],
    })
}

fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "Attention",
        Severity::Medium => "Warning",
        Severity::Low => "Accent",
        Severity::Info => "Default",
    }
}

/// Text blocks read a subset of Markdown and `{{DATE(…)}}`: what means something there is escaped.
fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for c in cut(&plain(text), limit).chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '`' | '~' | '>' | '<' | '!') {
            out.push('\\');
        }
        out.push(c);
        if c == '{' {
            // Breaks `{{DATE(…)}}` apart without being seen.
            out.push('\u{200b}');
        }
    }
    out
}
