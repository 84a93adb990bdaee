//! The flat forest is the crate's forest: the same bits for every score.

use nightjar_model::forest::{DIMENSIONS, FeatureVector, FlatForest, ForestOptions, PlantError, plant, quantise};
use nightjar_model::synthetic::Noise;

fn cloud(seed: u64, count: usize, spread: f64) -> Vec<FeatureVector> {
    let mut noise = Noise::new(seed);
    (0..count).map(|_| std::array::from_fn(|_| quantise(spread * noise.normal()))).collect()
}

#[test]
fn scores_are_the_crates_to_the_bit() {
    for (seed, trees, sample_size, extension_level) in
        [(1, 100, 256, 2), (2, 37, 64, 1), (3, 1, 16, 0), (4, 10, 2, 2), (5, 150, 200, 0)]
    {
        let options = ForestOptions { trees, sample_size, extension_level };
        let planted = plant(&cloud(seed, 2_000, 1.0), &options).unwrap();
        let stored = FlatForest::from_bytes(&planted.flat.to_bytes()).unwrap();
        assert_eq!(stored, planted.flat);
        for features in cloud(seed + 100, 5_000, 3.0) {
            let (crates, ours) = (planted.original.score(&features), stored.score(&features));
            assert_eq!(crates.to_bits(), ours.to_bits(), "{options:?} {features:?}: {crates} {ours}");
        }
    }
}

#[test]
fn columns_that_differ_by_rounding_or_not_at_all_are_grown_in_no_time() {
    let near = |index: usize| 1.0 + (index % 3) as f32 * f32::EPSILON;
    let hard: Vec<FeatureVector> = (0..1_000).map(|index| std::array::from_fn(|axis| near(index + axis))).collect();
    let constant = vec![[0.0; DIMENSIONS]; 1_000];
    let wild: Vec<FeatureVector> =
        (0..1_000).map(|index| [f32::NAN, f32::INFINITY, -1e30, 0.0, 1e-30, index as f32, 7.9, -7.9]).collect();
    let start = std::time::Instant::now();
    for data in [hard, constant, wild] {
        let forest = plant(&data, &ForestOptions::default()).unwrap().flat;
        assert!((0.0..=1.0).contains(&forest.score(&[0.0; DIMENSIONS])));
    }
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn impossible_options_are_refused() {
    let data = cloud(1, 100, 1.0);
    let with = |trees, sample_size, extension_level| ForestOptions { trees, sample_size, extension_level };
    for options in [with(0, 64, 1), with(10, 1, 1), with(10, 64, 3), with(1_001, 64, 0)] {
        assert_eq!(plant(&data, &options).unwrap_err(), PlantError::Options(options));
    }
    assert_eq!(plant(&data, &with(10, 128, 1)).unwrap_err(), PlantError::TooFew { have: 100, need: 128 });
}

#[test]
fn broken_bytes_never_become_a_forest_that_walks_astray() {
    let options = ForestOptions { trees: 5, sample_size: 32, extension_level: 2 };
    let good = plant(&cloud(9, 500, 1.0), &options).unwrap().flat.to_bytes();
    let mut noise = Noise::new(3);
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..=noise.bits() % 4 {
            let at = noise.bits() as usize % bytes.len();
            bytes[at] = noise.bits() as u8;
        }
        bytes.truncate(bytes.len() - (noise.bits() % 3) as usize % bytes.len());
        if let Ok(forest) = FlatForest::from_bytes(&bytes) {
            forest.score(&[8.0; DIMENSIONS]);
            forest.score(&[-8.0; DIMENSIONS]);
        }
    }
}
