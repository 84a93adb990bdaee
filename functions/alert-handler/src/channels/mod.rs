//! The ways to people. A channel only says what is to be posted; posting is the same for all of them.

mod slack;
mod webhook;

use std::fmt;

use jiff::Timestamp;
use nightjar_domain::id::NotificationId;

use self::slack::Slack;
use self::webhook::SignedWebhook;
use crate::alert::Alert;
use crate::http::{self, Post};
use crate::settings::{Endpoint, WebhookSettings};

/// One way to people.
pub trait Channel: fmt::Debug + Send + Sync {
    /// As it is recorded and told, such as `slack`.
    fn name(&self) -> &'static str;

    /// What to post for `alert`. `id` is the same on every attempt, `now` is not.
    fn render(&self, alert: &Alert, id: &NotificationId, now: Timestamp) -> Result<Post, RenderError>;
}

/// An alert could not be put into a channel's form.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the payload cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the payload cannot be signed: {0}")]
    Signature(#[from] standardwebhooks::WebhookError),
}

/// The channels that are set up, at least one, and the client they share.
#[derive(Debug)]
pub struct Channels {
    pub all: Vec<Box<dyn Channel>>,
    pub http: reqwest::Client,
}

impl Channels {
    /// `None` when nothing is set up. The HTTPS client, which reads the system's certificates, is then not built.
    pub fn open(slack: Option<Endpoint>, webhook: Option<WebhookSettings>) -> Result<Option<Self>, reqwest::Error> {
        let mut all: Vec<Box<dyn Channel>> = Vec::new();
        if let Some(endpoint) = slack {
            all.push(Box::new(Slack::new(endpoint)));
        }
        if let Some(settings) = webhook {
            all.push(Box::new(SignedWebhook::new(settings)));
        }
        if all.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { all, http: http::client()? }))
    }
}
