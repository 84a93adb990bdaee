//! Reads two windows of log lines, whole process: `cargo run -p nightjar-logs --example mine -- INCIDENT BASELINE`, or one file
//! or `-` alone, whose lines go to both windows in turn. Prints lines, seconds, lines a second and the most memory it held.
#![allow(clippy::unwrap_used, missing_docs)]

use std::io::{BufRead, BufReader, Read};
use std::time::Instant;

use nightjar_logs::header::SAMPLE_LINES;
use nightjar_logs::{HeaderModel, Joiner, MinerOptions, Side, Windows};

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let start = Instant::now();
    let mut windows = Windows::new(MinerOptions::default());
    let mut lines = 0_u64;
    for (index, name) in names.iter().enumerate() {
        let source: Box<dyn Read> =
            if name == "-" { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(name).unwrap()) };
        let mut source = BufReader::with_capacity(1 << 16, source).lines();
        let first: Vec<String> = source.by_ref().take(SAMPLE_LINES).map(Result::unwrap).collect();
        let headers = HeaderModel::learn(first.iter().map(String::as_str));
        let mut joiner = Joiner::new(headers);
        for line in first.into_iter().chain(source.map(Result::unwrap)) {
            lines += 1;
            let even = if names.len() > 1 { index == 0 } else { lines.is_multiple_of(2) };
            if let Some(event) = joiner.push(&line) {
                windows.add(if even { Side::Incident } else { Side::Baseline }, &event.text, &headers);
            }
        }
        if let Some(event) = joiner.finish() {
            windows.add(Side::Baseline, &event.text, &headers);
        }
    }
    let comparison = windows.compare();
    let seconds = start.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("unknown", str::trim);
    println!(
        "{{\"lines\":{lines},\"events\":{},\"seconds\":{seconds:.3},\"lines_per_second\":{:.0},\"patterns\":{},\"overflowed\":{},\"peak_rss\":\"{peak}\"}}",
        comparison.events.0 + comparison.events.1,
        lines as f64 / seconds,
        comparison.patterns.len(),
        comparison.overflowed,
    );
}
