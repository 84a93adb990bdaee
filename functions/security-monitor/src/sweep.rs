//! CloudTrail's history, for what EventBridge did not bring: an outage, a rule that was off, events that came late.
//!
//! Each sweep goes over the time since the last one and a little before it, in slices from the oldest to the newest; a slice
//! that was judged is noted, so that a long gap is filled over several runs. What is known is known by its event id.

use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_cloudtrail::primitives::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::context::Context;
use crate::handler::Summary;
use crate::judge;

/// CloudTrail may bring an event to its history up to 15 minutes late (CloudTrail user guide, "Event history").
const OVERLAP: SignedDuration = SignedDuration::from_mins(20);
/// A gap that is longer is filled from here on. LookupEvents has 90 days.
const FURTHEST: SignedDuration = SignedDuration::from_hours(24 * 7);
/// The longest time that is read at once.
const SLICE: SignedDuration = SignedDuration::from_hours(1);
const SHORTEST_SLICE: SignedDuration = SignedDuration::from_secs(2);
/// Pages of 50 events in one slice; a slice with more is halved.
const PAGES: usize = 100;
/// LookupEvents takes two calls a second for the whole account, which the root-cause analysis shares.
const BETWEEN_CALLS: Duration = Duration::from_millis(600);
/// No slice is begun later than this after the start; the function has five minutes.
const BUDGET: Duration = Duration::from_mins(3);

/// What a sweep came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    #[serde(flatten)]
    pub summary: Summary,
    /// Events that the history holds.
    pub read: usize,
    /// Events that could not be read.
    pub unreadable: usize,
    /// Until when the history was judged; what is missing is for the next run.
    pub until: Option<Timestamp>,
    pub complete: bool,
}

/// Judges what the history holds and was not judged yet.
pub async fn sweep(context: &Context, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Swept> {
    let (started, now) = (Instant::now(), clock());
    let oldest = now - FURTHEST;
    let last = context.store.swept_until().await?.unwrap_or(now);
    if last < oldest {
        tracing::error!(%last, %oldest, "the gap is longer than a sweep fills: what lies before is not judged");
    }
    let mut from = (last.min(now) - OVERLAP).max(oldest);
    let mut slice = SLICE;
    let mut swept = Swept::default();
    while from < now {
        if started.elapsed() > BUDGET {
            tracing::warn!(until = %from, "the sweep is not done; the next run goes on from here");
            return Ok(swept);
        }
        let until = (from + slice).min(now);
        let Some(events) = read(context, from, until, slice > SHORTEST_SLICE, &mut swept).await? else {
            slice = SignedDuration::from_secs(slice.as_secs() / 2).max(SHORTEST_SLICE);
            continue;
        };
        swept.summary.add(&judge_new(context, events, clock).await?);
        context.store.note_swept(until).await?;
        swept.until = Some(until);
        from = until;
    }
    swept.complete = true;
    tracing::info!(read = swept.read, judged = swept.summary.events, duplicates = swept.summary.duplicates, "swept");
    Ok(swept)
}

/// All events of a slice; `None` where there are too many and the slice `may_shrink`.
async fn read(
    context: &Context,
    from: Timestamp,
    until: Timestamp,
    may_shrink: bool,
    swept: &mut Swept,
) -> anyhow::Result<Option<Vec<Value>>> {
    let mut pages = context
        .cloudtrail
        .lookup_events()
        .start_time(DateTime::from_secs(from.as_second()))
        .end_time(DateTime::from_secs(until.as_second()))
        .max_results(50)
        .into_paginator()
        .send();
    let (mut events, mut unreadable) = (Vec::new(), 0);
    for page in 1.. {
        let Some(answer) = pages.next().await else { break };
        let answer = answer.context("LookupEvents")?;
        for event in answer.events() {
            match event.cloud_trail_event().map(serde_json::from_str::<Value>) {
                Some(Ok(detail)) if detail.is_object() => events.push(detail),
                _ => unreadable += 1,
            }
        }
        if answer.next_token().is_none() {
            break;
        }
        if page >= PAGES {
            if may_shrink {
                return Ok(None);
            }
            tracing::error!(%from, %until, read = events.len(), "too many events in two seconds: the oldest of them are not judged");
            break;
        }
        tokio::time::sleep(BETWEEN_CALLS).await;
    }
    if unreadable > 0 {
        tracing::warn!(unreadable, %from, %until, "events of the history that cannot be read");
    }
    swept.read += events.len();
    swept.unreadable += unreadable;
    Ok(Some(events))
}

async fn judge_new(context: &Context, events: Vec<Value>, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let id = |event: &Value| event.get("eventID").and_then(Value::as_str).map(str::to_owned);
    let ids: Vec<String> = events.iter().filter_map(id).collect();
    let known = context.store.known(&ids).await?;
    let new = events.into_iter().filter(|event| id(event).is_none_or(|id| !known.contains(&id))).collect();
    let mut summary = judge::judge(context, new, clock).await?;
    summary.duplicates += known.len();
    Ok(summary)
}
