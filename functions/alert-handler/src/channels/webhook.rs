//! Any other system, through a webhook signed as Standard Webhooks prescribes.

use nightjar_domain::alert::{Bulletin, WebhookPayload};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use super::{Channel, Outgoing, RenderError};
use crate::http::Post;
use crate::settings::{Endpoint, Signer};

/// Posts the message as JSON. The receiver checks the signature and drops what it has seen by `webhook-id`.
#[derive(Debug)]
pub(super) struct SignedWebhook {
    pub(super) endpoint: Endpoint,
    /// Two while keys are changed: receivers take the post if one of the signatures is right.
    pub(super) signers: Vec<Signer>,
}

impl Channel for SignedWebhook {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let body = serde_json::to_string(&WebhookPayload::new(bulletin))?;
        // Receivers refuse old signatures, so that a recorded post cannot be replayed: each attempt signs anew.
        let second = bulletin.sent_at.as_second();
        let signatures: Result<Vec<String>, _> = self
            .signers
            .iter()
            .map(|signer| signer.webhook().sign(bulletin.id.as_str(), second, body.as_bytes()))
            .collect();
        let headers = vec![
            (HEADER_WEBHOOK_ID, bulletin.id.to_string()),
            (HEADER_WEBHOOK_TIMESTAMP, second.to_string()),
            (HEADER_WEBHOOK_SIGNATURE, signatures?.join(" ")),
        ];
        Ok(Outgoing::Post(Post { endpoint: self.endpoint.clone(), headers, body }))
    }
}
