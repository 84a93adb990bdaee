//! Whatever comes in: no panic, no endless loop, a bounded state, scores within 0..=1.

use nightjar_model::synthetic::Noise;
use nightjar_model::{Datapoint, Detector, MAX_STATE_BYTES, Model, Observation, SeriesState, StateError, Verdict};
use proptest::prelude::*;

fn sound(observation: &Observation) {
    assert!((0.0..=1.0).contains(&observation.score), "{observation:?}");
    assert!((0.0..=1.0).contains(&observation.surprise), "{observation:?}");
    if let Verdict::Anomalous(anomaly) = &observation.verdict {
        assert!(anomaly.score >= 0.95 && !anomaly.reasons.is_empty(), "{anomaly:?}");
        assert!(anomaly.reasons.iter().all(|reason| !reason.to_string().is_empty()));
    }
}

fn feed(period: u32, points: impl IntoIterator<Item = Datapoint>) -> SeriesState {
    let detector = Detector::new(Model::bundled());
    let mut state = SeriesState::new(period);
    for point in points {
        sound(&detector.observe(&mut state, point));
    }
    let bytes = state.encode();
    assert!(bytes.len() <= MAX_STATE_BYTES);
    assert_eq!(SeriesState::decode(&bytes).as_ref().map(SeriesState::encode), Ok(bytes));
    state
}

fn regular(values: impl IntoIterator<Item = f64>) -> impl Iterator<Item = Datapoint> {
    values.into_iter().enumerate().map(|(index, value)| Datapoint { at: 1_700_000_100 + 300 * index as i64, value })
}

#[test]
fn degenerate_series_are_normal_life() {
    let alternating = |a: f64, b: f64| (0..600).map(move |index| if index % 2 == 0 { a } else { b });
    feed(300, regular(std::iter::repeat_n(0.0, 600)));
    feed(300, regular(std::iter::repeat_n(f64::MAX, 600)));
    feed(300, regular(alternating(f64::MAX, f64::MIN)));
    feed(300, regular(alternating(1.0, 1.0 + f64::EPSILON)));
    feed(300, regular(alternating(f64::MIN_POSITIVE, -f64::MIN_POSITIVE)));
    feed(300, regular(alternating(1e300, f64::NAN)));
    feed(300, regular([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]));
    feed(300, regular([1.0]));
    feed(300, []);
    feed(0, regular((0..600).map(f64::from)));
    feed(u32::MAX, regular((0..600).map(f64::from)));
}

#[test]
fn a_constant_series_raises_nothing_until_it_moves() {
    let detector = Detector::new(Model::bundled());
    let mut state = SeriesState::new(300);
    let alarm = |state: &mut SeriesState, index: i64, value: f64| {
        let point = Datapoint { at: 1_700_000_100 + 300 * index, value };
        matches!(detector.observe(state, point).verdict, Verdict::Anomalous(_))
    };
    assert!((0..3_000).all(|index| !alarm(&mut state, index, 7.0)));
    assert!((3_000..3_006).any(|index| alarm(&mut state, index, 9.0)));
}

#[test]
fn what_is_ignored_leaves_no_trace() {
    let detector = Detector::new(Model::bundled());
    let mut state = feed(300, regular((0..400).map(|index| f64::from(index % 7))));
    let before = state.clone();
    let last = state.last_at().unwrap();
    for (at, value) in [
        (last, 1.0),
        (last - 1, 1.0),
        (last + 300, f64::NAN),
        (last + 300, f64::INFINITY),
        (i64::MAX, 1.0),
        (i64::MIN, 1.0),
    ] {
        let observation = detector.observe(&mut state, Datapoint { at, value });
        assert!(matches!(observation.verdict, Verdict::Ignored { .. }), "{observation:?}");
        assert_eq!(state, before);
    }
}

#[test]
fn a_clock_that_jumps_and_a_gap_of_years_are_survived() {
    let detector = Detector::new(Model::bundled());
    let mut state = feed(300, regular((0..400).map(|index| f64::from(index % 7))));
    for at in [2_000_000_000, 2_000_000_001, 100_000_000_000, 253_402_300_799] {
        sound(&detector.observe(&mut state, Datapoint { at, value: 3.0 }));
    }
    assert!(state.encode().len() <= MAX_STATE_BYTES);
}

#[test]
fn a_million_points_stay_within_their_bounds_and_their_time() {
    let detector = Detector::new(Model::bundled());
    let (mut state, mut noise) = (SeriesState::new(60), Noise::new(5));
    let mut slowest = std::time::Duration::ZERO;
    // A state is settled after its ring is full: what follows is the same work again, so a tenth is timed one by one.
    for index in 0..1_000_000_i64 {
        let point = Datapoint { at: 1_600_000_000 + 60 * index, value: noise.normal() };
        if index % 10 == 0 {
            let start = std::time::Instant::now();
            sound(&detector.observe(&mut state, point));
            slowest = slowest.max(start.elapsed());
        } else if index % 100 == 1 {
            sound(&detector.observe(&mut state, point));
        } else {
            state.set_aside(point.at);
        }
    }
    assert!(state.encode().len() <= MAX_STATE_BYTES);
    assert!(slowest.as_millis() < 50, "{slowest:?}");
}

#[test]
fn a_state_of_another_version_or_cut_short_is_refused() {
    let bytes = feed(300, regular((0..400).map(f64::from))).encode();
    let mut newer = bytes.clone();
    newer[0] = 99;
    assert_eq!(SeriesState::decode(&newer), Err(StateError::Version { found: 99 }));
    for length in (0..bytes.len()).step_by(97) {
        assert!(
            length % 4 == bytes.len() % 4 && length > 4_600 || SeriesState::decode(&bytes[..length]).is_err(),
            "{length}"
        );
    }
    assert!(SeriesState::decode(&[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_points_in_any_order(
        period in prop_oneof![Just(1_u32), Just(60), Just(300), Just(900), Just(3_600), Just(86_400), any::<u32>()],
        points in prop::collection::vec((any::<i64>(), any::<f64>(), -20_i64..2_000, 0..8_u8), 1..400),
    ) {
        let mut at = 1_700_000_000_i64;
        feed(period, points.into_iter().map(|(wild_time, wild, step, kind)| {
            at = at.saturating_add(step.saturating_mul(i64::from(period.min(86_400))));
            match kind {
                0 => Datapoint { at: wild_time, value: wild },
                1 => Datapoint { at, value: wild },
                _ => Datapoint { at, value: wild % 1e3 },
            }
        }));
    }

    #[test]
    fn any_bytes_are_a_state_or_an_error(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40)) {
        let mut bytes = feed(300, regular((0..300).map(|index| f64::from(index % 11)))).encode();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(mut state) = SeriesState::decode(&bytes) {
            let at = state.last_at().unwrap_or(0).saturating_add(300);
            sound(&Detector::new(Model::bundled()).observe(&mut state, Datapoint { at, value: 5.0 }));
            prop_assert!(SeriesState::decode(&state.encode()).is_ok());
        }
    }

    #[test]
    fn judging_is_causal_and_deterministic(seed in any::<u64>(), cut in 300_usize..500) {
        let detector = Detector::new(Model::bundled());
        let mut noise = Noise::new(seed);
        let points: Vec<Datapoint> = regular((0..500).map(|_| noise.normal())).collect();
        let run = |points: &[Datapoint]| {
            let mut state = SeriesState::new(300);
            points.iter().map(|point| detector.observe(&mut state, *point)).collect::<Vec<_>>()
        };
        prop_assert_eq!(&run(&points)[..cut], &run(&points[..cut])[..]);
    }
}
