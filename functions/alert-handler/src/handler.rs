//! One event: messages into their groups, and what is due out to people.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use futures::future::join_all;
use jiff::Timestamp;
use nightjar_aws::envelope::messages;
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::Group;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::context::Context;
use crate::event::Event;
use crate::flush::{Looked, Surroundings, look};
use crate::groups::Groups;
use crate::ingest::{self, Touched};
use crate::message::{self, Told};
use crate::trial::{Trial, trial};

/// The name under which the function's deeds are recorded.
pub(crate) const ACTOR: &str = "alert-handler";
/// Groups that one run of the schedule looks at; the rest is still due at the next.
const MOST_DUE: usize = 500;
/// After so long nothing new is begun, so that an invocation ends before Lambda ends it.
const ENOUGH: Duration = Duration::from_secs(35);

/// What an invocation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Alerts and changes that were put into their groups.
    pub routed: u32,
    pub sent: u32,
    /// Had gone out with an earlier delivery of the same message.
    pub already_sent: u32,
    /// Groups with nothing to tell, or that somebody else looks at.
    pub quiet: u32,
    pub held_back: u32,
    /// Are tried again later.
    pub failed: u32,
    /// Lie in the dead-letter queue.
    pub abandoned: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Trial>,
}

/// Handles one event. What fails for one channel or message does not hold up the others; the invocation fails in the end,
/// and its retry finds what has been done.
pub async fn handle<G: Groups>(context: &Context<G>, event: Value, now: Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut due: BTreeMap<GroupId, Group> = BTreeMap::new();
    match Event::parse(event)? {
        Event::Messages(event) => {
            let told = messages(&event).map(message::parse).collect::<Result<Vec<_>, _>>()?;
            let mut touched = Touched::new();
            for told in &told {
                match told {
                    Told::Alert(raised) => ingest::alert(context, raised, &mut touched, now).await?,
                    Told::Change(changed) => ingest::change(context, changed, &mut touched, now).await?,
                }
                summary.routed += 1;
            }
            due.extend(touched.into_iter().filter(|(_, (_, at))| *at <= now).map(|(id, (group, _))| (id, group)));
        }
        Event::Tick => {
            for silence in context.silences.ended(now).await? {
                let woken = context.groups.wake(&silence, now).await?;
                tracing::info!(silence = %silence.id, groups = woken.len(), "a silence has ended");
                due.extend(woken.into_iter().map(|group| (group.id.clone(), group)));
                context.silences.announced(&silence.id, now).await?;
            }
            due.extend(context.groups.due(now, MOST_DUE).await?.into_iter().map(|group| (group.id.clone(), group)));
        }
        Event::Redeliver(redelivery) => {
            context.groups.arrive(&redelivery.group, now, &|_| now).await?;
            due.insert(redelivery.group.id.clone(), redelivery.group);
        }
        Event::Test { receiver } => summary.trials = trial(context, &receiver, now).await?,
    }
    if !due.is_empty() {
        look_at_all(context, due.into_values(), &mut summary, now).await?;
    }
    Ok(summary)
}

/// Looks at groups: channels side by side, so that none waits for another, and the groups of a channel one by one.
async fn look_at_all<G: Groups>(
    context: &Context<G>,
    due: impl Iterator<Item = Group>,
    summary: &mut Summary,
    now: Timestamp,
) -> anyhow::Result<()> {
    let surroundings = Surroundings::load(context).await?;
    let mut by_channel: BTreeMap<String, Vec<GroupId>> = BTreeMap::new();
    for group in due {
        by_channel.entry(group.destination()).or_default().push(group.id);
    }
    let start = Instant::now();
    let channels = by_channel.values().map(|groups| look_at(context, groups, &surroundings, start, now));
    let mut problems = Vec::new();
    for looked in join_all(channels).await.into_iter().flatten() {
        match looked {
            Ok(Looked::Sent) => summary.sent += 1,
            Ok(Looked::AlreadySent) => summary.already_sent += 1,
            Ok(Looked::Quiet | Looked::Elsewhere) => summary.quiet += 1,
            Ok(Looked::HeldBack) => summary.held_back += 1,
            Ok(Looked::Failed { .. }) => summary.failed += 1,
            Ok(Looked::Abandoned) => summary.abandoned += 1,
            Err(error) => problems.push(format!("{error:#}")),
        }
    }
    ensure!(problems.is_empty(), "{}", problems.join("; "));
    Ok(())
}

/// The groups of one channel. Once it cannot be reached, the others are not tried in vain.
async fn look_at<G: Groups>(
    context: &Context<G>,
    groups: &[GroupId],
    surroundings: &Surroundings,
    start: Instant,
    now: Timestamp,
) -> Vec<anyhow::Result<Looked>> {
    let (mut all, mut dead) = (Vec::new(), None);
    for group in groups {
        if start.elapsed() > ENOUGH {
            tracing::warn!(left = groups.len() - all.len(), "time is up; what is left is due at the next run");
            break;
        }
        let looked = look(context, group, surroundings, dead.as_deref(), now).await;
        if let Ok(Looked::Failed { problem, unreachable: true }) = &looked {
            dead.get_or_insert_with(|| problem.clone());
        }
        all.push(looked);
    }
    all
}
