//! `PagerDuty`, through its Events API v2.

use std::fmt;

use nightjar_domain::alert::{Bulletin, pagerduty_event};

use super::{Channel, Outgoing, RenderError};
use crate::http::Post;
use crate::settings::Endpoint;

/// Where events go unless the routes say otherwise.
pub(super) const EVENTS: &str = "https://events.pagerduty.com/v2/enqueue";

/// Sends events.
pub(super) struct PagerDuty {
    pub(super) endpoint: Endpoint,
    pub(super) routing_key: String,
}

impl fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PagerDuty({:?})", self.endpoint)
    }
}

impl Channel for PagerDuty {
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError> {
        let body = serde_json::to_string(&pagerduty_event(bulletin, &self.routing_key))?;
        Ok(Outgoing::Post(Post { endpoint: self.endpoint.clone(), headers: Vec::new(), body }))
    }
}
