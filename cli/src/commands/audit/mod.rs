//! `nightjar audit`: the trail, and the proof that it is whole.

mod anchors;
mod export;
mod list;
mod source;
mod verify;

use crate::aws::AwsArgs;
use crate::outcome::{Outcome, told};
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
    /// The audit table.
    #[arg(long, default_value = "aiops-audit", global = true)]
    table: String,
    /// The bucket of the anchors; else the one that Terraform made beside the table.
    #[arg(long, global = true)]
    bucket: Option<String>,
    /// AWS region; else AWS_REGION or the profile's.
    #[arg(long, global = true)]
    region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long, global = true)]
    profile: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum AuditCommand {
    /// Check that nothing was changed, removed, put in or cut off. Exit status 1 if something was, 2 if it cannot be read.
    Verify(verify::VerifyArgs),
    /// Write all entries, the anchors and the public key as JSON lines, to be verified elsewhere.
    Export(export::ExportArgs),
    /// List entries, oldest first.
    List(list::ListArgs),
}

pub(super) async fn run(args: &AuditArgs, output: Output) -> anyhow::Result<Outcome> {
    match &args.command {
        AuditCommand::Verify(verify) => match verify::run(args, verify, output).await {
            // 1 would read as: it has been tampered with.
            Err(error) => {
                eprintln!("nightjar: {}", told(&error));
                Ok(Outcome::Unreadable)
            }
            found => found,
        },
        AuditCommand::Export(export) => export::run(args, export, output).await,
        AuditCommand::List(list) => list::run(args, list, output).await,
    }
}

impl AuditArgs {
    async fn aws(&self) -> aws_config::SdkConfig {
        AwsArgs { region: self.region.clone(), profile: self.profile.clone() }.load().await
    }
}
