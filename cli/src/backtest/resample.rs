//! Time, not rows: the labelled files averaged to longer periods, and whether the verdicts on their windows stay.
//!
//! A window's verdict is whether an alert falls into it. Sampling alone changes some: a file averaged to an hour from the full hour
//! and from half past it is the same process, judged by the same detector. How many verdicts differ between these two is what sampling
//! explains; how many differ between the file's own period and the longer one is what is shown against it.

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
    found: usize,
    changed: usize,
    changed_by_shifting_the_sampling: usize,
    false_alerts_at_own_period: usize,
    false_alerts: usize,
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
                line.changed_by_shifting_the_sampling.to_string(),
                format!("{} / {}", line.false_alerts_at_own_period, line.false_alerts),
            ]
        });
        let head =
            ["period", "files", "found at own period", "found", "changed", "changed by shifting", "false alerts"];
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
        changed_by_shifting_the_sampling: 0,
        false_alerts_at_own_period: 0,
        false_alerts: 0,
    };
    let count = |found: &[bool]| found.iter().filter(|found| **found).count();
    let differing = |a: &[bool], b: &[bool]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    for (case, own) in cases.iter().zip(own).filter(|(case, _)| case.series.period_seconds < period) {
        let full = verdicts(model, case, &averaged(&case.series, period, 0));
        let shifted = verdicts(model, case, &averaged(&case.series, period, i64::from(period) / 2));
        line.files += 1;
        line.windows += own.found.len();
        line.found_at_own_period += count(&own.found);
        line.found += count(&full.found);
        line.changed += differing(&own.found, &full.found);
        line.changed_by_shifting_the_sampling += differing(&full.found, &shifted.found);
        line.false_alerts_at_own_period += own.false_alerts;
        line.false_alerts += full.false_alerts;
    }
    line
}

fn verdicts(model: &Model, case: &Case, series: &Series) -> Verdicts {
    let replay = Replay::run(model, Config::default(), series);
    let alerts = series.points.iter().zip(&replay.observations).filter(|(_, one)| is_alert(one));
    let alerts: Vec<i64> = alerts.map(|(point, _)| point.at).collect();
    // A mean stands at the start of its period: it may begin before the window it tells of.
    let within = |at: i64, &(start, end): &(i64, i64)| at + i64::from(series.period_seconds) > start && at <= end;
    Verdicts {
        found: case.times.iter().map(|window| alerts.iter().any(|&at| within(at, window))).collect(),
        false_alerts: alerts.iter().filter(|&&at| !case.times.iter().any(|window| within(at, window))).count(),
    }
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
