//! A bounded fuzz loop without a nightly compiler: `cargo run -p nightjar-model --example fuzz -- [CASES] [SEED]`.
//!
//! Each case throws something at the public surface: a datapoint at a state, damaged bytes at the state's and the artifact's
//! readers, hostile columns at training. A panic ends the process; a slow case, a score out of range or a state that grew ends it
//! with the seed that repeats it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use nightjar_model::forest::{FeatureVector, FlatForest, ForestOptions, plant};
use nightjar_model::synthetic::Noise;
use nightjar_model::{Artifact, Datapoint, Detector, MAX_STATE_BYTES, Model, SeriesState};

/// No case may take longer than this, on a machine that has other work too.
const SLOWEST: Duration = Duration::from_millis(50);

/// Growing a whole forest is training, not judging.
const SLOWEST_TRAINING: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(cases), Ok(seed)) = (numbers.next().unwrap_or(Ok(1_000_000)), numbers.next().unwrap_or(Ok(1))) else {
        eprintln!("usage: fuzz [CASES] [SEED]");
        return ExitCode::FAILURE;
    };
    match run(cases, seed) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("seed {seed}: {what}");
            ExitCode::FAILURE
        }
    }
}

fn run(cases: u64, seed: u64) -> Result<String, String> {
    let mut noise = Noise::new(seed);
    let detector = Detector::new(Model::bundled());
    let mut state = SeriesState::new(300);
    let mut at = 1_700_000_000_i64;
    let (mut observed, mut decoded, mut artifacts, mut trained, mut slowest) =
        (0_u64, 0_u64, 0_u64, 0_u64, Duration::ZERO);
    for case in 0..cases {
        let start = Instant::now();
        let mut limit = SLOWEST;
        match noise.bits() % 1_000 {
            0 => state = SeriesState::new(period(&mut noise)),
            1..=20 => {
                decoded += 1;
                state = decode_damaged(&state, &mut noise).unwrap_or(state);
                at = state.last_at().unwrap_or(at);
            }
            21 => {
                artifacts += 1;
                artifact_damaged(&mut noise);
            }
            22 if noise.bits().is_multiple_of(16) => {
                trained += 1;
                limit = SLOWEST_TRAINING;
                train_hostile(&mut noise)?;
            }
            23 => _ = state.feedback.false_positive(noise.bits() as i64),
            24 => state.feedback.withdraw(0.5, noise.bits() as i64, noise.bits() as i64),
            25..=30 => state.set_aside(at.saturating_add(300)),
            _ => {
                observed += 1;
                at = next_time(at, &state, &mut noise);
                let observation = detector.observe(&mut state, Datapoint { at, value: value(&mut noise) });
                if !(0.0..=1.0).contains(&observation.score) || !(0.0..=1.0).contains(&observation.surprise) {
                    return Err(format!("case {case}: {observation:?}"));
                }
                at = state.last_at().unwrap_or(at);
            }
        }
        let spent = start.elapsed();
        if spent > limit {
            return Err(format!("case {case} took {spent:?}"));
        }
        if limit == SLOWEST {
            slowest = slowest.max(spent);
        }
        if case % 64 == 0 && state.encode().len() > MAX_STATE_BYTES {
            return Err(format!("case {case}: the state grew over {MAX_STATE_BYTES} bytes"));
        }
    }
    Ok(format!(
        "{cases} cases without a fault: {observed} datapoints, {decoded} damaged states, {artifacts} damaged artifacts, \
         {trained} hostile trainings; slowest observe {:.2} ms",
        slowest.as_secs_f64() * 1e3
    ))
}

fn period(noise: &mut Noise) -> u32 {
    const PERIODS: [u32; 8] = [0, 1, 60, 300, 900, 3_600, 86_400, u32::MAX];
    PERIODS[noise.bits() as usize % PERIODS.len()]
}

fn next_time(at: i64, state: &SeriesState, noise: &mut Noise) -> i64 {
    let period = i64::from(state.period_seconds());
    match noise.bits() % 400 {
        0 => noise.bits() as i64,
        1 => at - (noise.bits() % 10_000) as i64,
        2 => at,
        3 => at.saturating_add(period.saturating_mul((noise.bits() % 5_000) as i64)),
        4..=20 => at + (noise.bits() % 600) as i64,
        _ => at.saturating_add(period),
    }
}

fn value(noise: &mut Noise) -> f64 {
    match noise.bits() % 200 {
        0 => f64::NAN,
        1 => f64::INFINITY,
        2 => f64::NEG_INFINITY,
        3 => f64::from_bits(noise.bits()),
        4 => f64::MAX,
        5 => f64::MIN_POSITIVE,
        6 => 1e18 * noise.normal(),
        7..=40 => 7.0,
        41..=80 => 7.0 + f64::EPSILON * noise.uniform(),
        _ => 50.0 + noise.normal(),
    }
}

fn decode_damaged(state: &SeriesState, noise: &mut Noise) -> Option<SeriesState> {
    let mut bytes = state.encode();
    for _ in 0..noise.bits() % 8 {
        let place = noise.bits() as usize % bytes.len();
        bytes[place] = noise.bits() as u8;
    }
    if noise.bits().is_multiple_of(4) {
        bytes.truncate(noise.bits() as usize % (bytes.len() + 1));
    }
    SeriesState::decode(&bytes).ok()
}

fn artifact_damaged(noise: &mut Noise) {
    let mut bytes = Model::bundled_bytes().to_vec();
    let place = noise.bits() as usize % bytes.len();
    bytes[place] ^= 1 << (noise.bits() % 8);
    bytes.truncate(bytes.len() - noise.bits() as usize % 2);
    drop(Artifact::from_bytes(&bytes));
    // Past the digest: the forest's own checks.
    drop(FlatForest::from_bytes(&bytes[noise.bits() as usize % 1_024..]));
}

fn train_hostile(noise: &mut Noise) -> Result<(), String> {
    let rows: Vec<FeatureVector> = (0..300).map(|_| std::array::from_fn(|_| value(noise) as f32)).collect();
    let options = ForestOptions { trees: 5, sample_size: 64, extension_level: (noise.bits() % 3) as u8 };
    plant(&rows, &options).map(drop).map_err(|error| format!("training refused hostile columns: {error}"))
}
