//! Reading everything, oldest first, for verification and export.

use futures::future::try_join_all;
use nightjar_domain::audit::{ChainId, Verifier, examine};

use super::{AuditStore, Reading, has_expired, seq_of, text_of};
use crate::clock;
use crate::stores::StoreError;

/// Entries in one answer; DynamoDB ends a page at 1 MB in any case.
const PAGE: i32 = 1000;

impl AuditStore {
    /// Hands every entry that `verifier` has not had to it, and to `also`.
    ///
    /// The trail grows meanwhile. So first the ends of all chains are noted, then each is read up to there, and then on to what
    /// those entries had seen in other chains: nothing read points to something that was not.
    pub async fn walk(&self, verifier: &mut Verifier, mut also: impl FnMut(&str)) -> Result<(), StoreError> {
        let ends = try_join_all(ChainId::all().map(|chain| self.end(chain))).await?;
        let mut wanted: Vec<(ChainId, u64)> = ChainId::all().zip(ends).collect();
        while !wanted.is_empty() {
            for (chain, end) in &wanted {
                self.walk_chain(*chain, *end, verifier, &mut also).await?;
            }
            let before = wanted;
            wanted = ChainId::all().map(|chain| (chain, verifier.seen(chain))).collect();
            // What is still not there after a look is missing.
            wanted.retain(|(chain, seen)| *seen > verifier.last(*chain) && !before.contains(&(*chain, *seen)));
        }
        Ok(())
    }

    /// The number of the newest entry, without reading what it says.
    async fn end(&self, chain: ChainId) -> Result<u64, StoreError> {
        let newest = self.query(chain, Reading::Before(None), 1).await?;
        Ok(newest.first().and_then(seq_of).unwrap_or(0))
    }

    async fn walk_chain(
        &self,
        chain: ChainId,
        end: u64,
        verifier: &mut Verifier,
        also: &mut impl FnMut(&str),
    ) -> Result<(), StoreError> {
        let now = clock::now();
        let mut after = verifier.last(chain);
        while after < end {
            let items = self.query(chain, Reading::After(after), PAGE).await?;
            if items.is_empty() {
                return Ok(());
            }
            for item in &items {
                let seq = seq_of(item).ok_or_else(|| StoreError::item(&self.table, "the attribute seq is missing"))?;
                after = seq;
                if seq > end {
                    return Ok(());
                }
                if !has_expired(item, now) {
                    let text = text_of(item).unwrap_or_default();
                    verifier.push_stored(chain, seq, examine(text.as_bytes()));
                    also(text);
                }
            }
        }
        Ok(())
    }
}
