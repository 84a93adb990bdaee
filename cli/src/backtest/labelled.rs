//! A labelled set: the benchmark's score, per category, and what it costs in false alarms.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use nightjar_model::evaluation::windows::{LOW_FALSE_ALARMS, LOW_MISSES, Labelled, Profile, STANDARD, best, tally};
use nightjar_model::{Config, Model};
use serde::Serialize;

use super::read::{self, Period, Series};
use super::replay::{Replay, is_alert};
use super::{BacktestArgs, print};
use crate::output::table;

/// One file of the set.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) series: Series,
    /// First and last row of each labelled window.
    windows: Vec<(usize, usize)>,
    /// The same in epoch seconds.
    pub(super) times: Vec<(i64, i64)>,
}

impl Case {
    pub(super) fn category(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    pub(super) fn labelled(&self, scores: Vec<f64>) -> Labelled {
        Labelled { scores, windows: self.windows.clone() }
    }
}

pub(super) fn load(data: &Path, labels: &Path, period: Period) -> anyhow::Result<Vec<Case>> {
    let mut windows = read::windows(labels)?;
    let files = read::labelled_files(data)?;
    let missing: Vec<&str> = windows.keys().filter(|name| !files.contains(name)).map(String::as_str).collect();
    if !missing.is_empty() {
        eprintln!("in the labels, but not below {}: {}", data.display(), missing.join(", "));
    }
    files
        .into_iter()
        .map(|name| {
            let series = read::series(&data.join(&name), period, None)?;
            let times = windows.remove(&name).unwrap_or_default();
            let windows = times
                .iter()
                .map(|&window| {
                    rows_of(&series, window).with_context(|| format!("{name}: a labelled window holds no row"))
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            Ok(Case { name, series, windows, times })
        })
        .collect()
}

fn rows_of(series: &Series, (start, end): (i64, i64)) -> Option<(usize, usize)> {
    let first = series.points.iter().position(|point| point.at >= start)?;
    let last = series.points.iter().rposition(|point| point.at <= end)?;
    (first <= last).then_some((first, last))
}

#[derive(Debug, Serialize)]
struct Result {
    standard: f64,
    low_fp: f64,
    low_fn: f64,
    categories: BTreeMap<String, Category>,
    false_alarm_rows: usize,
    rows: usize,
    microseconds_per_row: f64,
    alerts: usize,
    alerts_per_day: f64,
    thresholds: BTreeMap<&'static str, f64>,
    /// The standard profile at the product's own threshold, instead of the best one in hindsight.
    standard_at_product_threshold: f64,
    files: usize,
    windows: usize,
    model: String,
}

#[derive(Debug, Serialize)]
struct Category {
    standard: f64,
    low_fp: f64,
    low_fn: f64,
    windows: usize,
    detected: usize,
    false_alarm_rows: usize,
}

pub(super) fn run(model: &Model, data: &Path, labels: &Path, args: &BacktestArgs) -> anyhow::Result<()> {
    let cases = load(data, labels, args.period)?;
    let mut spent = Duration::ZERO;
    let (mut alerts, mut days) = (0, 0.0);
    let mut files = Vec::with_capacity(cases.len());
    for case in &cases {
        let replay = Replay::run(model, Config::default(), &case.series);
        spent += replay.spent;
        alerts += replay.alerts();
        days += case.series.points.len() as f64 * f64::from(case.series.period_seconds) / 86_400.0;
        if let Some(out) = &args.out {
            let (category, file) = case.name.split_once('/').unwrap_or(("", &case.name));
            replay.write(&case.series, &out.join(category).join(format!("nightjar_{file}")))?;
        }
        debug_assert!(replay.observations.iter().all(|one| is_alert(one) == (one.score >= 0.95)), "{}", case.name);
        files.push(case.labelled(replay.scores()));
    }
    let rows: usize = cases.iter().map(|case| case.series.points.len()).sum();
    let result = Result {
        alerts,
        alerts_per_day: alerts as f64 / days,
        microseconds_per_row: spent.as_secs_f64() * 1e6 / rows as f64,
        model: model.version().to_owned(),
        ..score(&cases, &files, rows)
    };
    if !args.json {
        print(&tables(&result))?;
    }
    print(&serde_json::to_string(&result)?)
}

fn score(cases: &[Case], files: &[Labelled], rows: usize) -> Result {
    let found = [STANDARD, LOW_FALSE_ALARMS, LOW_MISSES].map(|profile| (profile, best(files, &profile)));
    let mut categories = BTreeMap::new();
    for category in cases.iter().map(Case::category) {
        let of = || cases.iter().zip(files).filter(|(case, _)| case.category() == category).map(|(_, file)| file);
        let total = |place: usize| {
            let (profile, best): &(Profile, _) = &found[place];
            tally(of(), profile, best.threshold)
        };
        let standard = total(0);
        categories.entry(category.to_owned()).or_insert_with(|| Category {
            standard: standard.total,
            low_fp: total(1).total,
            low_fn: total(2).total,
            windows: standard.windows,
            detected: standard.hits,
            false_alarm_rows: standard.false_alarms,
        });
    }
    Result {
        standard: found[0].1.total,
        low_fp: found[1].1.total,
        low_fn: found[2].1.total,
        categories,
        false_alarm_rows: tally(files, &STANDARD, found[0].1.threshold).false_alarms,
        rows,
        microseconds_per_row: 0.0,
        alerts: 0,
        alerts_per_day: 0.0,
        thresholds: found.iter().map(|(profile, best)| (profile.name, best.threshold)).collect(),
        standard_at_product_threshold: tally(files, &STANDARD, Config::default().alert_at).total,
        files: files.len(),
        windows: files.iter().map(|file| file.windows.len()).sum(),
        model: String::new(),
    }
}

fn tables(result: &Result) -> String {
    let categories = table(
        &["category", "standard", "low FP", "low FN", "windows found", "false-alarm rows"],
        result.categories.iter().map(|(name, category)| {
            [
                name.clone(),
                // A category without windows has no scale: what it shows is the raw cost, times 100.
                format!("{:.2}", category.standard),
                format!("{:.2}", category.low_fp),
                format!("{:.2}", category.low_fn),
                format!("{} of {}", category.detected, category.windows),
                category.false_alarm_rows.to_string(),
            ]
        }),
    );
    format!(
        "{categories}\n{} files, {} windows, {} rows; {} alerts ({:.3} a day and series), {} of them false; {:.1} µs a row",
        result.files,
        result.windows,
        result.rows,
        result.alerts,
        result.alerts_per_day,
        result.false_alarm_rows,
        result.microseconds_per_row
    )
}
