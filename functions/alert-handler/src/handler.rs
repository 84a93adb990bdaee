//! One event: each of its alerts, once per channel.

use aws_lambda_events::event::sns::SnsEvent;
use futures::future::join_all;
use jiff::Timestamp;
use nightjar_aws::envelope::messages;
use nightjar_aws::stores::Delivery;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::id::NotificationId;
use serde::Serialize;
use serde_json::json;

use crate::alert::Alert;
use crate::channels::{Channel, Channels};
use crate::context::Context;
use crate::error::{AlertError, DeliveryError, Undelivered};
use crate::http::{self, Post};

/// The name under which the function's deeds are recorded.
const ACTOR: &str = "alert-handler";

/// What an invocation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub sent: u32,
    /// Had gone out with an earlier delivery of the same message.
    pub already_sent: u32,
}

/// Handles one event. A channel that fails does not hold up the others; the invocation then fails in the end, and its
/// retry finds what has gone out already.
pub async fn handle(context: &Context, event: SnsEvent, now: Timestamp) -> anyhow::Result<Summary> {
    let alerts = messages(&event).map(Alert::parse).collect::<Result<Vec<_>, _>>()?;
    let Some(channels) = &context.channels else {
        tracing::debug!(alerts = alerts.len(), "neither Slack nor a webhook is set up; email goes through SNS");
        return Ok(Summary::default());
    };
    let mut summary = Summary::default();
    let mut undelivered = Vec::new();
    for alert in &alerts {
        let attempts = channels.all.iter().map(|channel| tell(context, channels, channel.as_ref(), alert, now));
        for (channel, attempt) in channels.all.iter().zip(join_all(attempts).await) {
            match attempt {
                Ok(Told::Now) => summary.sent += 1,
                Ok(Told::Before) => summary.already_sent += 1,
                Err(because) => {
                    let notice = alert.notice.id.clone();
                    undelivered.push(Undelivered { channel: channel.name(), notice, because });
                }
            }
        }
    }
    if undelivered.is_empty() { Ok(summary) } else { Err(AlertError::Undelivered(undelivered).into()) }
}

/// When a channel was told.
enum Told {
    Now,
    Before,
}

/// Tells one channel, and records that it was told. A second record of the same fact changes nothing, and mends a
/// crash between sending and recording.
async fn tell(
    context: &Context,
    channels: &Channels,
    channel: &dyn Channel,
    alert: &Alert,
    now: Timestamp,
) -> Result<Told, DeliveryError> {
    let id = NotificationId::derive(&[&alert.notice.id, channel.name()]);
    let post = channel.render(alert, &id, now)?;
    let told = match context.notifications.claim(&id, channel.name(), context.publish_lease, now).await? {
        Delivery::InFlight => return Err(DeliveryError::InFlight),
        Delivery::AlreadySent => Told::Before,
        Delivery::Claimed => {
            send(context, channels, &id, post, now).await?;
            tracing::info!(channel = channel.name(), notice = %alert.notice.id, notification = %id, "notification sent");
            Told::Now
        }
    };
    context.audit.record(&[sent_fact(channel, alert, &id, now)]).await?;
    Ok(told)
}

/// Sends what was claimed. If noting it fails after it was sent, the claim ends with its lease and the retry sends
/// again: a duplicate is better than a loss.
async fn send(
    context: &Context,
    channels: &Channels,
    id: &NotificationId,
    post: Post,
    now: Timestamp,
) -> Result<(), DeliveryError> {
    if let Err(error) = http::send(&channels.http, post).await {
        if let Err(unreleased) = context.notifications.release(id).await {
            tracing::warn!(notification = %id, error = %unreleased, "the claim was not given back; it ends with its lease");
        }
        return Err(error.into());
    }
    Ok(context.notifications.sent(id, now).await?)
}

fn sent_fact(channel: &dyn Channel, alert: &Alert, id: &NotificationId, now: Timestamp) -> Fact {
    let notice = &alert.notice;
    let details = json!({
        "notification": id,
        "kind": notice.kind,
        "severity": notice.severity,
        "incident": notice.incident_id,
        "resource": notice.resource_id,
    });
    Fact::new(FactKind::NotificationSent, ACTOR, channel.name(), Some(&notice.id), now, details)
}
