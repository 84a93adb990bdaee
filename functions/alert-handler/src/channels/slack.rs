//! Slack, through an incoming webhook.

use nightjar_domain::alert::{Bulletin, slack_message};

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
        let mut message = slack_message(&bulletin.notice);
        if let (Some(mention), Some(text)) = (&self.mention, message["text"].as_str()) {
            message["text"] = format!("{mention} {text}").into();
        }
        let body = serde_json::to_string(&message)?;
        Ok(Outgoing::Post(Post { endpoint: self.endpoint.clone(), headers: Vec::new(), body }))
    }
}
