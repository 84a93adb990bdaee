//! `nightjar backtest`: the product's detector over history, before anybody trusts it.
//!
//! The same code that judges in the function judges here; nothing is tuned to a file, and nothing looks ahead.

mod ablation;
mod cross_validate;
mod explore;
mod labelled;
mod plot;
mod read;
mod reference;
mod replay;
mod resample;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use nightjar_model::Model;

/// Run the detector over history.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  nightjar backtest cpu.csv --plot cpu.svg\n  nightjar backtest --point-labels label *.csv --json\n  nightjar backtest --data nab/data --labels nab/labels/combined_windows.json --out results --json"
)]
pub struct BacktestArgs {
    /// CSV files with a timestamp and a value in each row (RFC 3339, YYYY-MM-DD hh:mm:ss in UTC, or Unix seconds).
    #[arg(value_name = "CSV", required_unless_present = "data", conflicts_with = "data")]
    pub files: Vec<PathBuf>,

    /// Seconds between two datapoints; by default the commonest distance in the file.
    #[arg(long, value_name = "auto|SECONDS", default_value = "auto", value_parser = read::period)]
    pub period: read::Period,

    /// Column with the point labels (1 or true is anomalous): adds precision, event recall, event F1 and AUC-PR.
    #[arg(long, value_name = "COLUMN", conflicts_with = "data")]
    pub point_labels: Option<String>,

    /// Draw value, expected range and anomalies of one file as SVG.
    #[arg(long, value_name = "SVG", conflicts_with = "data")]
    pub plot: Option<PathBuf>,

    /// Directory of a labelled set, <category>/<file>.csv.
    #[arg(long, value_name = "DIR", requires = "labels")]
    pub data: Option<PathBuf>,

    /// Labelled windows of that set, as the Numenta Anomaly Benchmark writes them.
    #[arg(long, value_name = "JSON", requires = "data")]
    pub labels: Option<PathBuf>,

    /// Write one row per input row: timestamp, value, anomaly_score, alert.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Show what each member and each rule of the alert policy is worth on the labelled set.
    #[arg(long, requires = "data")]
    pub ablation: bool,

    /// Choose the detector's numbers anew on parts of the labelled set and score them on the rest.
    #[arg(long, requires = "data", conflicts_with_all = ["ablation", "reference"])]
    pub cross_validate: bool,

    /// Average the labelled files to these periods (seconds, with commas) and show whether the verdicts on their windows stay.
    #[arg(long, value_name = "SECONDS", value_delimiter = ',', requires = "data", conflicts_with_all = ["ablation", "reference", "cross_validate"], value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub resample: Vec<u32>,

    /// Score three detectors with known results instead, to check the scorer: silence, every 600th row, and the distance from the
    /// probationary rows' mean.
    #[arg(long, requires = "data", conflicts_with = "ablation")]
    pub reference: bool,

    /// A model artifact to use instead of the bundled one.
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// Print JSON; the last line is the result.
    #[arg(skip)]
    pub json: bool,
}

/// Runs what was asked for.
pub fn run(args: &BacktestArgs) -> anyhow::Result<()> {
    let own = args.model.as_ref().map(|path| read::model(path)).transpose()?;
    let model = own.as_ref().unwrap_or_else(|| Model::bundled());
    match (&args.data, &args.labels) {
        (Some(data), Some(labels)) if args.ablation => ablation::run(model, data, labels, args),
        (Some(data), Some(labels)) if args.cross_validate => cross_validate::run(model, data, labels, args),
        (Some(data), Some(labels)) if !args.resample.is_empty() => resample::run(model, data, labels, args),
        (Some(data), Some(labels)) if args.reference => reference::run(data, labels, args),
        (Some(data), Some(labels)) => labelled::run(model, data, labels, args),
        _ if args.plot.is_some() && args.files.len() != 1 => {
            bail!("--plot draws one file, {} were given", args.files.len())
        }
        _ => explore::run(model, args),
    }
}

/// Prints a line for people or machines; a reader that has seen enough, such as `head`, is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    match writeln!(std::io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
