//! Writes generated log lines of all kinds, mixed: `cargo run -p nightjar-logs --example generate -- LINES [SEED] > FILE`.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, missing_docs)]

#[path = "../samples/mod.rs"]
mod samples;

use std::io::Write;

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let (Some(&lines), seed) = (numbers.first(), numbers.get(1).copied().unwrap_or(1)) else {
        eprintln!("usage: generate LINES [SEED]");
        std::process::exit(2);
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut left = lines;
    let mut round = 0;
    while left > 0 {
        // A round at a time: ten million lines need not be in memory together.
        for sample in samples::all(5_000, seed + round) {
            for line in sample.raw.iter().take(left.min(5_000) as usize) {
                writeln!(out, "{line}").unwrap();
            }
            left = left.saturating_sub(5_000);
        }
        round += 1;
    }
}
