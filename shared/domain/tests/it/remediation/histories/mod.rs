//! Random histories of incidents, redeliveries, crashes, clock jumps, approvals, undos, other people's changes and the kill
//! switch, with many invocations at once, against a model of AWS and of the table's conditional writes. Whatever happens: no cap
//! is exceeded, nothing without consent or protected is touched, no claim is acted upon twice, an attack is answered only
//! with a person's word, and only what was done is taken back.
//!
//! `NIGHTJAR_HISTORIES=100000` runs more than the default; the count is printed.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and its size is set from outside"
)]

mod aws;
mod engine;
mod world;

use std::collections::BTreeMap;

use world::World;

/// Events of one history.
const EVENTS: usize = 160;

/// `SplitMix64` (Steele, Lea, Flood 2014): small, seeded, good enough to choose among a few things.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// True once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }
}

#[test]
fn no_history_exceeds_a_cap_or_acts_twice() {
    let wanted = std::env::var("NIGHTJAR_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000_u64);
    let mut calls: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in 0..wanted {
        let mut world = World::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        for _ in 0..EVENTS {
            world.one_thing_happens();
        }
        for (name, count) in world.counted {
            *calls.entry(name).or_default() += count;
        }
    }
    println!("{wanted} histories of {EVENTS} events, no cap exceeded: {calls:?}");
    for step in [
        "reboot",
        "snapshot_first",
        "ssm_document",
        "isolate",
        "asg_replace",
        "scale_out",
        "disable_access_key",
        "undo of isolate",
        "undo of scale_out",
        "undo of disable_access_key",
        "undo refused",
    ] {
        let times = calls.get(step).copied().unwrap_or_default();
        assert!(times >= wanted / 100, "the histories must be lively to prove anything: {step} {times} times");
    }
}
