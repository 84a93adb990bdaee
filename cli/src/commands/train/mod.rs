//! `nightjar train`: history in, a model artifact out.

mod cloudwatch;
mod csv_files;
mod maintenance;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::ArgGroup;
use nightjar_aws::clock;
use nightjar_aws::stores::{AuditStore, InventoryStore, ModelStore};
use nightjar_domain::models::ModelScope;
use nightjar_model::train::{TrainOptions, TrainingSeries, split_in_time, train};
use nightjar_model::{Artifact, Model};
use nightjar_training::{self as training, Candidate, Registry, consider};
use serde::Serialize;

use crate::aws::{AwsArgs, caller};
use crate::outcome::Outcome;
use crate::output::{Output, progress};

/// CloudWatch keeps five-minute datapoints for 63 days.
const LONGEST_DAYS: i64 = 63;

#[derive(Debug, clap::Args)]
#[command(
    group(ArgGroup::new("source").required(true)),
    after_help = "The artifact holds the model, where it came from and its SHA-256. To ship it with the detector, write it to\nmodel/artifacts/default.njmodel, then build and deploy."
)]
pub struct TrainArgs {
    /// Train on what CloudWatch has of this instance.
    #[arg(long, group = "source", value_name = "ID")]
    instance_id: Option<String>,
    /// Train on files with the columns timestamp (RFC 3339, `YYYY-MM-DD hh:mm:ss` in UTC, or Unix seconds) and value.
    #[arg(long, group = "source", value_name = "FILE", num_args = 1..)]
    csv: Vec<PathBuf>,
    /// How many days of history to fetch.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=LONGEST_DAYS))]
    days: i64,
    /// A metric such as CPUUtilization or CWAgent/mem_used_percent; may be repeated. Those of AWS/EC2 that Nightjar
    /// watches if left out.
    #[arg(long, value_name = "NAME", conflicts_with = "csv")]
    metric: Vec<String>,
    /// Seconds between two rows of the files.
    #[arg(long, default_value_t = 300, conflicts_with = "instance_id", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    period: u32,
    /// Where to write the artifact.
    #[arg(long, default_value = "nightjar.njmodel", conflicts_with = "publish")]
    output: PathBuf,
    /// Give the instance a model of its own in the deployed suite, if it is no worse there than the one that judges it now. It is
    /// trained on the first two thirds of the history and compared on the last; from then on the daily training keeps it current.
    #[arg(long, requires = "instance_id", conflicts_with = "csv")]
    publish: bool,
    /// Leave out what lies in the maintenance windows of this document, as the daily training does; for --publish.
    #[arg(long, requires = "publish", value_name = "FILE")]
    maintenance_windows: Option<PathBuf>,
    /// Terraform's name_prefix, for --publish.
    #[arg(long, default_value = "aiops")]
    prefix: String,
    #[command(flatten)]
    aws: AwsArgs,
}

/// What was written.
#[derive(Debug, Serialize)]
struct Trained {
    file: String,
    version: String,
    bytes: usize,
    series: Vec<SeriesSummary>,
    /// Feature vectors the forest was grown from.
    observations: u32,
    /// When.
    at: String,
}

#[derive(Debug, Serialize)]
struct SeriesSummary {
    name: String,
    datapoints: usize,
}

pub(super) async fn run(args: &TrainArgs, output: Output) -> anyhow::Result<Outcome> {
    let series = match &args.instance_id {
        Some(instance) => {
            let client = aws_sdk_cloudwatch::Client::new(&args.aws.load().await);
            cloudwatch::history(&client, instance, &args.metric, args.days, clock::now()).await?
        }
        None => csv_files::read_all(&args.csv, args.period)?,
    };
    if let (true, Some(instance)) = (args.publish, &args.instance_id) {
        return publish(args, instance, series, output).await;
    }
    let bar = progress("Growing the forest");
    let options = TrainOptions { trained_at: clock::now().to_string(), ..TrainOptions::default() };
    let artifact = train(&series, &options)
        .context("no model was trained; give it more history: --days, more --metric, more or longer files")?;
    bar.finish_and_clear();
    let written = write(&artifact, args, &series)?;
    output.print(&written, describe)?;
    Ok(Outcome::Fine)
}

/// The never-worse rule decides; a candidate that loses is no failure of the command, but not what was asked for either.
async fn publish(
    args: &TrainArgs,
    instance: &str,
    mut series: Vec<TrainingSeries>,
    output: Output,
) -> anyhow::Result<Outcome> {
    let config = args.aws.load().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    if let Some(file) = &args.maintenance_windows {
        let inventory = InventoryStore::new(dynamodb.clone(), format!("{}-inventory", args.prefix));
        maintenance::leave_out(&mut series, file, &inventory, instance).await?;
    }
    let registry = Registry {
        models: ModelStore::new(dynamodb.clone(), format!("{}-models", args.prefix)),
        audit: AuditStore::new(dynamodb, format!("{}-audit", args.prefix)),
    };
    let (scope, by) = (ModelScope::Resource(instance.to_owned()), caller(&config).await?);
    let (training, held_out) = split_in_time(&series);
    let bar = progress("Growing the forest, and comparing it with the model in use");
    let candidate = Candidate { scope: &scope, training: &training, held_out: &held_out, by: &by };
    let report = consider(&registry, &candidate, clock::now()).await?;
    bar.finish_and_clear();
    output.print(&report, |report| {
        let version = report.version.as_deref().unwrap_or("no candidate");
        let verdict = match report.outcome {
            training::Outcome::Promoted => "promoted: the next run of the detector uses it",
            training::Outcome::Rejected => "rejected: the model in use stays",
            training::Outcome::Unchanged | training::Outcome::Overtaken => "nothing changed",
            training::Outcome::TooLittleHistory => "not trained: give it more --days, or wait",
        };
        format!("{scope}: {version} {verdict}\n{}", report.why)
    })?;
    Ok(Outcome::fine_if(matches!(report.outcome, training::Outcome::Promoted | training::Outcome::Unchanged)))
}

fn write(artifact: &Artifact, args: &TrainArgs, series: &[TrainingSeries]) -> anyhow::Result<Trained> {
    let bytes = artifact.to_bytes()?;
    // Read as the detector will, before anything is replaced.
    let model = Model::from_bytes(&bytes)?;
    std::fs::write(&args.output, &bytes).with_context(|| format!("cannot write {}", args.output.display()))?;
    let summary = |one: &TrainingSeries| SeriesSummary { name: one.name.clone(), datapoints: one.points.len() };
    Ok(Trained {
        file: args.output.display().to_string(),
        version: model.version().to_owned(),
        bytes: bytes.len(),
        series: series.iter().map(summary).collect(),
        observations: artifact.provenance.observations,
        at: artifact.provenance.trained_at.clone(),
    })
}

fn describe(trained: &Trained) -> String {
    let Trained { file, version, bytes, series, observations, .. } = trained;
    let list: Vec<String> = series.iter().map(|one| format!("  {}: {} datapoints", one.name, one.datapoints)).collect();
    format!("{file}: model {version}, {bytes} bytes, grown from {observations} observations of\n{}", list.join("\n"))
}
