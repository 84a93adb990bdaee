//! Events of one principal at a time: load what is remembered of it, decide, save.
//!
//! What is remembered is written together with a mark per event, under the condition that nobody wrote in between and no
//! event has a mark. So functions that run side by side cannot lose each other's counts, and no event counts twice. Incidents
//! come after: a delivery that dies in between is repeated, finds its events marked, and tells the stories that it finds.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use nightjar_aws::stores::{Commit, EVENTS_PER_COMMIT, MemoryKey, Remembered, StoreError};
use nightjar_domain::security::AttackStory;
use nightjar_security::monitor::{Incoming, Memory, Verdict};
use serde_json::Value;

use crate::context::Context;
use crate::handler::Summary;
use crate::tell;

/// Attempts to write when others write at the same moment, and the pause before the next one, which grows by itself.
const ATTEMPTS: u32 = 12;
const PAUSE: Duration = Duration::from_millis(15);

/// Judges `events` and tells the stories that came of them.
pub async fn judge(context: &Context, events: Vec<Value>, clock: &impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut by_principal: BTreeMap<String, Vec<Incoming>> = BTreeMap::new();
    {
        let monitor = context.monitor.lock().await;
        for event in events {
            let incoming = monitor.receive(event);
            by_principal.entry(incoming.principal.clone()).or_default().push(incoming);
        }
    }
    let mut summary = Summary::default();
    for (principal, mut events) in by_principal {
        events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        events.dedup_by(|a, b| a.id == b.id);
        for chunk in events.chunks(EVENTS_PER_COMMIT) {
            summary.add(&of_a_principal(context, &principal, chunk.to_vec(), clock).await?);
        }
    }
    Ok(summary)
}

async fn of_a_principal(
    context: &Context,
    principal: &str,
    mut events: Vec<Incoming>,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<Summary> {
    let key = MemoryKey::Principal(principal.to_owned());
    let mut summary = Summary::default();
    for attempt in 1..=ATTEMPTS {
        let account = events.iter().find_map(|incoming| incoming.account.clone()).map(MemoryKey::Account);
        let (memory, version) = load(context, &key).await?;
        let (account_memory, account_version) = match &account {
            Some(account) => load(context, account).await?,
            None => (Memory::default(), 0),
        };
        let verdict = context.monitor.lock().await.judge(events.clone(), memory, account_memory);
        if verdict.eventful.is_empty() {
            // An event that changes nothing leaves no mark. Stories are told of again where one may have been left untold.
            if summary.duplicates > 0 {
                summary.published = tell_all(context, &verdict.memory.stories, clock).await?;
            }
            summary.events = events.len();
            return Ok(summary);
        }
        let mut memories = vec![(key.clone(), remembered(&verdict.memory, version)?)];
        if let Some(account) = &account {
            memories.push((account.clone(), remembered(&verdict.account_memory, account_version)?));
        }
        match context.store.commit(&memories, &verdict.eventful, clock()).await? {
            Commit::Done => {
                summary.add(&counted(&verdict, events.len()));
                let Verdict { memory, account_memory, changed, .. } = verdict;
                if changed || summary.duplicates > 0 {
                    summary.published = tell_all(context, &memory.stories, clock).await?;
                }
                let mut memories = context.memories.lock().await;
                memories.keep(key, memory, version + 1);
                if let Some(account) = account {
                    memories.keep(account, account_memory, account_version + 1);
                }
                return Ok(summary);
            }
            Commit::Known(known) => {
                events.retain(|incoming| !known.contains(&incoming.id));
                summary.duplicates += known.len();
            }
            Commit::Contended => tokio::time::sleep(PAUSE * attempt).await,
        }
        let mut memories = context.memories.lock().await;
        memories.forget(&key);
        if let Some(account) = account {
            memories.forget(&account);
        }
    }
    Err(StoreError::Contended { table: context.settings.security_table.clone(), attempts: ATTEMPTS }.into())
}

/// What the process read last, or what is stored. One that cannot be read is begun anew: habits and correlations are lost, and
/// what the next events show is not.
async fn load(context: &Context, key: &MemoryKey) -> anyhow::Result<(Memory, u64)> {
    if let Some(known) = context.memories.lock().await.get(key) {
        return Ok(known);
    }
    let Remembered { state, version } = context.store.load(key).await?;
    let memory = if version == 0 {
        Memory::default()
    } else {
        Memory::decode(&state).unwrap_or_else(|error| {
            tracing::error!(?key, %error, "what was remembered cannot be read, and is begun anew");
            Memory::default()
        })
    };
    context.memories.lock().await.keep(key.clone(), memory.clone(), version);
    Ok((memory, version))
}

fn remembered(memory: &Memory, version: u64) -> anyhow::Result<Remembered> {
    Ok(Remembered { state: memory.encode()?, version })
}

fn counted(verdict: &Verdict, events: usize) -> Summary {
    for found in &verdict.matches {
        tracing::info!(
            event = %found.event_id, name = %found.event_name, rule = %found.title, level = %found.level,
            principal = %found.context.actor, "a security rule matched"
        );
    }
    for (found, why) in &verdict.expected {
        tracing::info!(event = %found.event_id, rule = %found.title, principal = %found.context.actor, %why, "an expected match");
    }
    Summary { events, matches: verdict.matches.len(), expected: verdict.expected.len(), ..Summary::default() }
}

async fn tell_all(context: &Context, stories: &[AttackStory], clock: &impl Fn() -> Timestamp) -> anyhow::Result<usize> {
    let mut published = 0;
    for story in stories {
        published += usize::from(tell::tell(context, story, clock).await?);
    }
    Ok(published)
}
