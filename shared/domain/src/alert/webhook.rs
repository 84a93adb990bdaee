//! The notice as the payload of a signed webhook (Standard Webhooks: `type`, `timestamp`, `data`).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::bulletin::{Bulletin, Standing};

/// Alerts of a group in one payload; `alerts_cut` counts the rest.
const MOST_ALERTS: usize = 100;

/// What is posted; the signature travels in the headers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WebhookPayload {
    /// `nightjar.incident` or `nightjar.remediation` with the message itself, or `nightjar.group`.
    #[serde(rename = "type")]
    pub kind: String,
    pub timestamp: Timestamp,
    /// The body of the message on SNS, as it was published; or the group's alerts.
    pub data: Value,
}

impl WebhookPayload {
    /// The message itself for one alert that fires; for anything else what is known of the group and its alerts.
    pub fn new(bulletin: &Bulletin) -> Self {
        let notice = &bulletin.notice;
        let timestamp = notice.occurred_at;
        if let (Standing::Firing, Some(body)) = (bulletin.standing, &bulletin.body) {
            return Self { kind: format!("nightjar.{}", notice.kind), timestamp, data: body.clone() };
        }
        let shown = bulletin.lines.len().min(MOST_ALERTS);
        let data = json!({
            "group": bulletin.group,
            "status": bulletin.standing,
            "because": bulletin.because,
            "title": notice.title,
            "severity": notice.severity,
            "alerts": bulletin.lines.get(..shown).unwrap_or_default(),
            "alerts_cut": bulletin.lines.len() - shown,
        });
        Self { kind: "nightjar.group".to_owned(), timestamp: bulletin.sent_at, data }
    }
}
