//! What wakes the function: anomalies and alarms, which become incidents or join them, and a schedule, on which incidents end and
//! logs are watched.

use anyhow::Context as _;
use aws_lambda_events::event::sns::SnsEvent;
use jiff::Timestamp;
use nightjar_aws::envelope::messages;
use nightjar_domain::alarm::{AlarmChange, AlarmState};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::envelope::Envelope;
use nightjar_domain::resource::Resource;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::{alarms, place, publish, settle, watch};

/// What Lambda hands over.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Messages(SnsEvent),
    Schedule {
        #[serde(rename = "detail-type")]
        detail_type: String,
    },
}

impl From<SnsEvent> for Event {
    fn from(event: SnsEvent) -> Self {
        Self::Messages(event)
    }
}

/// What an invocation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Anomalies and alarms that have an incident now.
    pub incidents: usize,
    pub published: usize,
    /// Alarms that went back to OK and had an incident.
    pub calmed: usize,
    /// Incidents that ended because all was calm.
    pub resolved: usize,
    /// Anomalies that log lines raised.
    pub raised: usize,
}

/// Handles an event. `clock` is read anew before publishing: gathering takes seconds, which must not count against the lease.
pub async fn handle(context: &Context, event: Event, clock: impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    match event {
        Event::Messages(event) => told(context, &event, &clock).await,
        Event::Schedule { .. } => scheduled(context, &clock).await,
    }
}

async fn told(context: &Context, event: &SnsEvent, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    for text in messages(event) {
        if AlarmChange::is_one(text) {
            let inventory = context.inventory.all().await?;
            for change in alarms::behind(context, AlarmChange::parse(text)?).await? {
                alarm(context, &change, &inventory, clock, &mut summary).await?;
            }
        } else {
            anomaly(context, &Envelope::<Anomaly>::parse(text)?, clock, &mut summary).await?;
        }
    }
    Ok(summary)
}

async fn anomaly(
    context: &Context,
    anomaly: &Envelope<Anomaly>,
    clock: &impl Fn() -> Timestamp,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let stored = place::place(context, &anomaly.body, clock()).await?;
    publish::record(context, &stored.incident, &anomaly.body, clock()).await?;
    summary.incidents += 1;
    summary.published += usize::from(publish::publish_once(context, anomaly, stored, clock).await?);
    Ok(())
}

/// ALARM is an anomaly, OK is calm, and without data nobody knows.
async fn alarm(
    context: &Context,
    change: &AlarmChange,
    inventory: &[Resource],
    clock: &impl Fn() -> Timestamp,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let raised = change.anomaly(change.resource(inventory));
    match change.state {
        AlarmState::Alarm => anomaly(context, &Envelope::first(raised, change.at), clock, summary).await?,
        AlarmState::Ok => summary.calmed += usize::from(place::calm(context, change, &raised, clock()).await?),
        AlarmState::InsufficientData => {
            tracing::info!(alarm = change.name, "the alarm has no data: neither trouble nor calm");
        }
    }
    Ok(())
}

/// All are tried, whatever becomes of the others.
async fn scheduled(context: &Context, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let told = Box::pin(told_elsewhere(context, clock, &mut summary)).await;
    let now = clock();
    let (resolved, raised) = (settle::run(context, now).await, watch::run(context, now).await);
    told.context("reading the alarms of other accounts and regions")?;
    let (resolved, raised) = (resolved.context("ending what is over")?, raised.context("watching the logs")?);
    Ok(Summary { resolved, raised, ..summary })
}

/// Alarms in other accounts and regions, which cannot tell the suite's topics: handled as if they had.
async fn told_elsewhere(
    context: &Context,
    clock: &impl Fn() -> Timestamp,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let (changes, failure) = alarms::elsewhere(context, clock()).await;
    if !changes.is_empty() {
        let inventory = context.inventory.all().await?;
        for change in &changes {
            alarm(context, change, &inventory, clock, summary).await?;
        }
    }
    failure.map_or(Ok(()), Err)
}
