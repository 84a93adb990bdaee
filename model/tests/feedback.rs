//! Learning from people: bounded, decaying, reversible.

use nightjar_model::{Datapoint, Detector, Feedback, Model, SeriesState, synthetic::Noise};

const DAY: i64 = 86_400;

#[test]
fn it_is_bounded_decays_and_can_be_taken_back() {
    let mut feedback = Feedback::default();
    assert!(feedback.raise_at(0).abs() < 1e-6);
    assert!((feedback.false_positive(0) - 0.5).abs() < 1e-6);
    let once = feedback.raise_at(0);
    assert!(once > 0.0);
    assert!((feedback.raise_at(14 * DAY) - once / 2.0).abs() < 1e-6);
    feedback.withdraw(once, 0, 0);
    assert_eq!(feedback, Feedback::default());
    feedback.false_positive(0);
    feedback.false_positive(14 * DAY);
    feedback.withdraw(once, 0, 28 * DAY);
    assert!((feedback.raise_at(28 * DAY) - 0.25).abs() < 1e-6, "the other one stays: {feedback:?}");
    feedback.reset();
    (0..100).for_each(|_| _ = feedback.false_positive(DAY));
    assert!((feedback.raise_at(DAY) - 2.0).abs() < 1e-6);
    assert!(feedback.raise_at(365 * DAY) < 0.001);
    feedback.reset();
    assert_eq!(feedback, Feedback::default());
}

#[test]
fn it_lowers_the_score_of_the_next_anomaly_and_is_stored_with_the_series() {
    let detector = Detector::new(Model::bundled());
    let (mut plain, mut noise) = (SeriesState::new(300), Noise::new(11));
    for index in 0..1_000 {
        detector.observe(&mut plain, Datapoint { at: 1_700_000_100 + 300 * index, value: 50.0 + noise.normal() });
    }
    let mut told = plain.clone();
    assert!(told.feedback.false_positive(1_700_000_100 + 300 * 999) > 0.0);
    let mut told = SeriesState::decode(&told.encode()).unwrap();
    let next = Datapoint { at: 1_700_000_100 + 300 * 1_000, value: 55.0 };
    assert!(detector.observe(&mut told, next).score < detector.observe(&mut plain, next).score);
}

#[test]
fn maintenance_is_not_learnt() {
    let detector = Detector::new(Model::bundled());
    let (mut state, mut noise) = (SeriesState::new(300), Noise::new(12));
    let at = |index: i64| 1_700_000_100 + 300 * index;
    for index in 0..1_000 {
        detector.observe(&mut state, Datapoint { at: at(index), value: 50.0 + noise.normal() });
    }
    let mut witness = state.clone();
    (1_000..1_050).for_each(|index| state.set_aside(at(index)));
    assert_eq!(state.last_at(), Some(at(1_049)));
    let learnt = (1_000..1_050).map(|index| detector.observe(&mut witness, Datapoint { at: at(index), value: 900.0 }));
    assert!(learnt.filter(|one| one.score >= 0.95).count() > 0);
    let after = Datapoint { at: at(1_050), value: 50.0 };
    let calm = detector.observe(&mut state, after);
    assert!(calm.expected.is_some_and(|range| range.low < 50.0 && 50.0 < range.high && range.high < 70.0), "{calm:?}");
    assert!(calm.score < 0.95);
}
