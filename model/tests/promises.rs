//! What the rest of the suite relies on: the bundled model loads, a plain spike is found, a healthy rhythm is left alone.

use nightjar_model::synthetic::Noise;
use nightjar_model::{Artifact, ArtifactError, Datapoint, Detector, Model, SeriesState, Verdict};

const START: i64 = 1_700_000_100;
const PERIOD: i64 = 300;
const FORTNIGHT: i64 = 14 * 86_400 / PERIOD;

/// CPU between about 20 % and 45 % with a daily rhythm.
fn cpu(index: i64, noise: &mut Noise) -> f64 {
    let turn = std::f64::consts::TAU * (index * PERIOD % 86_400) as f64 / 86_400.0;
    32.0 + 10.0 * turn.sin() + 1.2 * noise.normal()
}

fn after_a_fortnight(seed: u64) -> (SeriesState, usize, Noise) {
    let (detector, mut state, mut noise) =
        (Detector::new(Model::bundled()), SeriesState::new(PERIOD as u32), Noise::new(seed));
    let mut alarms_in_last_hour = 0;
    for index in 0..FORTNIGHT {
        let point = Datapoint { at: START + index * PERIOD, value: cpu(index, &mut noise) };
        let alarm = matches!(detector.observe(&mut state, point).verdict, Verdict::Anomalous(_));
        alarms_in_last_hour += usize::from(alarm && index >= FORTNIGHT - 12);
    }
    (state, alarms_in_last_hour, noise)
}

#[test]
fn a_pegged_cpu_is_found_at_once_and_explained() {
    for seed in 0..12 {
        let (mut state, _, mut noise) = after_a_fortnight(seed);
        let detector = Detector::new(Model::bundled());
        let found = (0..2).find_map(|late| {
            let value = 97.0 + 0.5 * noise.normal();
            match detector.observe(&mut state, Datapoint { at: START + (FORTNIGHT + late) * PERIOD, value }).verdict {
                Verdict::Anomalous(anomaly) => Some(anomaly),
                _ => None,
            }
        });
        let anomaly = found.unwrap_or_else(|| panic!("seed {seed}: no alarm at the first or second point"));
        assert!(anomaly.score >= 0.95, "seed {seed}: {}", anomaly.score);
        assert!(anomaly.expected.high < 97.0 && anomaly.expected.low > 0.0, "seed {seed}: {:?}", anomaly.expected);
        assert!(!anomaly.reasons.is_empty());
    }
}

#[test]
fn a_healthy_control_stays_silent() {
    for seed in 0..12 {
        assert_eq!(after_a_fortnight(1_000 + seed).1, 0, "seed {seed}");
    }
}

#[test]
fn a_state_survives_storage() {
    let (mut state, _, _) = after_a_fortnight(7);
    let bytes = state.encode();
    assert!(bytes.len() <= nightjar_model::MAX_STATE_BYTES, "{} bytes", bytes.len());
    let mut stored = SeriesState::decode(&bytes).unwrap();
    let detector = Detector::new(Model::bundled());
    let next = Datapoint { at: START + FORTNIGHT * PERIOD, value: 97.0 };
    assert_eq!(detector.observe(&mut state, next), detector.observe(&mut stored, next));
    assert_eq!(state.encode(), stored.encode());
}

#[test]
fn the_bundled_model_is_whole_and_says_where_it_is_from() {
    let model = Model::bundled();
    assert!(model.version().starts_with("1+sha256:"));
    assert!(model.provenance().sha256.starts_with(&model.version()["1+sha256:".len()..]));
    assert!(Model::bundled_bytes().len() <= nightjar_model::MAX_BYTES);
}

#[test]
fn a_damaged_model_is_refused_with_the_reason() {
    let good = Model::bundled_bytes();
    let mut flipped = good.to_vec();
    flipped[good.len() / 2] ^= 1;
    let mut newer = good.to_vec();
    newer[7] = 99;
    assert!(matches!(Artifact::from_bytes(&flipped), Err(ArtifactError::Digest)));
    assert!(matches!(Artifact::from_bytes(&newer), Err(ArtifactError::Version { found: 99 })));
    assert!(matches!(Artifact::from_bytes(b"<html>"), Err(ArtifactError::Magic)));
    assert!(matches!(Artifact::from_bytes(&good[..20]), Err(ArtifactError::Length(20))));
    assert!(Artifact::from_bytes(&good[..good.len() - 1]).is_err());
    assert!(Artifact::from_bytes(&[]).is_err());
}
