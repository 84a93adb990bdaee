//! Holds entries against each other, and in the end against the anchors.

use jiff::Timestamp;

use super::anchor;
use super::examine::{Hash, read_hash};
use super::report::{Bad, ChainReport, Reason, Report};
use super::{Anchor, ChainHead, ChainId, Examined, NamedAnchor, NotAnEntry, PublicKey, Retention};

/// Takes the entries of all chains, each chain's in its order, and keeps 32 bytes of each.
#[derive(Debug)]
pub struct Verifier {
    chains: Vec<Chain>,
    sightings: Vec<Sighting>,
    stranger: Option<Bad>,
    entries: u64,
}

/// An entry that an entry of another chain had seen.
#[derive(Debug)]
struct Sighting {
    by: (ChainId, u64),
    of: (ChainId, u64),
    hash: Hash,
}

#[derive(Debug, Default)]
struct Chain {
    /// The number of `hashes[0]`; 0 before the first entry.
    first: u64,
    /// What the first entry names as the hash before it.
    before: Hash,
    hashes: Vec<Hash>,
    last: u64,
    last_hash: Hash,
    bad: Option<Bad>,
    /// Numbers that were skipped, when that is what is bad.
    missing: Option<(u64, u64)>,
    /// The verification starts here, with an entry that an anchor vouches for.
    from_anchor: bool,
}

impl Default for Verifier {
    fn default() -> Self {
        let chains = ChainId::all().map(|_| Chain::default()).collect();
        Self { chains, sightings: Vec::new(), stranger: None, entries: 0 }
    }
}

impl Verifier {
    /// For the entries after the heads of an anchor, whose signature has been checked.
    pub fn after(anchor: &Anchor) -> Result<Self, NotAnEntry> {
        let mut verifier = Self::default();
        for ChainHead { chain, seq, hash } in &anchor.heads {
            if let Some(chain) = ChainId::parse(chain).and_then(|id| verifier.chains.get_mut(id.index())) {
                let hash = read_hash(hash)?;
                *chain = Chain {
                    first: *seq,
                    hashes: vec![hash],
                    last: *seq,
                    last_hash: hash,
                    from_anchor: true,
                    ..Chain::default()
                };
            }
        }
        Ok(verifier)
    }

    /// The newest entry of a chain so far: its number, 0 if there is none.
    pub fn last(&self, chain: ChainId) -> u64 {
        self.chains.get(chain.index()).map_or(0, |chain| chain.last)
    }

    /// The highest number of a chain that any entry had seen.
    pub fn seen(&self, chain: ChainId) -> u64 {
        self.sightings.iter().filter(|sighting| sighting.of.0 == chain).map(|sighting| sighting.of.1).max().unwrap_or(0)
    }

    /// Takes the next entry of its chain.
    pub fn push(&mut self, entry: &Examined) {
        self.entries += 1;
        let id = match &entry.chain {
            Ok(id) => *id,
            Err(name) => {
                let detail = format!("there is no chain {name:?}");
                self.stranger.get_or_insert(Bad {
                    chain: name.to_string(),
                    seq: entry.seq,
                    reason: Reason::WrongShard,
                    detail,
                });
                return;
            }
        };
        let Some(chain) = self.chains.get_mut(id.index()) else { return };
        chain.push(id, entry);
        if let (None, Some((other, seq, hash))) = (&chain.bad, entry.seen) {
            self.sightings.push(Sighting { by: (id, entry.seq), of: (other, seq), hash });
        }
    }

    /// Takes an entry that the table keeps under `chain` and `seq`, whatever it says itself.
    pub fn push_stored(&mut self, id: ChainId, seq: u64, entry: Result<Examined, NotAnEntry>) {
        let (reason, detail) = match entry {
            Ok(entry) if entry.chain == Ok(id) && entry.seq == seq => return self.push(&entry),
            Ok(_) => (Reason::WrongShard, format!("entry {seq} of {id} holds an entry of another place")),
            Err(error) => (Reason::Unreadable, format!("entry {seq} of {id} cannot be read: {error}")),
        };
        self.entries += 1;
        if let Some(chain) = self.chains.get_mut(id.index()) {
            chain.found(id, seq, reason, detail);
            chain.last = chain.last.max(seq);
        }
    }

    /// The verdict. Without anchors no more can be told than what the entries say of each other.
    pub fn finish(
        mut self,
        anchors: Option<(&[NamedAnchor], &PublicKey)>,
        retention: &Retention,
        now: Timestamp,
    ) -> Report {
        let (trusted, anchors_bad) = anchors.map_or((Vec::new(), None), |(all, key)| anchor::check(all, key));
        let sightings = std::mem::take(&mut self.sightings);
        for Sighting { by, of: (id, seq), hash } in &sightings {
            let witness = format!("entry {} of {} had seen it", by.1, by.0);
            if let Some(chain) = self.chains.get_mut(id.index()) {
                chain.compare(*id, *seq, hash, &witness);
            }
        }
        let mut reports = Vec::new();
        for (id, chain) in ChainId::all().zip(&mut self.chains) {
            let anchored_through = chain.compare_anchors(id, &trusted, retention, now);
            if chain.last > 0 {
                let first_seq = chain.first;
                reports.push(ChainReport { chain: id.name(), first_seq, last_seq: chain.last, anchored_through });
            }
        }
        let problems: Vec<Bad> = anchors_bad
            .into_iter()
            .chain(self.chains.into_iter().filter_map(|chain| chain.bad))
            .chain(self.stranger)
            .collect();
        Report {
            valid: problems.is_empty(),
            entries: self.entries,
            anchored_through: reports.iter().map(|chain| chain.anchored_through).sum(),
            first_bad: problems.first().cloned(),
            problems,
            anchors: trusted.len() as u64,
            newest_anchor_at: trusted.last().map(|anchor| anchor.taken_at),
            chains: reports,
        }
    }
}

impl Chain {
    /// Remembers what is wrong, unless something earlier is.
    fn found(&mut self, id: ChainId, seq: u64, reason: Reason, detail: String) {
        if self.bad.as_ref().is_none_or(|bad| seq < bad.seq) {
            self.bad = Some(Bad { chain: id.name(), seq, reason, detail });
        }
    }

    fn hash_at(&self, seq: u64) -> Option<&Hash> {
        if self.first > 1 && seq + 1 == self.first && !self.from_anchor {
            return Some(&self.before);
        }
        seq.checked_sub(self.first).and_then(|index| self.hashes.get(usize::try_from(index).ok()?))
    }

    fn push(&mut self, id: ChainId, entry: &Examined) {
        let seq = entry.seq;
        if self.last == 0 {
            self.first = seq;
            self.before = entry.previous;
            self.last = seq.saturating_sub(1);
            // What stood before the first entry is not at hand; only the first of all has a known one.
            self.last_hash = if seq <= 1 { Hash::default() } else { entry.previous };
        }
        if seq == 0 || seq <= self.last {
            self.out_of_turn(id, entry);
            return;
        }
        if seq > self.last + 1 {
            let (from, to) = (self.last + 1, seq - 1);
            if self.bad.is_none() {
                self.missing = Some((from, to));
            }
            self.found(id, from, Reason::Deleted, format!("entries {from} to {to} of {id} are missing"));
        } else if let Some((reason, detail)) = self.fault(id, entry) {
            self.found(id, seq, reason, detail);
        }
        if self.missing.is_none() {
            self.hashes.push(entry.hash);
        }
        self.last = seq;
        self.last_hash = entry.hash;
    }

    /// What is wrong with an entry whose number is the next.
    fn fault(&self, id: ChainId, entry: &Examined) -> Option<(Reason, String)> {
        let seq = entry.seq;
        if !entry.intact {
            let detail =
                format!("entry {seq} of {id} was changed after it was written: its hash is not that of its content");
            Some((Reason::Edited, detail))
        } else if !entry.in_its_shard {
            Some((Reason::WrongShard, format!("entry {seq} of {id} belongs to another chain")))
        } else if entry.previous != self.last_hash {
            let detail = format!("entry {seq} of {id} does not link to the one before: one of the two was replaced");
            Some((Reason::Unlinked, detail))
        } else {
            None
        }
    }

    /// An entry whose number was taken, or skipped.
    fn out_of_turn(&mut self, id: ChainId, entry: &Examined) {
        let seq = entry.seq;
        let follows = entry.intact
            && seq.checked_sub(1).and_then(|before| self.hash_at(before)) == Some(&entry.previous)
            || entry.intact && seq == 1 && entry.previous == Hash::default();
        let skipped = self.missing.is_some_and(|(from, to)| (from..=to).contains(&seq)) || seq < self.first;
        let upgrade = match self.bad.as_mut() {
            Some(bad) if bad.reason == Reason::Deleted && skipped => Some((bad, Reason::Reordered)),
            Some(bad) if bad.reason == Reason::Unlinked && bad.seq == seq && follows => Some((bad, Reason::Inserted)),
            _ => None,
        };
        if let Some((bad, reason)) = upgrade {
            bad.reason = reason;
            bad.detail = match reason {
                Reason::Inserted => {
                    format!("entry {seq} of {id} was put in: another entry {seq} follows the one before")
                }
                _ => format!("entry {seq} of {id} stands behind later ones"),
            };
            return;
        }
        let (reason, detail) = if self.hash_at(seq) == Some(&entry.hash) && entry.intact {
            (Reason::Repeated, format!("entry {seq} of {id} is there twice"))
        } else if seq > 0 && seq < self.first {
            (Reason::Reordered, format!("entry {seq} of {id} stands behind later ones"))
        } else if follows {
            (Reason::Forked, format!("two entries {seq} of {id} follow the same one"))
        } else {
            (Reason::Inserted, format!("a second entry {seq} of {id} was put in"))
        };
        self.found(id, seq, reason, detail);
    }

    /// Whether entry `seq` is the one that a witness had seen.
    fn compare(&mut self, id: ChainId, seq: u64, hash: &Hash, witness: &str) -> bool {
        if seq > self.last {
            let detail = format!("{id} ends with entry {} though it had {seq} entries: {witness}", self.last);
            self.found(id, self.last + 1, Reason::Truncated, detail);
            return false;
        }
        match self.hash_at(seq) {
            Some(found) if found == hash => true,
            Some(_) => {
                self.found(
                    id,
                    seq,
                    Reason::Rewritten,
                    format!("entry {seq} of {id} is not the one that was there: {witness}"),
                );
                false
            }
            // Expired, or behind a gap that has been reported.
            None => false,
        }
    }

    /// Compares with all anchors; returns the newest number that one of them vouches for.
    fn compare_anchors(&mut self, id: ChainId, anchors: &[Anchor], retention: &Retention, now: Timestamp) -> u64 {
        let name = id.name();
        let mut through = if self.from_anchor { self.first } else { 0 };
        let mut start_expired = self.first <= 1 || self.from_anchor;
        for anchor in anchors {
            let Some(head) = anchor.heads.iter().find(|head| head.chain == name) else { continue };
            let Ok(hash) = read_hash(&head.hash) else { continue };
            start_expired |= head.seq + 1 >= self.first && retention.is_over(anchor.taken_at, now);
            if self.compare(id, head.seq, &hash, &format!("the anchor of {} vouches for it", anchor.taken_at)) {
                through = through.max(head.seq);
            }
        }
        if !start_expired {
            let to = self.first - 1;
            let detail =
                format!("entries 1 to {to} of {id} are missing, and no anchor shows that they had reached their age");
            self.found(id, 1, Reason::MissingStart, detail);
        }
        through
    }
}
