//! Which chain a fact goes to, and which other chain its entry looks at.

use crate::id::FactId;

/// The one chain that everything was written to before there were shards. It is read and verified, no longer written.
pub const MAIN_CHAIN: &str = "main";

/// Every entry whose number is a multiple of this names the end of another chain.
pub const LINK_EVERY: u64 = 8;

/// One shard per last digit of a fact's id.
const SHARDS: u8 = 16;
const SHARD_PREFIX: &str = "shard-";

/// One of the seventeen chains: `main`, and `shard-0` to `shard-f`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId(u8);

impl ChainId {
    /// How many chains there are.
    pub const COUNT: usize = 1 + SHARDS as usize;

    /// All chains, `main` first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=SHARDS).map(Self)
    }

    /// The chain of a fact: ids are hashes, so their last digit spreads the facts evenly over the shards, and an entry in a
    /// chain that is not its own is told without looking at any other.
    pub fn of(fact: &FactId) -> Self {
        Self::of_id(fact.as_str())
    }

    pub(super) fn of_id(id: &str) -> Self {
        let last = id.bytes().last().unwrap_or(b'0');
        let digit = char::from(last).to_digit(16).map_or(last % SHARDS, |digit| digit as u8);
        Self(1 + digit)
    }

    /// `None` for a name that no chain has.
    pub fn parse(name: &str) -> Option<Self> {
        if name == MAIN_CHAIN {
            return Some(Self(0));
        }
        match name.strip_prefix(SHARD_PREFIX)?.as_bytes() {
            [digit @ (b'0'..=b'9' | b'a'..=b'f')] => Some(Self::of_id(&char::from(*digit).to_string())),
            _ => None,
        }
    }

    /// Whether a fact with this id belongs here. To `main` everything once did.
    pub(super) fn takes(self, id: &str) -> bool {
        self.0 == 0 || self == Self::of_id(id)
    }

    pub fn name(self) -> String {
        if self.0 == 0 { MAIN_CHAIN.to_owned() } else { format!("{SHARD_PREFIX}{:x}", self.0 - 1) }
    }

    /// The chain whose end entry `seq` of this one names, if it names one. The chains take turns.
    pub fn looks_at(self, seq: u64) -> Option<Self> {
        let others = u64::from(SHARDS);
        seq.is_multiple_of(LINK_EVERY).then(|| {
            let step = 1 + (seq / LINK_EVERY) % others;
            Self(((u64::from(self.0) + step) % (others + 1)) as u8)
        })
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl std::fmt::Display for ChainId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_chain_has_a_name_that_is_read_back() {
        assert_eq!(ChainId::all().count(), ChainId::COUNT);
        for chain in ChainId::all() {
            assert_eq!(ChainId::parse(&chain.name()), Some(chain));
        }
        for other in ["", "Main", "shard-", "shard-g", "shard-00", "shard-F", "fact#fct_1"] {
            assert_eq!(ChainId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn facts_spread_over_all_shards_evenly() {
        let mut counts = [0_u32; ChainId::COUNT];
        for index in 0..16_000 {
            counts[ChainId::of(&FactId::derive(&[&index.to_string()])).index()] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!(counts[1..].iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn every_chain_looks_at_every_other_in_turn_and_never_at_itself() {
        for chain in ChainId::all() {
            let seen: BTreeSet<ChainId> = (1..=16 * LINK_EVERY).filter_map(|seq| chain.looks_at(seq)).collect();
            assert_eq!(seen, ChainId::all().filter(|other| *other != chain).collect());
        }
    }
}
