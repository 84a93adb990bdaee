//! What happens on a connection: it opens, it says something, it closes.

use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::{Connection, DELTAS_KEPT};
use nightjar_domain::event_summary::EventSummary;
use nightjar_domain::identity::Role;
use nightjar_domain::incident::Status;
use serde_json::{Value, json};

use crate::context::Context;
use crate::event::{Socket, SocketKind};
use crate::frame::{Content, Frame, Said, cursor, resume_from};
use crate::settings::Authorization;

/// The subprotocol; a client offers it, and its token as a second one: browsers can send no header of their own, and a token in the
/// address would end in logs.
pub const SUBPROTOCOL: &str = "nightjar";
/// Events of one snapshot: what one screen shows, well within a frame.
const SNAPSHOT: usize = 50;
/// How far back a snapshot looks for what is not resolved.
const SNAPSHOT_SPAN: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Without tokens, a connection lasts as long as API Gateway lets it.
const LONGEST: SignedDuration = SignedDuration::from_hours(2);

/// Answers API Gateway.
pub async fn handle(context: &Context, socket: &Socket, now: Timestamp) -> anyhow::Result<Value> {
    let id = &socket.request_context.connection_id;
    match socket.request_context.event_type {
        SocketKind::Connect => connect(context, socket, now).await,
        SocketKind::Disconnect => {
            context.live.remove_connection(id).await?;
            Ok(status(200))
        }
        SocketKind::Message => {
            for frame in answer(context, socket.body.as_deref().unwrap_or_default(), now).await? {
                context.postman.post(id, &frame.to_bytes()?).await;
            }
            Ok(status(200))
        }
    }
}

async fn connect(context: &Context, socket: &Socket, now: Timestamp) -> anyhow::Result<Value> {
    let id = &socket.request_context.connection_id;
    let (who, until) = match context.authorization {
        Authorization::Nobody => ("unauthenticated".to_owned(), now.checked_add(LONGEST)?),
        Authorization::Iam => {
            let Some(arn) = socket.request_context.identity.user_arn.clone() else { return Ok(status(401)) };
            (arn, now.checked_add(LONGEST)?)
        }
        Authorization::Jwt => {
            let Some(token) = socket.subprotocols().find(|offer| *offer != SUBPROTOCOL) else {
                return Ok(status(401));
            };
            match context.keys.verify(token, now).await? {
                Ok((claims, until)) => {
                    let identity = claims.identity();
                    if identity.role.is_none_or(|role| role < Role::Viewer) {
                        tracing::warn!(who = identity.who, "a connection was refused: no role");
                        return Ok(status(403));
                    }
                    (identity.who, until)
                }
                Err(refusal) => {
                    tracing::warn!(%refusal, "a connection was refused: its token does not count");
                    return Ok(status(401));
                }
            }
        }
    };
    context.live.put_connection(&Connection { id: id.clone(), who, until }, now).await?;
    let mut accepted = status(200);
    // A browser ends a connection whose offered subprotocols are all ignored.
    if socket.subprotocols().any(|offer| offer == SUBPROTOCOL) {
        accepted["headers"] = json!({ "Sec-WebSocket-Protocol": SUBPROTOCOL });
    }
    Ok(accepted)
}

fn status(code: u16) -> Value {
    json!({ "statusCode": code })
}

/// What is told to somebody who says `text`.
async fn answer(context: &Context, text: &str, now: Timestamp) -> anyhow::Result<Vec<Frame>> {
    match serde_json::from_str(text) {
        Ok(Said::Ping) => Ok(vec![Frame::Pong { at: now }]),
        Ok(Said::Hello { cursor: seen }) => {
            let oldest = now.checked_sub(DELTAS_KEPT)?;
            match seen.as_deref().and_then(|seen| resume_from(seen, oldest)) {
                Some(start) => catch_up(context, &start, now).await,
                None => Ok(vec![snapshot(context, now).await?]),
            }
        }
        Err(error) => {
            let detail = format!(
                r#"this is not understood: {error}; say {{"action":"hello","cursor":null}} or {{"action":"ping"}}"#
            );
            Ok(vec![Frame::Error { detail }])
        }
    }
}

/// What was told since; at least one frame, so that the client knows that it is up to date.
async fn catch_up(context: &Context, start: &str, now: Timestamp) -> anyhow::Result<Vec<Frame>> {
    let deltas = context.live.deltas_after(start).await?;
    let mut frames = Vec::with_capacity(deltas.len() + 1);
    for delta in deltas {
        frames.push(Frame::Delta { cursor: delta.cursor, content: serde_json::from_str(&delta.content)? });
    }
    if frames.is_empty() {
        frames.push(Frame::Delta { cursor: cursor(now, ""), content: Content::default() });
    }
    Ok(frames)
}

async fn snapshot(context: &Context, now: Timestamp) -> anyhow::Result<Frame> {
    // Before the table is read: what changes meanwhile is told again by a delta, which does no harm.
    let cursor = cursor(now, "");
    let since = now.checked_sub(SNAPSHOT_SPAN)?;
    let (mut events, mut complete) = (Vec::new(), true);
    for status in [Status::Open, Status::Acknowledged, Status::Suppressed] {
        let (incidents, more) = context.incidents.newest_of(status, since, SNAPSHOT).await?;
        complete &= !more;
        events.extend(incidents.into_iter().map(EventSummary::from));
    }
    events.sort_by(|a, b| b.opened_at.cmp(&a.opened_at).then_with(|| a.id.as_str().cmp(b.id.as_str())));
    complete &= events.len() <= SNAPSHOT;
    events.truncate(SNAPSHOT);
    Ok(Frame::Snapshot { cursor, events, complete })
}
