//! The notice as the payload of a signed webhook (Standard Webhooks: `type`, `timestamp`, `data`).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Notice;

/// What is posted; the signature travels in the headers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WebhookPayload {
    /// `nightjar.incident` or `nightjar.remediation`.
    #[serde(rename = "type")]
    pub kind: String,
    pub timestamp: Timestamp,
    /// The body of the message on SNS, as it was published.
    pub data: Value,
}

impl WebhookPayload {
    pub fn new(notice: &Notice, body: Value) -> Self {
        Self { kind: format!("nightjar.{}", notice.kind), timestamp: notice.occurred_at, data: body }
    }
}
