//! Tells the two sources of events apart.

use jiff::Timestamp;
use serde_json::Value;

use crate::context::Context;
use crate::event::Event;
use crate::{fanout, socket};

pub async fn handle(context: &Context, event: Event, now: Timestamp) -> anyhow::Result<Value> {
    match event {
        Event::Stream { records } => Ok(serde_json::to_value(fanout::handle(context, &records, now).await?)?),
        Event::Socket(event) => socket::handle(context, &event, now).await,
    }
}
