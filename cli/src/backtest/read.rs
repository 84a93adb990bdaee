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
    let time = column(&["timestamp", "time", "timestamps", "date"]).unwrap_or(0);
    let value = column(&["value", "values"]).unwrap_or(usize::from(time == 0));
    let label = label_column
        .map(|name| column(&[name]).with_context(|| format!("there is no column {name:?} in the first row")))
        .transpose()?;
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
    ensure!(!points.is_empty(), "there are no rows with a timestamp and a value");
    let period_seconds = match period {
        Period::Seconds(seconds) => seconds,
        Period::Auto => commonest_step(&points),
    };
    Ok(Series { period_seconds, stamps, points, labels: label.map(|_| labels) })
}

/// An empty or unreadable value is a value all the same, NaN: the detector will say that it ignored it.
fn datapoint(row: &csv::StringRecord, time: usize, value: usize) -> anyhow::Result<Datapoint> {
    let (Some(at), Some(value)) = (row.get(time), row.get(value)) else {
        bail!("there are {} columns where a timestamp and a value are needed", row.len());
    };
    let at = instant(at).with_context(|| {
        format!("{at:?} is no timestamp: use RFC 3339, YYYY-MM-DD hh:mm:ss in UTC, or Unix seconds")
    })?;
    let value =
        if value.is_empty() { f64::NAN } else { value.parse().with_context(|| format!("{value:?} is no number"))? };
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
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_second());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// The commonest positive distance of two rows, the shorter one of equals; five minutes where there is none.
fn commonest_step(points: &[Datapoint]) -> u32 {
    let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
    for step in points.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).filter(|&step| step > 0) {
        *counts.entry(step).or_default() += 1;
    }
    let commonest = counts.iter().rev().max_by_key(|&(_, count)| *count).map_or(300, |(step, _)| *step);
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
