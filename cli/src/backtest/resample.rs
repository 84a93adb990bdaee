//! Time, not rows: the labelled files averaged to longer periods, and whether the verdicts on their windows stay.
//!
//! A window's verdict is whether an alert falls into it. Sampling alone changes some: a file averaged to an hour from the full hour
//! and from five past it is the same process, judged by the same detector. So a file is averaged from every start that its own period
//! allows. A verdict that differs from the one at the file's own period from some starts but not from all is the sampling's doing; one that
//! differs from all of them is the longer period's, and its window is named.

use std::collections::BTreeMap;
use std::path::Path;

use nightjar_model::{Config, Datapoint, Model};
use serde::Serialize;

use super::labelled::{self, Case};
use super::read::Series;
use super::replay::{Replay, is_alert};
use super::{BacktestArgs, print};
use crate::output::table;

#[derive(Debug, Serialize)]
struct Line {
    period_seconds: u32,
    files: usize,
    windows: usize,
    found_at_own_period: usize,
    /// From the full hour.
    found: usize,
    changed: usize,
    /// From some starts the verdict is the own period's, from others it is not.
    changed_by_some_starts: usize,
    changed_by_every_start: Vec<Changed>,
    false_alerts_at_own_period: usize,
    false_alerts: usize,
}

/// A window whose verdict is another one wherever the sampling starts.
#[derive(Debug, Serialize)]
struct Changed {
    file: String,
    /// Seconds since 1970, UTC.
    start: i64,
    end: i64,
    found_at_own_period: bool,
    /// The share of the file's values at least as far from its median as the farthest in the window: at its own period,
    beyond_at_own_period: f64,
    /// and averaged from the full hour. An incident that rises by averaging has been diluted into what is ordinary.
    beyond: f64,
}

/// Whether each window was found, and alerts outside of all.
struct Verdicts {
    found: Vec<bool>,
    false_alerts: usize,
}

pub(super) fn run(model: &Model, data: &Path, labels: &Path, args: &BacktestArgs) -> anyhow::Result<()> {
    let cases = labelled::load(data, labels, args.period)?;
    let own: Vec<Verdicts> = cases.iter().map(|case| verdicts(model, case, &case.series)).collect();
    let lines: Vec<Line> = args.resample.iter().map(|&period| line(model, &cases, &own, period)).collect();
    if !args.json {
        let rows = lines.iter().map(|line| {
            let Line { period_seconds, files, windows, found_at_own_period, found, .. } = line;
            [
                format!("{period_seconds} s"),
                files.to_string(),
                format!("{found_at_own_period} of {windows}"),
                format!("{found} of {windows}"),
                line.changed.to_string(),
                line.changed_by_some_starts.to_string(),
                line.changed_by_every_start.len().to_string(),
                format!("{} / {}", line.false_alerts_at_own_period, line.false_alerts),
            ]
        });
        let head = [
            "period",
            "files",
            "found at own period",
            "found",
            "changed",
            "by some starts",
            "by every start",
            "false alerts",
        ];
        print(&table(&head, rows))?;
    }
    print(&serde_json::to_string(&lines)?)
}

fn line(model: &Model, cases: &[Case], own: &[Verdicts], period: u32) -> Line {
    let mut line = Line {
        period_seconds: period,
        files: 0,
        windows: 0,
        found_at_own_period: 0,
        found: 0,
        changed: 0,
        changed_by_some_starts: 0,
        changed_by_every_start: Vec::new(),
        false_alerts_at_own_period: 0,
        false_alerts: 0,
    };
    let count = |found: &[bool]| found.iter().filter(|found| **found).count();
    for (case, own) in cases.iter().zip(own).filter(|(case, _)| case.series.period_seconds < period) {
        let starts: Vec<Verdicts> = (0..period)
            .step_by(case.series.period_seconds as usize)
            .map(|start| verdicts(model, case, &averaged(&case.series, period, i64::from(start))))
            .collect();
        let Some(full) = starts.first() else { continue };
        line.files += 1;
        line.windows += own.found.len();
        line.found_at_own_period += count(&own.found);
        line.found += count(&full.found);
        line.false_alerts_at_own_period += own.false_alerts;
        line.false_alerts += full.false_alerts;
        for (window, &(start, end)) in case.times.iter().enumerate() {
            let found_at_own_period = own.found[window];
            let differing = starts.iter().filter(|one| one.found[window] != found_at_own_period).count();
            line.changed += usize::from(full.found[window] != found_at_own_period);
            if differing == starts.len() {
                line.changed_by_every_start.push(Changed {
                    file: case.name.clone(),
                    start,
                    end,
                    found_at_own_period,
                    beyond_at_own_period: share_beyond(&case.series, (start, end)),
                    beyond: share_beyond(&averaged(&case.series, period, 0), (start, end)),
                });
            } else {
                line.changed_by_some_starts += usize::from(differing > 0);
            }
        }
    }
    line
}

fn verdicts(model: &Model, case: &Case, series: &Series) -> Verdicts {
    let replay = Replay::run(model, Config::default(), series);
    let alerts = series.points.iter().zip(&replay.observations).filter(|(_, one)| is_alert(one));
    let alerts: Vec<i64> = alerts.map(|(point, _)| point.at).collect();
    Verdicts {
        found: case.times.iter().map(|window| alerts.iter().any(|&at| within(series, at, *window))).collect(),
        false_alerts: alerts.iter().filter(|&&at| !case.times.iter().any(|window| within(series, at, *window))).count(),
    }
}

/// A mean stands at the start of its period: it may begin before the window it tells of.
fn within(series: &Series, at: i64, (start, end): (i64, i64)) -> bool {
    at + i64::from(series.period_seconds) > start && at <= end
}

fn share_beyond(series: &Series, window: (i64, i64)) -> f64 {
    let points: Vec<_> = series.points.iter().filter(|point| point.value.is_finite()).collect();
    let mut values: Vec<f64> = points.iter().map(|point| point.value).collect();
    values.sort_by(f64::total_cmp);
    let Some(&median) = values.get(values.len() / 2) else { return f64::NAN };
    let distances = points.iter().filter(|point| within(series, point.at, window));
    let farthest = distances.map(|point| (point.value - median).abs()).fold(0.0, f64::max);
    let beyond = values.iter().filter(|value| (**value - median).abs() >= farthest).count();
    beyond as f64 / values.len() as f64
}

/// Means over a longer period whose bounds are moved by `shift` seconds, as `CloudWatch` would have kept them.
fn averaged(series: &Series, period: u32, shift: i64) -> Series {
    let mut sums: BTreeMap<i64, (f64, u32)> = BTreeMap::new();
    for point in series.points.iter().filter(|point| point.value.is_finite()) {
        let start = (point.at - shift).div_euclid(i64::from(period)) * i64::from(period) + shift;
        let (sum, count) = sums.entry(start).or_default();
        *sum += point.value;
        *count += 1;
    }
    let points = sums.into_iter().map(|(at, (sum, count))| Datapoint { at, value: sum / f64::from(count) }).collect();
    Series { period_seconds: period, stamps: Vec::new(), points, labels: None }
}
