//! A user's own files: the anomalies, and how they meet point labels where there are any.

use jiff::Timestamp;
use nightjar_model::evaluation::points::{EventFigures, Row, figures};
use nightjar_model::{Config, Model, Verdict};
use serde::Serialize;

use super::read::{self, Series};
use super::replay::{Replay, is_alert};
use super::{BacktestArgs, plot, print};
use crate::output::table;

#[derive(Debug, Serialize)]
struct Found {
    file: String,
    at: String,
    observed: f64,
    low: f64,
    high: f64,
    score: f64,
    severity: nightjar_model::Severity,
    reasons: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    files: usize,
    rows: usize,
    anomalies: usize,
    learning_rows: usize,
    ignored_rows: usize,
    microseconds_per_row: f64,
    model: String,
    #[serde(flatten)]
    labels: Option<Labels>,
}

#[derive(Debug, Serialize)]
struct Labels {
    events: usize,
    events_found: usize,
    precision: f64,
    event_recall: f64,
    event_f1: f64,
    /// Absent where no row is labelled anomalous.
    auc_pr: Option<f64>,
}

impl From<EventFigures> for Labels {
    fn from(figures: EventFigures) -> Self {
        Self {
            events: figures.events,
            events_found: figures.found,
            precision: figures.precision(),
            event_recall: figures.recall(),
            event_f1: figures.f1(),
            auc_pr: Some(figures.auc_pr).filter(|area| area.is_finite()),
        }
    }
}

pub(super) fn run(model: &Model, args: &BacktestArgs) -> anyhow::Result<()> {
    let mut found = Vec::new();
    let mut labelled = Vec::new();
    let (mut rows, mut learning, mut ignored, mut seconds) = (0, 0, 0, 0.0);
    for path in &args.files {
        let series = read::series(path, args.period, args.point_labels.as_deref())?;
        let replay = Replay::run(model, Config::default(), &series);
        rows += series.points.len();
        seconds += replay.spent.as_secs_f64();
        let count =
            |wanted: fn(&Verdict) -> bool| replay.observations.iter().filter(|one| wanted(&one.verdict)).count();
        learning += count(|verdict| matches!(verdict, Verdict::Learning { .. }));
        ignored += count(|verdict| matches!(verdict, Verdict::Ignored { .. }));
        found.extend(anomalies(&path.display().to_string(), &replay));
        labelled.extend(labelled_rows(&series, &replay));
        if let Some(plot) = &args.plot {
            plot::write(&series, &replay, plot)?;
        }
        if let (Some(out), Some(name)) = (&args.out, path.file_name()) {
            replay.write(&series, &out.join(format!("nightjar_{}", name.to_string_lossy())))?;
        }
    }
    let summary = Summary {
        files: args.files.len(),
        rows,
        anomalies: found.len(),
        learning_rows: learning,
        ignored_rows: ignored,
        microseconds_per_row: seconds * 1e6 / rows as f64,
        model: model.version().to_owned(),
        labels: args.point_labels.as_ref().map(|_| figures(&labelled).into()),
    };
    if args.json {
        for anomaly in &found {
            print(&serde_json::to_string(anomaly)?)?;
        }
    } else {
        print(&text(&found, &summary))?;
    }
    print(&serde_json::to_string(&summary)?)
}

fn anomalies(file: &str, replay: &Replay) -> Vec<Found> {
    let alerts = replay.observations.iter().filter_map(|observation| match &observation.verdict {
        Verdict::Anomalous(anomaly) => Some(anomaly),
        _ => None,
    });
    alerts
        .map(|anomaly| Found {
            file: file.to_owned(),
            at: Timestamp::from_second(anomaly.at).map_or_else(|_| anomaly.at.to_string(), |at| at.to_string()),
            observed: anomaly.observed,
            low: anomaly.expected.low,
            high: anomaly.expected.high,
            score: anomaly.score,
            severity: anomaly.severity,
            reasons: anomaly.reasons.iter().map(ToString::to_string).collect(),
        })
        .collect()
}

fn labelled_rows(series: &Series, replay: &Replay) -> Option<Vec<Row>> {
    let labels = series.labels.as_ref()?;
    let rows = labels.iter().zip(&replay.observations);
    Some(rows.map(|(&anomalous, one)| Row { score: one.score, alert: is_alert(one), anomalous }).collect())
}

fn text(found: &[Found], summary: &Summary) -> String {
    let anomalies = table(
        &["file", "at", "observed", "expected", "score", "severity", "why"],
        found.iter().map(|one| {
            [
                one.file.clone(),
                one.at.clone(),
                format!("{:.4}", one.observed),
                format!("{:.4} to {:.4}", one.low, one.high),
                format!("{:.4}", one.score),
                format!("{:?}", one.severity).to_lowercase(),
                one.reasons.first().cloned().unwrap_or_default(),
            ]
        }),
    );
    let Summary { files, rows, anomalies: number, learning_rows, ignored_rows, .. } = summary;
    format!(
        "{anomalies}\n{number} anomalies in {rows} rows of {files} files; {learning_rows} rows to learn from, {ignored_rows} ignored"
    )
}
