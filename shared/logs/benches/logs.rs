//! Lines a second through header, mask, mine and compare, on one core.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, missing_docs)]

#[path = "../samples/mod.rs"]
mod samples;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nightjar_logs::{HeaderModel, Joiner, Miner, MinerOptions, Side, Windows};

/// Lines of each kind of system.
const LINES: usize = 5_000;

/// Lines of all kinds, one after the other, and how the headers of each kind look.
fn mixed() -> (Vec<(String, HeaderModel)>, usize) {
    let mut lines = Vec::new();
    for sample in samples::all(LINES, 1) {
        let headers = HeaderModel::learn(sample.raw.iter().map(String::as_str));
        lines.extend(sample.raw.into_iter().map(|line| (line, headers)));
    }
    let bytes = lines.iter().map(|(line, _)| line.len() + 1).sum();
    (lines, bytes)
}

fn whole(criterion: &mut Criterion) {
    let (lines, bytes) = mixed();
    println!("{} lines, {:.0} bytes each", lines.len(), bytes as f64 / lines.len() as f64);
    let mut group = criterion.benchmark_group("logs");
    group.sample_size(10).measurement_time(Duration::from_secs(8)).throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("header, mask, mine, compare", |bencher| {
        bencher.iter(|| {
            let mut windows = Windows::new(MinerOptions::default());
            for (index, (line, headers)) in lines.iter().enumerate() {
                let side = if index % 2 == 0 { Side::Incident } else { Side::Baseline };
                windows.add(side, black_box(line), headers);
            }
            windows.compare()
        });
    });
    group.bench_function("join lines to events", |bencher| {
        bencher.iter(|| {
            let mut joiner = Joiner::new(HeaderModel::default());
            lines.iter().filter_map(|(line, _)| joiner.push(black_box(line))).count()
        });
    });
    let messages: Vec<&str> = lines.iter().map(|(line, headers)| &line[headers.split(line).message_at..]).collect();
    group.bench_function("mask and look up", |bencher| {
        bencher.iter_batched_ref(
            || {
                let mut miner = Miner::new(MinerOptions::default());
                for message in &messages {
                    miner.observe(message);
                }
                miner
            },
            |miner| {
                for message in &messages {
                    black_box(miner.observe(message));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
