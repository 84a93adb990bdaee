//! One series through the detector, as the function would have seen it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nightjar_model::{Config, Detector, Model, Observation, SeriesState, Verdict};

use super::read::Series;

/// What the detector said of each row.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) observations: Vec<Observation>,
    /// Time spent in the detector.
    pub(super) spent: Duration,
}

impl Replay {
    pub(super) fn run(model: &Model, config: Config, series: &Series) -> Self {
        let detector = Detector::with_config(model, config);
        let mut state = SeriesState::new(series.period_seconds);
        let start = Instant::now();
        let observations = series.points.iter().map(|point| detector.observe(&mut state, *point)).collect();
        Self { observations, spent: start.elapsed() }
    }

    pub(super) fn scores(&self) -> Vec<f64> {
        self.observations.iter().map(|observation| observation.score).collect()
    }

    pub(super) fn alerts(&self) -> usize {
        self.observations.iter().filter(|observation| is_alert(observation)).count()
    }

    /// Writes `timestamp,value,anomaly_score,alert`, one row per input row.
    pub(super) fn write(&self, series: &Series, path: &Path) -> anyhow::Result<()> {
        let write = || -> anyhow::Result<()> {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let mut writer = csv::Writer::from_path(path)?;
            writer.write_record(["timestamp", "value", "anomaly_score", "alert"])?;
            for ((stamp, point), observation) in series.stamps.iter().zip(&series.points).zip(&self.observations) {
                let alert = if is_alert(observation) { "1" } else { "0" };
                writer.write_record([stamp, &point.value.to_string(), &observation.score.to_string(), alert])?;
            }
            Ok(writer.flush()?)
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

pub(super) fn is_alert(observation: &Observation) -> bool {
    matches!(observation.verdict, Verdict::Anomalous(_))
}
