//! Microsoft Teams, through a Workflows webhook.

use nightjar_domain::alert::{Bulletin, teams_message};

use super::{Channel, Outgoing, RenderError};
use crate::http::Post;
use crate::settings::Endpoint;

/// Posts Adaptive Cards.
#[derive(Debug)]
pub(super) struct Teams {
    pub(super) endpoint: Endpoint,
}

impl Channel for Teams {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let body = serde_json::to_string(&teams_message(&bulletin.notice))?;
        Ok(Outgoing::Post(Post { endpoint: self.endpoint.clone(), headers: Vec::new(), body }))
    }
}
