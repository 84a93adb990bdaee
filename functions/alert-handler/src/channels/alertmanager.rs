//! Receivers of Alertmanager's webhook.

use std::fmt;

use nightjar_domain::alert::{Bulletin, alertmanager_payload};

use super::{Channel, Outgoing, RenderError};
use crate::http::Post;
use crate::settings::Endpoint;

/// Posts Alertmanager's payload.
pub(super) struct Alertmanager {
    pub(super) endpoint: Endpoint,
    pub(super) bearer_token: Option<String>,
}

impl fmt::Debug for Alertmanager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alertmanager({:?})", self.endpoint)
    }
}

impl Channel for Alertmanager {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let body = serde_json::to_string(&alertmanager_payload(bulletin))?;
        let token = self.bearer_token.iter().map(|token| ("authorization", format!("Bearer {token}")));
        Ok(Outgoing::Post(Post { endpoint: self.endpoint.clone(), headers: token.collect(), body }))
    }
}
