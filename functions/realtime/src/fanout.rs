//! What changed in the incidents table goes to everyone who is connected.

use futures::{StreamExt, stream};
use jiff::Timestamp;
use nightjar_aws::stores::{Connection, Delta};
use nightjar_domain::event_summary::EventSummary;
use serde::Serialize;

use crate::context::Context;
use crate::event::{ChangeKind, Record};
use crate::frame::{Content, Frame, cursor};
use crate::image;
use crate::post::Posted;

/// Posts at the same time: API Gateway answers in some 10 ms.
const AT_ONCE: usize = 64;

/// What a batch of changes came to; also the answer, for whoever reads the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    pub events: usize,
    pub delivered: usize,
    pub gone: usize,
    pub failed: usize,
}

/// Keeps the delta, then posts it. A repeated batch tells the same again, which changes nothing: clients go by versions.
pub async fn handle(context: &Context, records: &[Record], now: Timestamp) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let Some(last) = records.last() else { return Ok(told) };
    let parts = content(records).parts();
    if parts.is_empty() {
        return Ok(told);
    }
    let mut frames = Vec::with_capacity(parts.len());
    for (index, content) in parts.into_iter().enumerate() {
        told.events += content.events.len();
        let delta = Delta {
            cursor: cursor(now, &format!("{index}{}", last.event_id)),
            content: serde_json::to_string(&content)?,
        };
        context.live.put_delta(&delta, now).await?;
        frames.push(Frame::Delta { cursor: delta.cursor, content }.to_bytes()?);
    }
    let connections = context.live.connections().await?;
    let outcomes: Vec<Posted> = stream::iter(&connections)
        .map(|connection| deliver(context, connection, &frames, now))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for outcome in outcomes {
        match outcome {
            Posted::Delivered => told.delivered += 1,
            Posted::Gone => told.gone += 1,
            Posted::Failed(_) => told.failed += 1,
        }
    }
    tracing::info!(?told, "told");
    Ok(told)
}

/// The newest state of each incident in a batch.
fn content(records: &[Record]) -> Content {
    let mut content = Content::default();
    for record in records {
        let id = image::text(&record.dynamodb.keys, "id").unwrap_or_default();
        content.events.retain(|event: &EventSummary| event.id.as_str() != id);
        content.removed.retain(|removed| removed != id);
        match (record.event_name, &record.dynamodb.new_image) {
            (ChangeKind::Insert | ChangeKind::Modify, Some(image)) => match image::incident(image) {
                Ok(incident) => content.events.push(incident.into()),
                // Failing would keep every later change from being told; who polls meets the same error and is told of it.
                Err(problem) => tracing::error!(id, problem, "an incident cannot be read and is not told"),
            },
            _ => content.removed.push(id.to_owned()),
        }
    }
    content
}

async fn deliver(context: &Context, connection: &Connection, frames: &[Vec<u8>], now: Timestamp) -> Posted {
    if connection.until <= now {
        // Its token has ended: whoever is still there comes back with a new one.
        context.postman.close(&connection.id).await;
        return forget(context, connection).await;
    }
    for frame in frames {
        match context.postman.post(&connection.id, frame).await {
            Posted::Delivered => {}
            Posted::Gone => return forget(context, connection).await,
            Posted::Failed(problem) => {
                tracing::warn!(problem, connection = connection.id, "a frame could not be delivered");
                return Posted::Failed(problem);
            }
        }
    }
    Posted::Delivered
}

async fn forget(context: &Context, connection: &Connection) -> Posted {
    if let Err(error) = context.live.remove_connection(&connection.id).await {
        tracing::warn!(%error, connection = connection.id, "a connection that is gone could not be forgotten");
    }
    Posted::Gone
}
