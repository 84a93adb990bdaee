//! One order for the entries of all chains.

use std::collections::{BTreeMap, VecDeque};

use super::AuditEntry;

/// All `entries` in one order: each chain's own, no entry before one that it had seen in another chain, and apart from that by
/// time, then by the chain's name. Entries that saw what is not among `entries` are placed as if they had not.
pub fn in_order(entries: Vec<AuditEntry>) -> Vec<AuditEntry> {
    let mut chains: BTreeMap<String, VecDeque<AuditEntry>> = BTreeMap::new();
    for entry in entries {
        chains.entry(entry.chain.clone()).or_default().push_back(entry);
    }
    for chain in chains.values_mut() {
        chain.make_contiguous().sort_by_key(|entry| entry.seq);
    }
    let mut ordered = Vec::new();
    while let Some(name) = next_chain(&chains) {
        ordered.extend(chains.get_mut(&name).and_then(VecDeque::pop_front));
    }
    ordered
}

/// The chain whose front comes next. Fronts that wait for each other in a circle, as only a forged trail has them, come when
/// nothing else is left, the earliest first.
fn next_chain(chains: &BTreeMap<String, VecDeque<AuditEntry>>) -> Option<String> {
    let fronts = || chains.iter().filter_map(|(name, chain)| chain.front().map(|entry| (entry.fact.at, name, entry)));
    let waits = |entry: &AuditEntry| {
        let Some(seen) = &entry.seen else { return false };
        chains.get(&seen.chain).and_then(VecDeque::front).is_some_and(|front| front.seq <= seen.seq)
    };
    let next = fronts().filter(|(_, _, entry)| !waits(entry)).min_by_key(|(at, name, _)| (*at, *name));
    next.or_else(|| fronts().min_by_key(|(at, name, _)| (*at, *name))).map(|(_, name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::audit::{ChainHead, Fact, FactKind, Tip};

    fn entry(chain: &str, seq: u64, second: i64, seen: Option<(&str, u64)>) -> AuditEntry {
        let at = Timestamp::from_second(second).unwrap();
        let fact = Fact::new(FactKind::IncidentOpened, "a test", &format!("{chain}/{seq}"), None, at, json!({}));
        let seen = seen.map(|(chain, seq)| ChainHead { chain: chain.to_owned(), seq, hash: String::new() });
        AuditEntry::next_seeing(chain, &Tip { seq: seq - 1, hash: String::new() }, seen, fact).unwrap()
    }

    fn order(entries: Vec<AuditEntry>) -> Vec<String> {
        in_order(entries).into_iter().map(|entry| entry.fact.subject).collect()
    }

    #[test]
    fn time_decides_between_chains_and_the_number_within_one() {
        let entries = vec![entry("b", 2, 1, None), entry("b", 1, 5, None), entry("a", 1, 3, None)];
        assert_eq!(order(entries), ["a/1", "b/1", "b/2"]);
    }

    #[test]
    fn what_was_seen_came_before_whatever_the_clocks_say() {
        let entries = vec![entry("a", 1, 1, Some(("b", 2))), entry("b", 1, 7, None), entry("b", 2, 8, None)];
        assert_eq!(order(entries), ["b/1", "b/2", "a/1"]);
    }

    #[test]
    fn what_is_not_at_hand_and_what_waits_in_a_circle_stops_nothing() {
        let entries =
            vec![entry("a", 1, 1, Some(("b", 1))), entry("b", 1, 2, Some(("a", 1))), entry("c", 1, 3, Some(("d", 9)))];
        assert_eq!(order(entries), ["c/1", "a/1", "b/1"]);
    }
}
