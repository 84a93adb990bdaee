//! Slack, through an incoming webhook.

use nightjar_domain::alert::{Bulletin, slack_state};
use serde_json::Value;

use super::{Channel, Outgoing, RenderError};
use crate::http::Post;
use crate::settings::Endpoint;

/// Posts Block Kit messages.
#[derive(Debug)]
pub(super) struct Slack {
    pub(super) endpoint: Endpoint,
    pub(super) mention: Option<String>,
}

impl Channel for Slack {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let body = serde_json::to_string(&pinging(slack_state(bulletin), self.mention.as_deref()))?;
        Ok(Outgoing::Post(Post { endpoint: self.endpoint.clone(), headers: Vec::new(), body }))
    }
}

/// The message with `mention` before its text.
pub(super) fn pinging(mut message: Value, mention: Option<&str>) -> Value {
    if let (Some(mention), Some(text)) = (mention, message["text"].as_str()) {
        message["text"] = format!("{mention} {text}").into();
    }
    message
}
