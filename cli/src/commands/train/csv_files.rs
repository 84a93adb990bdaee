//! History from CSV files: a timestamp and a value in each row.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use nightjar_model::Datapoint;
use nightjar_model::train::TrainingSeries;

/// Reads all files; each is a series of its own.
pub(super) fn read_all(files: &[PathBuf], period_seconds: u32) -> anyhow::Result<Vec<TrainingSeries>> {
    files
        .iter()
        .map(|file| {
            let points = read(file).with_context(|| format!("{} cannot be read", file.display()))?;
            Ok(TrainingSeries { name: file.display().to_string(), period_seconds, points })
        })
        .collect()
}

fn read(file: &Path) -> anyhow::Result<Vec<Datapoint>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_path(file)?;
    let mut points = Vec::new();
    for (index, row) in reader.records().enumerate() {
        let row = row?;
        let line = row.position().map_or(index as u64 + 1, csv::Position::line);
        match datapoint(&row) {
            Ok(point) => points.push(point),
            // A first row that is no data is a header.
            Err(_) if index == 0 && row.get(1).is_some_and(|text| text.parse::<f64>().is_err()) => {}
            Err(error) => return Err(error.context(format!("line {line}"))),
        }
    }
    ensure!(!points.is_empty(), "there are no rows with a timestamp and a value");
    points.sort_by_key(|point| point.at);
    points.dedup_by_key(|point| point.at);
    Ok(points)
}

fn datapoint(row: &csv::StringRecord) -> anyhow::Result<Datapoint> {
    let (Some(at), Some(value)) = (row.get(0), row.get(1)) else {
        bail!("there are {} columns where a timestamp and a value are needed", row.len());
    };
    let at = instant(at).with_context(|| {
        format!("{at:?} is no timestamp: use RFC 3339, YYYY-MM-DD hh:mm:ss in UTC, or Unix seconds")
    })?;
    let value: f64 = value.parse().with_context(|| format!("{value:?} is no number"))?;
    ensure!(value.is_finite(), "the value {value} is not finite");
    Ok(Datapoint { at, value })
}

fn instant(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_second());
    }
    let civil: DateTime = text.parse().ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> anyhow::Result<Vec<Datapoint>> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("cpu.csv");
        std::fs::write(&file, text)?;
        read(&file)
    }

    #[test]
    fn every_form_of_a_timestamp_is_the_same_instant() {
        let text = "timestamp,value\n2026-11-21T10:00:00Z,1\n2026-11-21 10:05:00,2\n1795255800, 3\n2026-11-21T11:15:00+01:00,4\n";
        let points = read_text(text).unwrap();
        let steps: Vec<i64> = points.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
        assert_eq!(steps, [300, 300, 300], "{points:?}");
        assert_eq!(points.iter().map(|point| point.value).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[rstest::rstest]
    #[case::no_number("timestamp,value\n1,1\n2,many\n", "line 3: \"many\" is no number")]
    #[case::no_timestamp("1,1\nsoon,2\n", "line 2: \"soon\" is no timestamp")]
    #[case::one_column("1,1\n2\n", "line 2: there are 1 columns")]
    #[case::not_finite("1,1\n2,NaN\n", "line 2: the value NaN is not finite")]
    #[case::header_alone("timestamp,value\n", "there are no rows")]
    #[case::empty("", "there are no rows")]
    fn the_line_that_cannot_be_read_is_named(#[case] text: &str, #[case] expected: &str) {
        let error = format!("{:#}", read_text(text).unwrap_err());
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = format!("{:#}", read_all(&[PathBuf::from("no/such.csv")], 300).unwrap_err());
        assert!(error.starts_with("no/such.csv cannot be read: "), "{error}");
    }
}
