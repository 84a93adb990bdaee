//! `nightjar models`: which trained model judges what, where it came from, and the way back.

use anyhow::Context as _;
use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_aws::stores::{AuditStore, ModelStore};
use nightjar_domain::models::{ModelName, ModelScope, Pointer};
use nightjar_model::Model;
use serde::Serialize;
use serde_json::Value;

use crate::aws::{AwsArgs, caller};
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
    /// Terraform's name_prefix: the tables are <prefix>-models and <prefix>-audit.
    #[arg(long, default_value = "aiops", global = true)]
    prefix: String,
    /// AWS region; else AWS_REGION or the profile's.
    #[arg(long, global = true)]
    region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long, global = true)]
    profile: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum ModelsCommand {
    /// List the scopes that have, or had, a model of their own. All others are judged by the bundled one.
    List,
    /// Show a scope's model: where it came from, and how it compared with the one before.
    Show {
        /// account, metric:AWS/EC2/CPUUtilization or resource:i-0abc.
        scope: ModelScope,
    },
    /// Go back to the model before. A second rollback goes forward again.
    Rollback {
        /// account, metric:AWS/EC2/CPUUtilization or resource:i-0abc.
        scope: ModelScope,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

/// All scopes, and the model under them.
#[derive(Debug, Serialize)]
struct Listing {
    bundled: String,
    scopes: Vec<Pointer>,
    unreadable: Vec<String>,
}

/// One scope, with its model's provenance.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    pointer: Pointer,
    provenance: Option<Value>,
    /// Why the detector cannot use the current model, if it cannot.
    defect: Option<String>,
}

pub(super) async fn run(args: &ModelsArgs, output: Output) -> anyhow::Result<Outcome> {
    let aws = AwsArgs { region: args.region.clone(), profile: args.profile.clone() };
    let config = aws.load().await;
    let dynamodb = Client::new(&config);
    let models = ModelStore::new(dynamodb.clone(), format!("{}-models", args.prefix));
    match &args.command {
        ModelsCommand::List => {
            let pointers = models.pointers().await?;
            let fine = pointers.unreadable.is_empty();
            let bundled = Model::bundled().version().to_owned();
            let scopes = pointers.known.into_values().collect();
            output.print(&Listing { bundled, scopes, unreadable: pointers.unreadable }, list)?;
            Ok(Outcome::fine_if(fine))
        }
        ModelsCommand::Show { scope } => {
            let shown = show(&models, scope).await?;
            output.print(&shown, describe)?;
            Ok(Outcome::fine_if(shown.defect.is_none()))
        }
        ModelsCommand::Rollback { scope, why } => {
            anyhow::ensure!(!why.trim().is_empty(), "--why is empty: the audit trail wants a reason");
            let audit = AuditStore::new(dynamodb, format!("{}-audit", args.prefix));
            let pointer = roll_back(&models, &audit, scope, &caller(&config).await?, why, clock::now()).await?;
            output.print(&pointer, |pointer| {
                format!(
                    "{scope}: {} judges now; it was {}",
                    version(pointer.current.as_ref()),
                    version(pointer.previous.as_ref())
                )
            })?;
            Ok(Outcome::Fine)
        }
    }
}

async fn show(models: &ModelStore, scope: &ModelScope) -> anyhow::Result<Shown> {
    let pointer = models.pointer(scope).await?;
    anyhow::ensure!(
        pointer.revision > 0,
        "{scope} has no model of its own: `nightjar models list` shows those that have"
    );
    let Some(current) = &pointer.current else { return Ok(Shown { pointer, provenance: None, defect: None }) };
    let artifact = models.artifact(scope, &current.sha256).await?;
    let (provenance, defect) = match artifact.as_deref().map(Model::from_bytes) {
        None => (None, Some("it is not stored any more".to_owned())),
        Some(Err(error)) => (None, Some(error.to_string())),
        Some(Ok(model)) => (Some(serde_json::to_value(model.provenance())?), None),
    };
    Ok(Shown { pointer, provenance, defect })
}

async fn roll_back(
    models: &ModelStore,
    audit: &AuditStore,
    scope: &ModelScope,
    by: &str,
    why: &str,
    now: Timestamp,
) -> anyhow::Result<Pointer> {
    let pointer = models.pointer(scope).await?.rolled_back(by, now, why)?;
    let moved = models.move_pointer(&pointer, pointer.current.as_ref(), now).await?;
    anyhow::ensure!(
        moved,
        "somebody else moved {scope} at the same moment: look at `nightjar models show {scope}`, then try again"
    );
    if let Some(fact) = pointer.rollback_fact() {
        audit.record(&[fact]).await.context("the model was rolled back, but the audit trail could not be told")?;
    }
    Ok(pointer)
}

fn version(model: Option<&ModelName>) -> String {
    model.map_or_else(|| "the next scope's or the bundled one".to_owned(), |model| model.version.clone())
}

fn list(listing: &Listing) -> String {
    let rows = listing.scopes.iter().map(|pointer| {
        let (at, by) =
            pointer.changed.as_ref().map(|change| (change.at.to_string(), change.by.clone())).unwrap_or_default();
        let newest = pointer.considered.as_ref().map(|one| if one.promoted { "promoted" } else { "rejected" });
        [
            pointer.scope.to_string(),
            version(pointer.current.as_ref()),
            version(pointer.previous.as_ref()),
            at,
            by,
            newest.unwrap_or_default().to_owned(),
        ]
    });
    let list = table(&["scope", "current", "before", "since", "by", "newest candidate"], rows);
    let mut lines = vec![list, format!("All else is judged by the bundled model, {}", listing.bundled)];
    lines.extend(listing.unreadable.iter().map(|problem| format!("Unreadable: {problem}")));
    lines.join("\n")
}

fn describe(shown: &Shown) -> String {
    let Shown { pointer, provenance, defect } = shown;
    let mut rows = vec![
        ["scope".to_owned(), pointer.scope.to_string()],
        ["current".to_owned(), version(pointer.current.as_ref())],
        ["before".to_owned(), version(pointer.previous.as_ref())],
    ];
    if let Some(defect) = defect {
        rows.push(["CANNOT BE USED".to_owned(), defect.clone()]);
    }
    if let Some(change) = &pointer.changed {
        rows.push(["since".to_owned(), format!("{} by {}", change.at, change.by)]);
        rows.push(["because".to_owned(), change.why.clone()]);
    }
    for (name, field) in
        [("trained at", "trained_at"), ("series", "series"), ("observations", "observations"), ("data", "data_sha256")]
    {
        if let Some(value) = provenance.as_ref().and_then(|all| all.get(field)) {
            rows.push([name.to_owned(), value.to_string().trim_matches('"').to_owned()]);
        }
    }
    if let Some(candidate) = &pointer.considered {
        rows.push(["newest candidate".to_owned(), format!("{} at {}", candidate.model.version, candidate.at)]);
        rows.push(["verdict".to_owned(), candidate.why.clone()]);
    }
    table(&["", ""], rows)
}
