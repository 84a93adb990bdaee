//! What somebody might do who can write to the table, and in the worst case to the bucket.

use nightjar_domain::audit::{AuditEntry, ChainHead, ChainId, Fact, GENESIS, Reason, Tip};
use nightjar_testkit::{AnchorKey, Trail};

use super::trail;

/// One attack, and how it is found.
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// On the longest shard, with everything but the anchors at hand.
    pub(super) run: fn(&mut Trail, &AnchorKey),
    /// What the entries alone tell; `None` where they tell nothing.
    pub(super) without_anchors: Option<Reason>,
    pub(super) with_anchors: Reason,
}

const fn attack(
    name: &'static str,
    run: fn(&mut Trail, &AnchorKey),
    without_anchors: Option<Reason>,
    with_anchors: Reason,
) -> Attack {
    Attack { name, run, without_anchors, with_anchors }
}

pub(super) const ATTACKS: &[Attack] = &[
    attack("edit an entry", edit, Some(Reason::Edited), Reason::Edited),
    attack("edit an entry and recompute its hash", edit_and_seal, Some(Reason::Unlinked), Reason::Unlinked),
    attack("delete an entry", delete, Some(Reason::Deleted), Reason::Deleted),
    attack("insert an entry between two", insert, Some(Reason::Inserted), Reason::Inserted),
    attack("append a second successor (fork)", fork, Some(Reason::Forked), Reason::Forked),
    attack("repeat an entry", repeat, Some(Reason::Repeated), Reason::Repeated),
    attack("reorder two entries", reorder, Some(Reason::Reordered), Reason::Reordered),
    attack("put an entry of another shard in", mix_entries, Some(Reason::WrongShard), Reason::WrongShard),
    attack("exchange two shards, all hashes recomputed", exchange_shards, Some(Reason::WrongShard), Reason::Rewritten),
    attack("cut the tail of one shard", cut_one_tail, Some(Reason::Truncated), Reason::Truncated),
    attack("cut the tails of all shards at one moment", cut_all_tails, None, Reason::Truncated),
    attack("remove a whole shard", remove_shard, Some(Reason::Truncated), Reason::Truncated),
    attack("remove the oldest entries before their time", cut_start, Some(Reason::MissingStart), Reason::MissingStart),
    attack(
        "rewrite one shard from an entry on, all hashes recomputed",
        rewrite_shard,
        Some(Reason::Rewritten),
        Reason::Rewritten,
    ),
    attack("rewrite everything, all hashes recomputed", rewrite_all, None, Reason::Rewritten),
    attack("rewrite everything and sign new anchors with a key of one's own", rewrite_and_sign, None, Reason::WrongKey),
    attack("change an anchor", change_anchor, None, Reason::AnchorChanged),
    attack("remove an anchor between two", remove_anchor, None, Reason::AnchorMissing),
    attack("put an old anchor in the place of the newest (replay)", replay_anchor, None, Reason::AnchorReplayed),
];

/// The shard with the most entries.
fn victim(trail: &Trail) -> ChainId {
    let count = |chain: &ChainId| trail.entries.iter().filter(|entry| entry.chain == chain.name()).count();
    ChainId::all().max_by_key(count).unwrap()
}

/// Where entry `seq` of the longest shard lies.
fn place(trail: &Trail, seq: u64) -> usize {
    let chain = victim(trail).name();
    trail.entries.iter().position(|entry| entry.chain == chain && entry.seq == seq).unwrap()
}

fn falsified(fact: &Fact) -> Fact {
    Fact { actor: "nobody".to_owned(), ..fact.clone() }
}

/// The entry sealed anew, as whoever has the code can do.
fn sealed(entry: &AuditEntry, fact: Fact) -> AuditEntry {
    let tip = Tip { seq: entry.seq - 1, hash: entry.previous_hash.clone() };
    AuditEntry::next_seeing(&entry.chain, &tip, entry.seen.clone(), fact).unwrap()
}

fn edit(trail: &mut Trail, _: &AnchorKey) {
    let place = place(trail, 5);
    trail.entries[place].fact = falsified(&trail.entries[place].fact);
}

fn edit_and_seal(trail: &mut Trail, _: &AnchorKey) {
    let place = place(trail, 5);
    trail.entries[place] = sealed(&trail.entries[place], falsified(&trail.entries[place].fact));
}

fn delete(trail: &mut Trail, _: &AnchorKey) {
    let place = place(trail, 5);
    trail.entries.remove(place);
}

fn insert(trail: &mut Trail, _: &AnchorKey) {
    let place = place(trail, 5);
    let entry = &trail.entries[place];
    let made_up = AuditEntry { previous_hash: "11".repeat(32), ..sealed(entry, falsified(&entry.fact)) };
    let made_up = sealed(&made_up, made_up.fact.clone());
    trail.entries.insert(place, made_up);
}

fn fork(trail: &mut Trail, _: &AnchorKey) {
    let entry = trail.entries[place(trail, 5)].clone();
    trail.entries.push(sealed(&entry, falsified(&entry.fact)));
}

fn repeat(trail: &mut Trail, _: &AnchorKey) {
    let entry = trail.entries[place(trail, 5)].clone();
    trail.entries.push(entry);
}

fn reorder(trail: &mut Trail, _: &AnchorKey) {
    let (a, b) = (place(trail, 5), place(trail, 6));
    trail.entries.swap(a, b);
}

fn mix_entries(trail: &mut Trail, _: &AnchorKey) {
    let at = place(trail, 5);
    let other = trail.entries.iter().find(|entry| entry.chain != trail.entries[at].chain).unwrap().fact.clone();
    trail.entries[at] = sealed(&trail.entries[at], other);
}

fn exchange_shards(trail: &mut Trail, _: &AnchorKey) {
    let (a, b) = (ChainId::parse("shard-3").unwrap().name(), ChainId::parse("shard-4").unwrap().name());
    for entry in &mut trail.entries {
        if entry.chain == a {
            entry.chain.clone_from(&b);
        } else if entry.chain == b {
            entry.chain.clone_from(&a);
        }
    }
    reseal(trail);
}

/// Computes every hash anew, links and sightings included: the trail is whole again, only another one.
fn reseal(trail: &mut Trail) {
    let mut heads: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for entry in &mut trail.entries {
        let hashes = heads.entry(entry.chain.clone()).or_default();
        let tip = Tip { seq: entry.seq - 1, hash: hashes.last().cloned().unwrap_or_else(|| GENESIS.to_owned()) };
        let seen = entry.seen.clone().and_then(|ChainHead { chain, seq, .. }| {
            let hash = heads.get(&chain)?.get(usize::try_from(seq).unwrap() - 1)?.clone();
            Some(ChainHead { chain, seq, hash })
        });
        *entry = AuditEntry::next_seeing(&entry.chain, &tip, seen, entry.fact.clone()).unwrap();
        heads.entry(entry.chain.clone()).or_default().push(entry.hash.clone());
    }
}

fn cut_one_tail(trail: &mut Trail, _: &AnchorKey) {
    let chain = victim(trail).name();
    trail.entries.retain(|entry| entry.chain != chain || entry.seq < 10);
}

fn cut_all_tails(trail: &mut Trail, _: &AnchorKey) {
    trail.entries.truncate(250);
}

fn remove_shard(trail: &mut Trail, _: &AnchorKey) {
    let chain = victim(trail).name();
    trail.entries.retain(|entry| entry.chain != chain);
}

fn cut_start(trail: &mut Trail, _: &AnchorKey) {
    let chain = victim(trail).name();
    trail.entries.retain(|entry| entry.chain != chain || entry.seq > 4);
}

fn rewrite_shard(trail: &mut Trail, _: &AnchorKey) {
    let chain = victim(trail).name();
    let mut tip: Option<Tip> = None;
    for entry in trail.entries.iter_mut().filter(|entry| entry.chain == chain && entry.seq >= 5) {
        if let Some(tip) = &tip {
            entry.previous_hash.clone_from(&tip.hash);
        }
        *entry = sealed(entry, falsified(&entry.fact));
        tip = Some(entry.tip());
    }
}

fn rewrite_all(trail: &mut Trail, _: &AnchorKey) {
    for entry in &mut trail.entries {
        entry.fact = falsified(&entry.fact);
    }
    reseal(trail);
}

fn rewrite_and_sign(trail: &mut Trail, _: &AnchorKey) {
    rewrite_all(trail, &AnchorKey::default());
    let own = AnchorKey::default();
    for named in &mut trail.anchors {
        *named = own.anchor(named.anchor.unsigned());
    }
}

fn change_anchor(trail: &mut Trail, _: &AnchorKey) {
    trail.anchors[1].anchor.heads[0].seq -= 1;
}

fn remove_anchor(trail: &mut Trail, _: &AnchorKey) {
    trail.anchors.remove(1);
}

fn replay_anchor(trail: &mut Trail, _: &AnchorKey) {
    let newest = trail.anchors.len() - 1;
    trail.anchors[newest].anchor = trail.anchors[0].anchor.clone();
}

/// The trail after an attack.
pub(super) fn attacked(attack: &Attack, key: &AnchorKey) -> Trail {
    let mut trail = trail(key);
    (attack.run)(&mut trail, key);
    trail
}
