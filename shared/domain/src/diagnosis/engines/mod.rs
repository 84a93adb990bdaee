//! The engines, one file each: every one looks at the same facts and may name one kind of cause.

mod brute_force;
mod certificate;
mod configuration;
mod connection_pool;
mod cpu;
mod crash;
mod credentials;
mod credits;
mod crypto_mining;
mod dependency;
mod deploy;
mod descriptors;
mod disk;
mod dns;
mod infrastructure;
mod locks;
mod memory;
mod neighbour;
mod throttling;
mod traffic;
mod vocabulary;

use super::facts::Facts;
use super::finding::Cause;
use super::signals::LogSignals;

/// The list. Their order means nothing: hypotheses are ranked.
const ENGINES: &[fn(&Facts<'_>) -> Option<Cause>] = &[
    memory::examine,
    disk::examine,
    descriptors::examine,
    connection_pool::examine,
    cpu::examine,
    credits::examine,
    neighbour::examine,
    traffic::examine,
    throttling::examine,
    deploy::examine,
    configuration::examine,
    dependency::examine,
    dns::examine,
    certificate::examine,
    credentials::examine,
    locks::examine,
    infrastructure::examine,
    brute_force::examine,
    crypto_mining::examine,
    crash::examine,
];

/// The kinds that have an engine; other kinds of the configuration are judged by their lines alone.
const KINDS: &[&str] = &[
    memory::KIND,
    disk::KIND,
    descriptors::KIND,
    connection_pool::KIND,
    cpu::KIND,
    credits::KIND,
    neighbour::KIND,
    traffic::KIND,
    throttling::KIND,
    deploy::KIND,
    configuration::KIND,
    dependency::KIND,
    dns::KIND,
    certificate::KIND,
    credentials::KIND,
    locks::KIND,
    infrastructure::KIND,
    brute_force::KIND,
    crypto_mining::KIND,
    crash::KIND,
];

/// Asks every engine.
pub(super) fn examine(facts: &Facts<'_>, signals: &LogSignals) -> Vec<Cause> {
    let known = ENGINES.iter().filter_map(|engine| engine(facts));
    known.chain(vocabulary::examine(facts, signals, KINDS)).collect()
}

/// A metric's move in words.
fn told(found: &crate::evidence::MetricMove) -> String {
    let number = super::number;
    format!("{} went from {} to {}", found.metric.name, number(found.usual), number(found.during))
}
