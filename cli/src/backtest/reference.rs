//! Detectors so plain that their results are known: a check of the scorer on the labelled set at hand.

use std::path::Path;

use nightjar_model::evaluation::windows::{LOW_FALSE_ALARMS, LOW_MISSES, Labelled, STANDARD, best, probationary_rows};
use serde::Serialize;

use super::labelled::{self, Case};
use super::{BacktestArgs, print};
use crate::output::table;

#[derive(Debug, Serialize)]
struct Line {
    detector: &'static str,
    standard: f64,
    low_fp: f64,
    low_fn: f64,
}

type Scores = fn(&Case) -> Vec<f64>;

const DETECTORS: [(&str, Scores); 3] = [
    ("all zeros", |case| vec![0.0; case.series.points.len()]),
    ("1 at every 600th row", |case| {
        (1..=case.series.points.len()).map(|row| f64::from(u8::from(row % 600 == 0))).collect()
    }),
    ("distance from the probationary mean", distances),
];

pub(super) fn run(data: &Path, labels: &Path, args: &BacktestArgs) -> anyhow::Result<()> {
    let cases = labelled::load(data, labels, args.period)?;
    let lines = DETECTORS.map(|(detector, scores)| {
        let files: Vec<Labelled> = cases.iter().map(|case| case.labelled(scores(case))).collect();
        let total = |profile| best(&files, profile).total;
        Line { detector, standard: total(&STANDARD), low_fp: total(&LOW_FALSE_ALARMS), low_fn: total(&LOW_MISSES) }
    });
    if !args.json {
        let figure = |figure: f64| format!("{figure:.2}");
        let row =
            |line: &Line| [line.detector.to_owned(), figure(line.standard), figure(line.low_fp), figure(line.low_fn)];
        print(&table(&["anomaly score", "standard", "low FP", "low FN"], lines.iter().map(row)))?;
    }
    print(&serde_json::to_string(&lines)?)
}

/// Distance from the mean of the probationary rows, in their population standard deviations.
fn distances(case: &Case) -> Vec<f64> {
    let values = || case.series.points.iter().map(|point| point.value);
    let rows = probationary_rows(case.series.points.len()).max(1);
    let mean = values().take(rows).sum::<f64>() / rows as f64;
    let variance = values().take(rows).map(|value| (value - mean).powi(2)).sum::<f64>() / rows as f64;
    values().map(|value| (value - mean).abs() / (variance.sqrt() + 1e-9)).collect()
}
