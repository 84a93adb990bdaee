//! Finds words that vary although they look like any other word: user names, services, classes.
//!
//! Templates that are equal but for one word are candidates. Whether that word is a value is decided from how many
//! different words stand there, from what stands before it, and from what the words are: people tell `Started` from
//! `Stopped`, and do not tell `alice` from `bob`.

use std::collections::BTreeMap;

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

#[derive(Debug, Clone)]
struct Cluster {
    members: Vec<usize>,
    words: Vec<u64>,
    count: u64,
}

/// All merges among `views`; `text` gives the words of hashes.
pub(crate) fn merges<'t>(views: &[View<'_>], text: &dyn Fn(u64) -> &'t str) -> Vec<Merge> {
    let mut clusters: Vec<Cluster> = views
        .iter()
        .enumerate()
        .map(|(index, view)| Cluster { members: vec![index], words: view.words.to_vec(), count: view.count })
        .collect();
    for _ in 0..ROUNDS {
        let before = clusters.len();
        clusters = round(clusters, text);
        if clusters.len() == before {
            break;
        }
    }
    clusters
        .into_iter()
        .filter(|cluster| cluster.members.len() > 1)
        .map(|cluster| Merge { members: cluster.members, words: cluster.words })
        .collect()
}

/// Joins what differs in one place, wherever that place holds values.
fn round<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
    // Everything but one place → the clusters that agree on it.
    let mut alike: BTreeMap<(usize, usize, u64), Vec<usize>> = BTreeMap::new();
    for (index, cluster) in clusters.iter().enumerate() {
        for place in 0..cluster.words.len() {
            alike.entry((cluster.words.len(), place, without(&cluster.words, place))).or_default().push(index);
        }
    }
    let mut candidates: Vec<((usize, usize, u64), Vec<usize>)> =
        alike.into_iter().filter(|(_, indices)| indices.len() > 1).collect();
    // The widest place first: a word that takes many forms is surely a value.
    candidates.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
    let mut target: Vec<Option<(usize, usize)>> = vec![None; clusters.len()];
    for ((_, place, _), indices) in candidates {
        let free: Vec<usize> = indices.into_iter().filter(|&index| target[index].is_none()).collect();
        if free.len() > 1 && is_value(&clusters, &free, place, text) {
            for &index in &free {
                target[index] = Some((free[0], place));
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
            Some((_, place)) => {
                cluster.words[place] = VARIABLE;
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

fn without(words: &[u64], place: usize) -> u64 {
    words.iter().enumerate().filter(|&(at, _)| at != place).fold(1, |state, (_, &word)| token::mix(state, word))
}

fn is_value<'t>(clusters: &[Cluster], indices: &[usize], place: usize, text: &dyn Fn(u64) -> &'t str) -> bool {
    let context = &clusters[indices[0]].words;
    let fixed = context.iter().enumerate().filter(|&(at, &word)| at != place && word != VARIABLE).count();
    if fixed == 0 {
        return false;
    }
    let words: Vec<&str> =
        indices.iter().map(|&index| clusters[index].words[place]).filter(|&word| word != VARIABLE).map(text).collect();
    let wild = words.len() < indices.len();
    let telling = words.iter().filter(|word| tells(word)).count();
    let introduced = place > 0 && introduces(text(context[place - 1]));
    // A place already known to vary takes what else stands there, unless it is a word people look at.
    if wild {
        return telling == 0 || words.len() > 8;
    }
    if introduced {
        return telling * 2 <= words.len();
    }
    let needed = if fixed >= 2 { 3 } else { 5 };
    words.len() >= needed && telling * 3 <= words.len()
}

/// Words after which a name stands.
fn introduces(word: &str) -> bool {
    const BEFORE: [&str; 26] = [
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
        "for",
        "process",
    ];
    BEFORE.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Words that tell one kind of event from another: states, actions and their outcomes, and constants in capitals.
fn tells(word: &str) -> bool {
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
