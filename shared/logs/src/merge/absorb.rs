//! Joins what is rare to what its commoner sisters have become: further combinations of values, and values that are empty.

use std::collections::BTreeMap;

use super::join::same_words;
use super::words::is_constant;
use super::{Cluster, MAX_PAIRED, MAX_PAIRED_WORDS, MAX_WORDS, WIDE, without};
use crate::miner::HashIndex;
use crate::token::VARIABLE;

/// Joins a rare combination of values to the template that its commoner sisters have become.
pub(super) fn absorb<'t>(clusters: Vec<Cluster>, text: &dyn Fn(u64) -> &'t str) -> Vec<Cluster> {
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
pub(super) fn join_without_value(clusters: Vec<Cluster>) -> Vec<Cluster> {
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
