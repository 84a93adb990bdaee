//! Series, labels and models from files. Rows are kept as they are: late and repeated ones are the detector's business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nightjar_model::{Datapoint, MAX_BYTES, Model};

/// The seconds between two datapoints, or the wish to find them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// The commonest distance of two rows.
    Auto,
    /// As given.
    Seconds(u32),
}

/// Reads `auto` or a number of seconds.
pub(super) fn period(text: &str) -> Result<Period, String> {
    match text {
        "auto" => Ok(Period::Auto),
        other => match other.parse() {
            Ok(seconds @ 1..=31_622_400) => Ok(Period::Seconds(seconds)),
            _ => Err("neither `auto` nor a number of seconds from 1 to a year".into()),
        },
    }
}

/// A series as it stands in its file.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) period_seconds: u32,
    /// The timestamps' text, to be written back as it was.
    pub(super) stamps: Vec<String>,
    pub(super) points: Vec<Datapoint>,
    /// Point labels, where a column was asked for.
    pub(super) labels: Option<Vec<bool>>,
}

pub(super) fn series(path: &Path, period: Period, label_column: Option<&str>) -> anyhow::Result<Series> {
    parse(path, period, label_column).with_context(|| format!("{} cannot be read", path.display()))
}

fn parse(path: &Path, period: Period, label_column: Option<&str>) -> anyhow::Result<Series> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_path(path)?;
    let mut records = reader.records().peekable();
    let header = match records.peek() {
        Some(Ok(first)) if datapoint(first, 0, 1).is_err() => Some(first.clone()),
        _ => None,
    };
    if header.is_some() {
        records.next();
    }
    let column = |names: &[&str]| {
        let header = header.as_ref()?;
        names.iter().find_map(|name| header.iter().position(|column| column.eq_ignore_ascii_case(name)))
    };
    ensure!(records.peek().is_some(), "there are no rows with a timestamp and a value");
    let label = label_column
        .map(|name| column(&[name]).with_context(|| format!("there is no column {name:?} in the first row")))
        .transpose()?;
    let time = column(&TIME).unwrap_or(0);
    // Where no column is called a value, it is the first that is neither time, label nor a row's number.
    let other = |place: &usize| {
        let name = header.as_ref().and_then(|header| header.get(*place)).unwrap_or("value").to_ascii_lowercase();
        *place != time && Some(*place) != label && !NO_VALUE.contains(&name.as_str())
    };
    let value = column(&["value", "values"]).or_else(|| (0..MOST_COLUMNS).find(other)).unwrap_or(1);
    let (mut stamps, mut points, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (index, row) in records.enumerate() {
        let row = row?;
        let line = row.position().map_or(index as u64 + 1, csv::Position::line);
        points.push(datapoint(&row, time, value).with_context(|| format!("line {line}"))?);
        stamps.push(row.get(time).unwrap_or_default().to_owned());
        if let Some(label) = label {
            let text = row.get(label).unwrap_or_default();
            labels.push(truth(text).with_context(|| format!("line {line}: {text:?} is no label: use 0 or 1"))?);
        }
    }
    let period_seconds = match period {
        Period::Seconds(seconds) => seconds,
        Period::Auto => commonest_step(&points),
    };
    Ok(Series { period_seconds, stamps, points, labels: label.map(|_| labels) })
}

/// What the column of time is called.
const TIME: [&str; 8] = ["timestamp", "timestamps", "time", "datetime", "date", "ts", "timestamp_utc", "ds"];

/// Columns that are no measured value.
const NO_VALUE: [&str; 10] =
    ["", "label", "labels", "is_anomaly", "anomaly", "anomalous", "index", "id", "kpi id", "unnamed: 0"];

/// A value is looked for in this many columns.
const MOST_COLUMNS: usize = 64;

/// An empty or unreadable value is a value all the same, NaN: the detector will say that it ignored it.
fn datapoint(row: &csv::StringRecord, time: usize, value: usize) -> anyhow::Result<Datapoint> {
    let (Some(at), Some(value)) = (row.get(time), row.get(value)) else {
        bail!("there are {} columns where a timestamp and a value are needed", row.len());
    };
    let at = instant(at).with_context(|| {
        format!("{at:?} is no timestamp: use RFC 3339, YYYY-MM-DD hh:mm:ss in UTC, or Unix seconds or milliseconds")
    })?;
    let value = match value.to_ascii_lowercase().as_str() {
        "" | "null" | "none" | "na" | "n/a" => f64::NAN,
        text => text.parse().with_context(|| format!("{value:?} is no number"))?,
    };
    Ok(Datapoint { at, value })
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" => Some(true),
        "0" | "0.0" | "false" | "" => Some(false),
        _ => None,
    }
}

pub(super) fn instant(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(seconds(number));
    }
    if let Some(number) = text.parse::<f64>().ok().filter(|number| number.is_finite()) {
        return Some(seconds(number as i64));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_second());
    }
    let civil: DateTime = text.replace('/', "-").parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Unix time in seconds, milliseconds, microseconds or nanoseconds, told apart by its size: as seconds, each would lie more than
/// three thousand years ahead.
fn seconds(number: i64) -> i64 {
    match number.unsigned_abs() {
        0..100_000_000_000 => number,
        100_000_000_000..100_000_000_000_000 => number.div_euclid(1_000),
        100_000_000_000_000..100_000_000_000_000_000 => number.div_euclid(1_000_000),
        _ => number.div_euclid(1_000_000_000),
    }
}

/// The commonest positive distance of two rows, the shorter one of equals; the median where no distance is common, as with clocks
/// that tremble; five minutes where there is none.
fn commonest_step(points: &[Datapoint]) -> u32 {
    let steps = points.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at));
    let mut steps: Vec<i64> = steps.filter(|&step| step > 0).collect();
    steps.sort_unstable();
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    for step in &steps {
        *counts.entry(*step).or_default() += 1;
    }
    let commonest = match counts.iter().rev().max_by_key(|&(_, count)| *count) {
        Some((step, count)) if 10 * count >= steps.len() => *step,
        Some(_) => steps[steps.len() / 2],
        None => 300,
    };
    commonest.clamp(1, 31_622_400) as u32
}

/// Labelled windows: `{"<category>/<file>.csv": [[start, end], …]}`, both ends included, in epoch seconds.
pub(super) fn windows(path: &Path) -> anyhow::Result<BTreeMap<String, Vec<(i64, i64)>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let raw: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&text).with_context(|| format!("{} does not hold labelled windows", path.display()))?;
    raw.into_iter()
        .map(|(file, windows)| {
            let windows = windows
                .into_iter()
                .map(|(start, end)| match (instant(&start), instant(&end)) {
                    (Some(start), Some(end)) if start <= end => Ok((start, end)),
                    _ => bail!("{file}: [{start:?}, {end:?}] is no window"),
                })
                .collect::<anyhow::Result<Vec<_>>>()?;
            Ok((file, windows))
        })
        .collect()
}

/// All CSV files of a labelled set, as `<category>/<file>.csv`, in order.
pub(super) fn labelled_files(data: &Path) -> anyhow::Result<Vec<String>> {
    let entries = |dir: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let read = std::fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?;
        let mut paths = read.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut files = Vec::new();
    for category in entries(data)?.into_iter().filter(|path| path.is_dir()) {
        for file in entries(&category)?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "csv")) {
            let relative = file.strip_prefix(data).unwrap_or(&file);
            files.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
    ensure!(!files.is_empty(), "{} holds no <category>/<file>.csv", data.display());
    Ok(files)
}

pub(super) fn model(path: &Path) -> anyhow::Result<Model> {
    let size = std::fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    ensure!(size <= MAX_BYTES as u64, "{} is {size} bytes long, a model is at most {MAX_BYTES}", path.display());
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Model::from_bytes(&bytes).with_context(|| format!("{} cannot be used", path.display()))
}
