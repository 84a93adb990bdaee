//! The benchmark's rules on data small enough to check by hand.

use nightjar_model::evaluation::windows::{
    LOW_FALSE_ALARMS, LOW_MISSES, Labelled, STANDARD, best, probationary_rows, tally,
};

/// A hundred rows, a window of ten, alarms where they are asked for.
fn file(alarms: &[usize]) -> Labelled {
    let mut scores = vec![0.0; 100];
    for &row in alarms {
        scores[row] = 1.0;
    }
    Labelled { scores, windows: vec![(50, 59)] }
}

fn raw(alarms: &[usize]) -> f64 {
    tally([&file(alarms)], &STANDARD, 1.0).raw
}

fn sigmoid(y: f64) -> f64 {
    2.0 / (1.0 + (5.0 * y).exp()) - 1.0
}

#[test]
fn only_the_earliest_alarm_of_a_window_counts() {
    assert!((raw(&[50]) - 1.0).abs() < 1e-12);
    assert!((raw(&[50, 55, 59]) - 1.0).abs() < 1e-12);
    assert!((raw(&[59]) - sigmoid(-0.1) / sigmoid(-1.0)).abs() < 1e-12);
}

#[test]
fn a_false_alarm_costs_the_less_the_sooner_it_follows_a_window() {
    let missed = raw(&[]);
    assert!((missed + 1.0).abs() < 1e-12);
    assert!((raw(&[40]) - missed + 0.11).abs() < 1e-12);
    assert!((raw(&[60]) - missed - 0.11 * sigmoid(1.0 / 9.0)).abs() < 1e-12);
    assert!((raw(&[99]) - missed + 0.11).abs() < 1e-12);
}

#[test]
fn nothing_is_scored_in_the_probation() {
    assert_eq!((probationary_rows(100), probationary_rows(4_032), probationary_rows(20_000)), (15, 604, 750));
    assert!((raw(&[14]) - raw(&[])).abs() < 1e-12);
    assert!(raw(&[15]) < raw(&[]));
}

#[test]
fn silence_is_nothing_and_perfection_a_hundred() {
    for profile in [STANDARD, LOW_FALSE_ALARMS, LOW_MISSES] {
        assert!(tally([&file(&[])], &profile, 1.0).total.abs() < 1e-12);
        assert!((tally([&file(&[50])], &profile, 1.0).total - 100.0).abs() < 1e-12);
    }
}

#[test]
fn the_best_threshold_is_the_best_tally() {
    let mut noise = nightjar_model::synthetic::Noise::new(4);
    let scores: Vec<f64> = (0..400).map(|_| (noise.uniform() * 20.0).floor()).collect();
    let files = [Labelled { scores, windows: vec![(100, 139), (300, 330)] }];
    for profile in [STANDARD, LOW_FALSE_ALARMS, LOW_MISSES] {
        let found = best(&files, &profile);
        let tried = (1..=20).map(|threshold| tally(&files, &profile, f64::from(threshold)).total).fold(0.0, f64::max);
        assert!((found.total - tried).abs() < 1e-9, "{found:?} {tried}");
    }
}
