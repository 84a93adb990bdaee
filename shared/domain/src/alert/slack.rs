//! The notice as a Slack message: Block Kit in an attachment, so that the severity shows as a colour.

use serde_json::{Value, json};

use super::Notice;
use super::bulletin::{Bulletin, Standing};
use super::text::{cut, plain};
use crate::routing::Because;
use crate::severity::Severity;

/// Characters of a section's text (Slack's Block Kit reference).
const SECTION_CHARS: usize = 3000;
/// Characters of one field of a section.
const FIELD_CHARS: usize = 2000;
/// Fields of one section.
const FIELDS: usize = 10;
/// Characters of a header.
const HEADER_CHARS: usize = 150;
/// The colour of what is over.
const OVER: &str = "#2e7d32";

/// Renders the body of a post to an incoming webhook.
pub fn slack_message(notice: &Notice) -> Value {
    let header = format!("{}: {}", notice.severity.as_str().to_uppercase(), notice.title);
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&plain(&header), HEADER_CHARS) } })];
    // Slack refuses the whole message for one empty text.
    if !plain(&notice.summary).is_empty() {
        blocks.push(json!({ "type": "section", "text": markdown(&notice.summary, SECTION_CHARS) }));
    }
    let fields: Vec<Value> = notice
        .facts
        .iter()
        .take(FIELDS)
        .map(|(label, value)| markdown(&format!("*{label}*\n{value}"), FIELD_CHARS))
        .collect();
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    if !notice.findings.is_empty() {
        let text = notice.findings.iter().map(|finding| format!("• {finding}")).collect::<Vec<_>>().join("\n");
        blocks.push(json!({ "type": "section", "text": markdown(&text, SECTION_CHARS) }));
    }
    // Links in the text, not buttons: Slack reports every press of a button to the app, its link followed or not, and shows a
    // warning where nobody answers. An incoming webhook has nobody who could.
    let links: Vec<String> =
        notice.links().iter().map(|(title, link)| format!("<{}|{title}>", address(link))).collect();
    if !links.is_empty() {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": links.join("  ·  ") } }));
    }
    json!({
        "text": escape(&plain(&header), SECTION_CHARS),
        "attachments": [{ "color": colour(notice.severity), "blocks": blocks }],
    })
}

/// What holds of a group now: the message, green once it is over.
pub fn slack_state(bulletin: &Bulletin) -> Value {
    let mut message = slack_message(&bulletin.notice);
    if bulletin.standing == Standing::Resolved {
        message["attachments"][0]["color"] = json!(OVER);
    }
    message
}

/// What joins the thread of a group's first message: all of it where it is news, which the channel sees as well; else one line.
pub fn slack_reply(bulletin: &Bulletin) -> Value {
    let is_news = matches!(bulletin.because, Because::NewAlerts | Because::SilenceEnded | Because::Repeat);
    if is_news {
        let mut message = slack_state(bulletin);
        message["reply_broadcast"] = json!(true);
        return message;
    }
    json!({ "text": escape(&plain(&bulletin.notice.title), SECTION_CHARS) })
}

/// The address of a link, without what would end it.
fn address(link: &str) -> String {
    link.replace('&', "&amp;").replace('|', "%7C").replace('<', "%3C").replace('>', "%3E")
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
    // Verbatim: no name of a channel or a person in a log line becomes a ping.
    json!({ "type": "mrkdwn", "text": escape(&plain(text), limit), "verbatim": true })
}

/// Escapes Slack's three control characters. At most `limit` characters come out, and no escape is cut in two.
fn escape(text: &str, limit: usize) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut chars = 0;
    for c in text.chars() {
        let mut buffer = [0; 4];
        let piece = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => &*c.encode_utf8(&mut buffer),
        };
        chars += piece.chars().count();
        // One place stays free for the sign that something was cut.
        if chars > limit - 1 {
            escaped.push('…');
            break;
        }
        escaped.push_str(piece);
    }
    escaped
}
