//! Any other system, through a webhook signed as Standard Webhooks prescribes.

use jiff::Timestamp;
use nightjar_domain::alert::WebhookPayload;
use nightjar_domain::id::NotificationId;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use super::{Channel, RenderError};
use crate::alert::Alert;
use crate::http::Post;
use crate::settings::WebhookSettings;

/// Posts the message as JSON. The receiver checks the signature and drops what it has seen by `webhook-id`.
#[derive(Debug)]
pub(super) struct SignedWebhook {
    settings: WebhookSettings,
}

impl SignedWebhook {
    pub(super) fn new(settings: WebhookSettings) -> Self {
        Self { settings }
    }
}

impl Channel for SignedWebhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn render(&self, alert: &Alert, id: &NotificationId, now: Timestamp) -> Result<Post, RenderError> {
        let body = serde_json::to_string(&WebhookPayload::new(&alert.notice, alert.body.clone()))?;
        // Receivers refuse old signatures, so that a recorded post cannot be replayed: each attempt signs anew.
        let second = now.as_second();
        let signature = self.settings.signer.webhook().sign(id.as_str(), second, body.as_bytes())?;
        let headers = vec![
            (HEADER_WEBHOOK_ID, id.to_string()),
            (HEADER_WEBHOOK_TIMESTAMP, second.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signature),
        ];
        Ok(Post { endpoint: self.settings.endpoint.clone(), headers, body })
    }
}
