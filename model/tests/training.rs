//! Training, and the rule that a worse model never takes over.

use nightjar_model::train::{Comparison, TrainError, TrainOptions, compare, propose, split_in_time, train};
use nightjar_model::{Model, synthetic};

#[test]
fn a_trained_model_loads_names_its_data_and_can_be_compared() {
    let options = TrainOptions { trained_at: "2026-01-01T00:00:00Z".into(), ..TrainOptions::default() };
    let history = synthetic::fleet(6);
    let artifact = train(&history, &options).unwrap();
    let again = train(&history, &options).unwrap();
    assert_eq!(artifact.provenance.data_sha256, again.provenance.data_sha256);
    let candidate = Model::from_bytes(&artifact.to_bytes().unwrap()).unwrap();
    assert_eq!(candidate.provenance().trained_at, "2026-01-01T00:00:00Z");
    let held_out = [synthetic::healthy(101, 300, 1_700_000_100, 7), synthetic::healthy(104, 300, 1_700_000_100, 7)];
    let comparison = compare(Model::bundled(), &candidate, &held_out);
    assert_eq!(comparison.incidents, 2);
    assert!(comparison.judged > 2_000 && comparison.current_found > 0, "{comparison:?}");
    let same = compare(Model::bundled(), Model::bundled(), &held_out);
    assert!(same.candidate_is_no_worse(), "{same:?}");
    assert_eq!((same.handover_alerts, same.candidate_alerts), (same.current_late_alerts, same.current_alerts));
}

#[test]
fn a_worse_candidate_is_not_promoted() {
    let even = Comparison {
        judged: 100,
        current_alerts: 1,
        candidate_alerts: 1,
        current_late_alerts: 1,
        handover_alerts: 1,
        current_found: 2,
        candidate_found: 2,
        incidents: 2,
    };
    assert!(even.candidate_is_no_worse());
    assert!(!Comparison { candidate_alerts: 2, ..even }.candidate_is_no_worse());
    assert!(!Comparison { candidate_found: 1, ..even }.candidate_is_no_worse());
    assert!(!Comparison { handover_alerts: 2, ..even }.candidate_is_no_worse());
    assert!(even.verdict().starts_with("no worse than the current model: it finds 2 of 2 incidents"));
}

#[test]
fn too_little_history_is_named() {
    let error = train(&[synthetic::healthy(1, 300, 0, 1)], &TrainOptions::default()).unwrap_err();
    assert!(matches!(error, TrainError::Forest(_)), "{error}");
}

#[test]
fn nothing_is_proposed_on_next_to_nothing() {
    let (options, long) = (TrainOptions::default(), [synthetic::healthy(1, 300, 0, 14)]);
    let (history, held_out) = split_in_time(&long);
    assert_eq!(history[0].points.len() + held_out[0].points.len(), long[0].points.len());
    assert!(propose(Model::bundled(), &history, &held_out, &options).is_ok());
    let short = [synthetic::healthy(1, 300, 0, 3)];
    let error = propose(Model::bundled(), &short, &held_out, &options).unwrap_err();
    assert!(matches!(error, TrainError::TooLittle { have: 432, need: 1_024 }), "{error}");
    let error = propose(Model::bundled(), &history, &short[..0], &options).unwrap_err();
    assert!(matches!(error, TrainError::TooLittleHeldOut { have: 0, need: 288 }), "{error}");
}
