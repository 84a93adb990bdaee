//! Slack, through an incoming webhook.

use jiff::Timestamp;
use nightjar_domain::alert::slack_message;
use nightjar_domain::id::NotificationId;

use super::{Channel, RenderError};
use crate::alert::Alert;
use crate::http::Post;
use crate::settings::Endpoint;

/// Posts Block Kit messages.
#[derive(Debug)]
pub(super) struct Slack {
    endpoint: Endpoint,
}

impl Slack {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint }
    }
}

impl Channel for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn render(&self, alert: &Alert, _id: &NotificationId, _now: Timestamp) -> Result<Post, RenderError> {
        let body = serde_json::to_string(&slack_message(&alert.notice))?;
        Ok(Post { endpoint: self.endpoint.clone(), headers: Vec::new(), body })
    }
}
