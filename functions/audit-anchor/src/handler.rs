//! One run: read the ends, compare, sign, lock away.

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nightjar_anchors::Put;
use nightjar_domain::audit::{Anchor, ChainHead, ChainId, Fact, GENESIS, UnsignedAnchor};
use serde::Serialize;

use crate::context::Context;

const ACTOR: &str = "audit-anchor";

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whether this run wrote the hour's anchor; else it was there, or there is no entry yet.
    pub anchored: bool,
    pub chains: usize,
    /// Entries that the hour's anchor vouches for.
    pub entries: u64,
}

/// Anchors the trail as it is, unless this hour has its anchor already.
pub async fn handle(context: &Context, now: Timestamp) -> anyhow::Result<Summary> {
    let heads = living_heads(context, now).await?;
    let newest = context.bucket.newest_two(now).await.context("the last anchor cannot be read")?;
    let name = Anchor::name_at(now);
    let is_there = newest.iter().any(|named| named.name == name);
    let before = newest.iter().rev().find(|named| named.name != name).map(|named| &named.anchor);
    let mut summary =
        Summary { anchored: false, chains: heads.len(), entries: heads.iter().map(|head| head.seq).sum() };
    let contradiction = before.and_then(|anchor| anchor.contradiction(&heads));
    if !is_there && !heads.is_empty() {
        let previous = before.map(Anchor::hash).transpose()?.unwrap_or_else(|| GENESIS.to_owned());
        let key_id = context.signer.key().to_owned();
        let anchor = UnsignedAnchor { taken_at: now, heads, previous_anchor_hash: previous, key_id };
        let anchor = context.signer.sign(anchor).await.context("the anchor cannot be signed")?;
        let put = context.bucket.put(&anchor).await.context("the anchor cannot be written")?;
        summary.anchored = put == Put::Written;
    }
    // After the anchor, so that what there is now is vouched for too; and on every attempt of the hour, so that the event ends in
    // the dead-letter queue.
    if let Some(contradiction) = contradiction {
        bail!("the audit trail was tampered with: {contradiction}. Look for more: nightjar audit verify");
    }
    tracing::info!(?summary, "the trail is anchored");
    Ok(summary)
}

/// The ends of all chains, after giving news to those that had none for half their retention.
async fn living_heads(context: &Context, now: Timestamp) -> anyhow::Result<Vec<ChainHead>> {
    let heads = context.audit.heads().await?;
    let quiet: Vec<Fact> = heads
        .iter()
        .filter(|(_, newest)| context.retention.is_half_over(*newest, now))
        .filter_map(|(head, _)| Fact::keeping_alive(ChainId::parse(&head.chain)?, ACTOR, now))
        .collect();
    if quiet.is_empty() {
        return Ok(heads.into_iter().map(|(head, _)| head).collect());
    }
    context.audit.record(&quiet).await?;
    Ok(context.audit.heads().await?.into_iter().map(|(head, _)| head).collect())
}
