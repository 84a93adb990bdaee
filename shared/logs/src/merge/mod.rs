//! Finds words that vary although they look like any other word: user names, services, classes.
//!
//! Templates that are equal but for one word are candidates. Whether that word is a value is decided from how many
//! different words stand there, from what stands before it, and from what the words are: people tell `Started` from
//! `Stopped`, and do not tell `alice` from `bob`.

mod absorb;
mod join;
mod words;

use absorb::{absorb, join_without_value};
use join::{join_pairs, round};

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

/// A hash of all words but those at `places`, which it contains as places.
fn without(words: &[u64], places: &[usize]) -> u64 {
    let start = places.iter().fold(words.len() as u64 + 1, |state, &place| token::mix(state, place as u64));
    words
        .iter()
        .enumerate()
        .filter(|(at, _)| !places.contains(at))
        .fold(start, |state, (_, &word)| token::mix(state, word))
}
