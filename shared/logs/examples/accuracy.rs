//! Grouping accuracy on generated logs: `cargo run -p nightjar-logs --example accuracy -- [LINES] [SEED] [NAME]`.
//! With a NAME it also shows what went wrong there.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../samples/mod.rs"]
mod samples;

use std::collections::BTreeMap;

use nightjar_logs::{HeaderModel, Miner, MinerOptions, TemplateId};

fn groups(lines: &[String]) -> (Vec<u32>, Vec<String>) {
    let headers = HeaderModel::learn(lines.iter().map(String::as_str));
    let mut miner = Miner::new(MinerOptions::default());
    let ids: Vec<TemplateId> =
        lines.iter().map(|line| miner.observe(&line[headers.split(line).message_at..])).collect();
    miner.refine();
    ids.into_iter().map(|id| (miner.current(id).0, miner.template(id))).unzip()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (lines, seed) = (number(0, 2000) as usize, number(1, 1));
    let mut sums: BTreeMap<bool, (f64, f64, f64)> = BTreeMap::new();
    println!("{:<14} {:>5} {:>8} {:>8}", "kind", "half", "raw", "content");
    for sample in samples::all(lines, seed) {
        let ((raw, templates), (content, _)) = (groups(&sample.raw), groups(&sample.content));
        let of_raw = samples::grouping_accuracy(&raw, &sample.truth);
        let of_content = samples::grouping_accuracy(&content, &sample.truth);
        let half = if sample.held_out { "held" } else { "dev" };
        println!("{:<14} {half:>5} {of_raw:>8.3} {of_content:>8.3}", sample.name);
        let sum = sums.entry(sample.held_out).or_default();
        *sum = (sum.0 + of_raw, sum.1 + of_content, sum.2 + 1.0);
        if arguments.get(2) == Some(&sample.name) {
            explain(&sample, &raw, &templates);
        }
    }
    for (held, (raw, content, kinds)) in sums {
        println!(
            "{:<14} {:>5} {:>8.3} {:>8.3}",
            "mean",
            if held { "held" } else { "dev" },
            raw / kinds,
            content / kinds
        );
    }
}

/// Statements in several groups, and groups with several statements.
fn explain(sample: &samples::Sample, found: &[u32], templates: &[String]) {
    let mut pairs: BTreeMap<(usize, u32), (usize, usize)> = BTreeMap::new();
    for (line, (&truth, &group)) in sample.truth.iter().zip(found).enumerate() {
        pairs.entry((truth, group)).or_insert((0, line)).0 += 1;
    }
    for ((truth, group), (count, line)) in &pairs {
        let split = pairs.keys().filter(|(other, _)| other == truth).count();
        let mixed = pairs.keys().filter(|(_, other)| other == group).count();
        if split > 1 || mixed > 1 {
            println!(
                "  statement {truth:>3} group {group:>4} {count:>5}× split {split} mixed {mixed}: {} | {}",
                templates[*line], sample.raw[*line]
            );
        }
    }
}
