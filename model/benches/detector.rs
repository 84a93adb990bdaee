//! What the detector costs, single-threaded: `cargo bench -p nightjar-model`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nightjar_model::forest::{DIMENSIONS, FeatureVector, ForestOptions, plant, quantise};
use nightjar_model::synthetic::{Noise, healthy};
use nightjar_model::{Artifact, Datapoint, Detector, Model, SeriesState};

/// A series with a full memory, and its next datapoint.
fn fortnight(seed: u64) -> (SeriesState, Datapoint) {
    let detector = Detector::new(Model::bundled());
    let series = healthy(seed, 300, 1_700_000_100, 14);
    let mut state = SeriesState::new(300);
    for point in &series.points {
        detector.observe(&mut state, *point);
    }
    let last = series.points[series.points.len() - 1];
    (state, Datapoint { at: last.at + 300, value: last.value })
}

fn forest(criterion: &mut Criterion) {
    let mut noise = Noise::new(1);
    let points: Vec<FeatureVector> =
        (0..1_024).map(|_| std::array::from_fn(|_| quantise(2.0 * noise.normal()))).collect();
    assert_eq!(DIMENSIONS, 8);
    let model = Model::bundled();
    if let Ok(planted) = plant(&points, &ForestOptions::default()) {
        let mut next = points.iter().cycle();
        criterion.bench_function("the crate's own scoring, same shape", |bencher| {
            bencher.iter(|| next.next().map(|point| planted.original.score(black_box(point))));
        });
    }
    let mut next = points.iter().cycle();
    criterion.bench_function("forest scoring, 8 features, 100 trees of 256", |bencher| {
        bencher.iter(|| next.next().map(|point| model.forest_score(black_box(point))));
    });
}

fn observe(criterion: &mut Criterion) {
    let detector = Detector::new(Model::bundled());
    let (state, point) = fortnight(1);
    criterion.bench_function("observe, full memory", |bencher| {
        bencher.iter_batched_ref(
            || state.clone(),
            |state| detector.observe(state, black_box(point)),
            criterion::BatchSize::SmallInput,
        );
    });
}

fn fleet(criterion: &mut Criterion) {
    let detector = Detector::new(Model::bundled());
    let stored: Vec<(Vec<u8>, Datapoint)> =
        (0..50).map(fortnight).map(|(state, point)| (state.encode(), point)).collect();
    let mut group = criterion.benchmark_group("fleet");
    group.sample_size(10);
    group.bench_function("10,000 series: decode, observe, encode", |bencher| {
        bencher.iter(|| {
            let mut bytes = 0;
            for (state, point) in stored.iter().cycle().take(10_000) {
                let Ok(mut state) = SeriesState::decode(state) else { continue };
                black_box(detector.observe(&mut state, *point));
                bytes += state.encode().len();
            }
            bytes
        });
    });
    group.finish();
}

fn artifact(criterion: &mut Criterion) {
    criterion.bench_function("artifact load, digest and every reference checked", |bencher| {
        bencher.iter(|| Artifact::from_bytes(black_box(Model::bundled_bytes())));
    });
}

criterion_group!(benches, forest, observe, fleet, artifact);
criterion_main!(benches);
