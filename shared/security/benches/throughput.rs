//! Events per second with every rule that ships, on one core.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nightjar_security::detector::{Detector, Options};
use nightjar_security::{RuleSet, month};

fn throughput(criterion: &mut Criterion) {
    let set = RuleSet::bundled();
    let events: Vec<serde_json::Value> = month::Month::new(7).take(20_000).collect();
    let texts: Vec<String> = events.iter().map(serde_json::Value::to_string).collect();
    let mut group = criterion.benchmark_group("events");
    group.sample_size(10).throughput(Throughput::Elements(events.len() as u64));
    group.bench_function("parsed, every rule", |bencher| {
        bencher.iter_batched(
            || (Detector::new(&set, Options::default()).0, events.clone()),
            |(mut detector, events)| events.into_iter().map(|event| detector.observe(event).len()).sum::<usize>(),
            criterion::BatchSize::PerIteration,
        );
    });
    group.bench_function("from JSON text, every rule", |bencher| {
        bencher.iter_batched(
            || Detector::new(&set, Options::default()).0,
            |mut detector| {
                texts.iter().map(|text| detector.observe(serde_json::from_str(text).unwrap()).len()).sum::<usize>()
            },
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
    criterion.bench_function("load every rule", |bencher| bencher.iter(|| RuleSet::bundled().infos().len()));
}

criterion_group!(benches, throughput);
criterion_main!(benches);
