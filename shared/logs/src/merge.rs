//! Finds words that vary although they look like any other word: user names, services, classes.
//!
//! Templates that are equal but for one word are candidates. Whether that word is a value is decided from how many
//! different words stand there, from what stands before it, and from what the words are: people tell `Started` from
//! `Stopped`, and do not tell `alice` from `bob`.

use std::collections::BTreeMap;

use crate::miner::HashIndex;
use crate::token::{self, VARIABLE};

/// A template, as merging sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) words: &'a [u64],
    pub(crate) count: u64,
}

/// Templates that are one, and its words.
#[derive(Debug)]
pub(crate) struct Merge {
    /// Indices, the first seen first.
    pub(crate) members: Vec<usize>,
    pub(crate) words: Vec<u64>,
}

/// Each round joins templates that differ in one place more.
const ROUNDS: usize = 6;
/// Longer messages are left as they are.
const MAX_WORDS: usize = 48;
/// Two places at once are looked at only among so many templates, and so many words of each.
const MAX_PAIRED: usize = 4_000;
const MAX_PAIRED_WORDS: usize = 12;
/// So many templates in one make it likely that a further combination of words belongs to it as well.
const WIDE: usize = 4;

#[derive(Debug, Clone)]
struct Cluster {
    members: Vec<usize>,
    words: Vec<u64>,
    count: u64,
}

impl Cluster {
    /// The places of words, of which there are not too many.
    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        (0..if self.words.len() > MAX_WORDS { 0 } else { self.words.len() })
            .filter(|&place| self.words[place] != VARIABLE)
    }
}

/// All merges among `views`; `text` gives the words of hashes.
pub(crate) fn merges<'t>(views: &[View<'_>], text: &dyn Fn(u64) -> &'t str) -> Vec<Merge> {
    let mut clusters: Vec<Cluster> = views
        .iter()
        .enumerate()
        .map(|(index, view)| Cluster { members: vec![index], words: view.words.to_vec(), count: view.count })
        .collect();
    clusters = settle(clusters, text);
    if clusters.len() <= MAX_PAIRED {
        let before = clusters.len();
        clusters = join_pairs(clusters, text);
        if clusters.len() < before {
            clusters = settle(clusters, text);
        }
    }
    clusters = absorb(clusters, text);
    clusters = join_without_value(clusters);
    clusters
        .into_iter()
        .filter(|cluster| cluster.members.len() > 1)
        .map(|cluster| Merge { members: cluster.members, words: cluster.words })
        .collect()
}

fn settle<'t>(mut clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
    for _ in 0..ROUNDS {
        let before = clusters.len();
        clusters = round(clusters, text);
        if clusters.len() == before {
            break;
        }
    }
    clusters
}

/// Which clusters share a key: those that do not share theirs cost one counter each. The widest first, then the first seen.
fn alike(
    clusters: &[Cluster],
    keys: impl Fn(&Cluster, &mut dyn FnMut(u64, [usize; 2])),
) -> Vec<([usize; 2], Vec<usize>)> {
    let mut counts: HashIndex<u32> = HashIndex::default();
    for cluster in clusters {
        keys(cluster, &mut |key, _| *counts.entry(key).or_default() += 1);
    }
    let mut shared: HashIndex<([usize; 2], Vec<usize>)> = HashIndex::default();
    for (index, cluster) in clusters.iter().enumerate() {
        keys(cluster, &mut |key, places| {
            if counts[&key] > 1 {
                shared.entry(key).or_insert_with(|| (places, Vec::new())).1.push(index);
            }
        });
    }
    let mut shared: Vec<_> = shared.into_values().collect();
    // A word that takes many forms is surely a value.
    shared.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.cmp(b)));
    shared
}

/// Joins what differs in one place, wherever that place holds values.
fn round<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
    let candidates = alike(&clusters, |cluster, give| {
        if cluster.words.len() <= MAX_WORDS {
            for place in 0..cluster.words.len() {
                give(without(&cluster.words, &[place]), [place, place]);
            }
        }
    });
    join(clusters, candidates, |clusters, members, places| is_value(clusters, members, places[0], text))
}

/// Joins what differs in two places, where both hold values: `alice logged in from home`, `bob logged in from work`.
fn join_pairs<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
    let candidates = alike(&clusters, |cluster, give| {
        let places: Vec<usize> =
            cluster.places().filter(|&place| !is_constant(text(cluster.words[place]))).take(MAX_PAIRED_WORDS).collect();
        for (at, &first) in places.iter().enumerate() {
            for &second in &places[at + 1..] {
                give(without(&cluster.words, &[first, second]), [first, second]);
            }
        }
    });
    join(clusters, candidates, |clusters, members, places| {
        let context = &clusters[members[0]].words;
        let fixed = context.iter().filter(|&&word| word != VARIABLE).count().saturating_sub(2);
        fixed >= 2 && members.len() >= 4 && places.iter().all(|&place| distinct(clusters, members, place) >= 3)
    })
}

fn distinct(clusters: &[Cluster], members: &[usize], place: usize) -> usize {
    members.iter().map(|&index| clusters[index].words[place]).collect::<std::collections::BTreeSet<_>>().len()
}

/// Joins candidates that `accept` accepts; each cluster once.
fn join(
    clusters: Vec<Cluster>,
    candidates: Vec<([usize; 2], Vec<usize>)>,
    accept: impl Fn(&[Cluster], &[usize], [usize; 2]) -> bool,
) -> Vec<Cluster> {
    let mut target: Vec<Option<(usize, [usize; 2])>> = vec![None; clusters.len()];
    for (places, members) in candidates {
        let free: Vec<usize> = members.into_iter().filter(|&index| target[index].is_none()).collect();
        if free.len() > 1 && accept(&clusters, &free, places) {
            for &index in &free {
                target[index] = Some((free[0], places));
            }
        }
    }
    let mut joined: BTreeMap<usize, Cluster> = BTreeMap::new();
    for (index, mut cluster) in clusters.into_iter().enumerate() {
        match target[index] {
            Some((root, _)) if root != index => {
                if let Some(root) = joined.get_mut(&root) {
                    root.members.append(&mut cluster.members);
                    root.count += cluster.count;
                }
            }
            Some((_, places)) => {
                for place in places {
                    cluster.words[place] = VARIABLE;
                }
                cluster.words.dedup_by(|a, b| *a == VARIABLE && *b == VARIABLE);
                joined.insert(index, cluster);
            }
            None => {
                joined.insert(index, cluster);
            }
        }
    }
    same_words(joined.into_values())
}

/// Joins clusters whose words have become the same.
fn same_words(clusters: impl Iterator<Item = Cluster>) -> Vec<Cluster> {
    let mut by_words: BTreeMap<Vec<u64>, Cluster> = BTreeMap::new();
    for mut cluster in clusters {
        if let Some(first) = by_words.get_mut(&cluster.words) {
            first.members.append(&mut cluster.members);
            first.count += cluster.count;
        } else {
            by_words.insert(cluster.words.clone(), cluster);
        }
    }
    let mut clusters: Vec<Cluster> = by_words.into_values().collect();
    for cluster in &mut clusters {
        cluster.members.sort_unstable();
    }
    clusters.sort_by_key(|cluster| cluster.members[0]);
    clusters
}

/// Joins a rare combination of values to the template that its commoner sisters have become.
fn absorb<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
    let most = if clusters.len() <= MAX_PAIRED { 3 } else { 1 };
    let wide: HashIndex<usize> = clusters
        .iter()
        .enumerate()
        .filter(|(_, cluster)| cluster.members.len() >= WIDE)
        .map(|(index, cluster)| (without(&cluster.words, &[]), index))
        .collect();
    let target: Vec<Option<usize>> = clusters
        .iter()
        .enumerate()
        .map(|(index, cluster)| {
            let places: Vec<usize> = cluster
                .places()
                .filter(|&place| !is_constant(text(cluster.words[place])))
                .take(MAX_PAIRED_WORDS)
                .collect();
            let found = subsets(&places, most).find_map(|chosen| {
                let mut words = cluster.words.clone();
                for place in chosen {
                    words[place] = VARIABLE;
                }
                words.dedup_by(|a, b| *a == VARIABLE && *b == VARIABLE);
                wide.get(&without(&words, &[])).copied()
            });
            found.filter(|&other| other != index && clusters[other].members.len() > cluster.members.len())
        })
        .collect();
    attach(clusters, &target)
}

/// One, two, … up to `most` of `places` at a time.
fn subsets(places: &[usize], most: usize) -> impl Iterator<Item = Vec<usize>> + '_ {
    let bits = places.len().min(MAX_PAIRED_WORDS);
    let mut masks: Vec<u32> = (1..1_u32 << bits).filter(|mask| mask.count_ones() as usize <= most).collect();
    masks.sort_by_key(|mask| mask.count_ones());
    masks.into_iter().map(move |mask| (0..bits).filter(|bit| mask >> bit & 1 == 1).map(|bit| places[bit]).collect())
}

/// Joins each cluster to its target, if that stays itself.
fn attach(clusters: Vec<Cluster>, target: &[Option<usize>]) -> Vec<Cluster> {
    let root = |index: usize| target[index].filter(|&root| target[root].is_none());
    let mut joined: BTreeMap<usize, Cluster> = clusters
        .iter()
        .enumerate()
        .filter(|&(index, _)| root(index).is_none())
        .map(|(index, cluster)| (index, cluster.clone()))
        .collect();
    for (index, cluster) in clusters.into_iter().enumerate() {
        if let Some(root) = root(index).and_then(|root| joined.get_mut(&root)) {
            root.members.extend(cluster.members);
            root.count += cluster.count;
        }
    }
    same_words(joined.into_values())
}

/// A value may be empty: `invalid user  from <ip>` is rare beside `invalid user <*> from <ip>`, and the same.
fn join_without_value(clusters: Vec<Cluster>) -> Vec<Cluster> {
    let mut by_words: HashIndex<usize> = HashIndex::default();
    for (index, cluster) in clusters.iter().enumerate() {
        by_words.insert(without(&cluster.words, &[]), index);
    }
    let mut target: Vec<Option<usize>> = vec![None; clusters.len()];
    for (index, cluster) in clusters.iter().enumerate() {
        let fixed = cluster.words.iter().filter(|&&word| word != VARIABLE).count();
        if fixed < 3 || cluster.words.len() > MAX_WORDS {
            continue;
        }
        for place in (0..cluster.words.len()).filter(|&place| cluster.words[place] == VARIABLE) {
            let mut words = cluster.words.clone();
            words.remove(place);
            let Some(&other) = by_words.get(&without(&words, &[])) else { continue };
            if other != index && clusters[other].count * 4 <= cluster.count && target[other].is_none() {
                target[other] = Some(index);
            }
        }
    }
    attach(clusters, &target)
}

/// A hash of all words but those at `places`, which it contains as places.
fn without(words: &[u64], places: &[usize]) -> u64 {
    let start = places.iter().fold(words.len() as u64 + 1, |state, &place| token::mix(state, place as u64));
    words
        .iter()
        .enumerate()
        .filter(|(at, _)| !places.contains(at))
        .fold(start, |state, (_, &word)| token::mix(state, word))
}

fn is_value<'t>(clusters: &[Cluster], members: &[usize], place: usize, text: &dyn Fn(u64) -> &'t str) -> bool {
    let context = &clusters[members[0]].words;
    let fixed = context.iter().enumerate().filter(|&(at, &word)| at != place && word != VARIABLE).count();
    if fixed == 0 {
        return false;
    }
    let words: Vec<&str> =
        members.iter().map(|&index| clusters[index].words[place]).filter(|&word| word != VARIABLE).map(text).collect();
    let telling = words.iter().filter(|word| tells(word)).count();
    // A place already known to vary takes what else stands there, unless it is a word people look at.
    if words.len() < members.len() {
        return telling == 0 || words.len() > 8;
    }
    if place > 0 && introduces(text(context[place - 1])) {
        return telling * 3 <= words.len() && (telling == 0 || words.len() > 2);
    }
    let needed = if fixed >= 2 { 3 } else { 5 };
    words.len() >= needed && telling * 3 <= words.len()
}

/// Words after which a name stands.
fn introduces(word: &str) -> bool {
    const BEFORE: [&str; 30] = [
        "user",
        "users",
        "username",
        "uid",
        "group",
        "host",
        "hostname",
        "server",
        "node",
        "service",
        "unit",
        "file",
        "class",
        "module",
        "device",
        "interface",
        "queue",
        "topic",
        "table",
        "database",
        "bucket",
        "key",
        "id",
        "name",
        "process",
        "client",
        "volume",
        "tenant",
        "driver",
        "daemon",
    ];
    BEFORE.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Words that tell one kind of event from another: states, actions and their outcomes, constants in capitals, and
/// participles.
fn tells(word: &str) -> bool {
    let verb = word.len() >= 5
        && (word.ends_with("ing") || word.ends_with("ed"))
        && word.bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
    verb || is_constant(word)
}

/// The words of [`tells`] that are no values even where their neighbours are.
fn is_constant(word: &str) -> bool {
    let capitals =
        word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-');
    capitals || TELLING.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

/// Sorted, in lower case.
const TELLING: &[&str] = &[
    "abort",
    "aborted",
    "aborting",
    "accept",
    "accepted",
    "accepting",
    "acquire",
    "acquired",
    "active",
    "add",
    "added",
    "adding",
    "after",
    "all",
    "allocate",
    "allocated",
    "allow",
    "allowed",
    "an",
    "and",
    "are",
    "as",
    "assigned",
    "at",
    "attach",
    "attached",
    "available",
    "bad",
    "be",
    "been",
    "before",
    "begin",
    "busy",
    "by",
    "cannot",
    "change",
    "changed",
    "clean",
    "cleaned",
    "cleaning",
    "clear",
    "cleared",
    "close",
    "closed",
    "closing",
    "commit",
    "committed",
    "complete",
    "completed",
    "connect",
    "connected",
    "connecting",
    "connection",
    "create",
    "created",
    "creating",
    "dead",
    "delete",
    "deleted",
    "deleting",
    "denied",
    "deregistered",
    "detach",
    "detached",
    "disable",
    "disabled",
    "disabling",
    "disconnect",
    "disconnected",
    "done",
    "down",
    "drop",
    "dropped",
    "empty",
    "enable",
    "enabled",
    "enabling",
    "end",
    "ended",
    "enter",
    "entered",
    "error",
    "errors",
    "exceeded",
    "exit",
    "exited",
    "exiting",
    "expired",
    "fail",
    "failed",
    "failure",
    "fetch",
    "fetched",
    "fetching",
    "finish",
    "finished",
    "for",
    "found",
    "free",
    "freed",
    "from",
    "full",
    "get",
    "getting",
    "good",
    "granted",
    "has",
    "have",
    "idle",
    "ignored",
    "ignoring",
    "in",
    "inactive",
    "init",
    "initialized",
    "initializing",
    "input",
    "insert",
    "inserted",
    "invalid",
    "is",
    "join",
    "joined",
    "killed",
    "leave",
    "left",
    "load",
    "loaded",
    "loading",
    "locked",
    "lost",
    "missing",
    "mount",
    "mounted",
    "new",
    "no",
    "not",
    "of",
    "off",
    "offline",
    "ok",
    "on",
    "online",
    "open",
    "opened",
    "opening",
    "output",
    "passed",
    "pause",
    "paused",
    "pending",
    "posted",
    "put",
    "read",
    "reading",
    "ready",
    "receive",
    "received",
    "receiving",
    "reconnect",
    "refused",
    "register",
    "registered",
    "registering",
    "rejected",
    "release",
    "released",
    "releasing",
    "reload",
    "reloaded",
    "remove",
    "removed",
    "removing",
    "reset",
    "restart",
    "restarted",
    "restarting",
    "resume",
    "resumed",
    "retry",
    "retrying",
    "running",
    "save",
    "saved",
    "saving",
    "send",
    "sending",
    "sent",
    "set",
    "setting",
    "shutdown",
    "skip",
    "skipped",
    "skipping",
    "start",
    "started",
    "starting",
    "startup",
    "stop",
    "stopped",
    "stopping",
    "succeeded",
    "success",
    "successful",
    "successfully",
    "suspend",
    "suspended",
    "terminate",
    "terminated",
    "terminating",
    "the",
    "timeout",
    "to",
    "unable",
    "unavailable",
    "unknown",
    "unload",
    "unloaded",
    "unlocked",
    "unmount",
    "unmounted",
    "unregister",
    "unregistered",
    "unregistering",
    "up",
    "update",
    "updated",
    "updating",
    "valid",
    "wait",
    "waiting",
    "warning",
    "was",
    "were",
    "will",
    "with",
    "without",
    "write",
    "writing",
    "written",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telling_words_are_sorted() {
        assert!(TELLING.is_sorted());
    }
}
