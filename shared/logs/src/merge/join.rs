//! Joins templates that differ in one place or in two, wherever those places hold values.

use std::collections::BTreeMap;

use super::words::{introduces, is_constant, tells};
use super::{Cluster, MAX_PAIRED_WORDS, MAX_WORDS, without};
use crate::miner::HashIndex;
use crate::token::VARIABLE;

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
pub(super) fn round<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
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
pub(super) fn join_pairs<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
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
pub(super) fn same_words(clusters: impl Iterator<Item = Cluster>) -> Vec<Cluster> {
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
