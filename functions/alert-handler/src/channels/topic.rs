//! An SNS topic: readable text for people, or JSON for programs.

use nightjar_domain::alert::{Bulletin, WebhookPayload, email};

use super::{Channel, Outgoing, RenderError};

/// What the subscribers read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Email,
    Json,
}

/// Publishes to a topic.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) arn: String,
    pub(super) form: Form,
}

impl Channel for Topic {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let mail = email(&bulletin.notice);
        Ok(match self.form {
            Form::Email => {
                Outgoing::Publish { topic_arn: self.arn.clone(), subject: Some(mail.subject), message: mail.body }
            }
            Form::Json => Outgoing::Publish {
                topic_arn: self.arn.clone(),
                subject: None,
                message: serde_json::to_string(&WebhookPayload::new(bulletin))?,
            },
        })
    }
}
