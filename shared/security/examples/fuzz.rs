//! Hostile bytes for the reader, the facts and every rule: `cargo run -p nightjar-security --example fuzz -- 100000`.
//! Mutates events of an ordinary month; ends with a count, or with the panic it found.

use std::time::{Duration, Instant};

use nightjar_security::detector::{Detector, Options};
use nightjar_security::month::Month;
use nightjar_security::{RuleSet, read};

/// No input of this size may take longer.
const SLOWEST: Duration = Duration::from_secs(2);

fn main() {
    let rounds: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let (mut detector, problems) = Detector::new(&RuleSet::bundled(), Options::default());
    assert!(problems.is_empty(), "{problems:?}");
    let (mut read_whole, mut refused, mut matches) = (0_u64, 0_u64, 0_u64);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for event in Month::new(99).take(usize::try_from(rounds).unwrap_or(usize::MAX)) {
        let mut bytes = event.to_string().into_bytes();
        for _ in 0..random() % 6 {
            let at = (random() % bytes.len().max(1) as u64) as usize;
            match random() % 5 {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, (random() & 0xff) as u8),
                2 => bytes[at] = b"{}[]\",:0-\\"[(random() % 10) as usize],
                3 => bytes.splice(at..at, std::iter::repeat_n(b'[', (random() % 300) as usize)).for_each(drop),
                _ => bytes.splice(at..at, b"null,".iter().copied()).for_each(drop),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let began = Instant::now();
        let reading = read::read(&bytes);
        refused += reading.problems.len() as u64;
        for raw in &reading.events {
            if let Ok(event) = raw.parse() {
                read_whole += 1;
                matches += detector.observe(event).len() as u64;
            }
        }
        assert!(began.elapsed() < SLOWEST, "{:?} for {}", began.elapsed(), String::from_utf8_lossy(&bytes));
    }
    println!(
        "{rounds} inputs: {read_whole} events judged, {matches} matches, {refused} problems named, {} groups kept",
        detector.groups()
    );
}
