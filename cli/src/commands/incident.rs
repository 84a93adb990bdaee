//! `nightjar incident report`: the post-incident record, as the API writes it.

use std::path::PathBuf;

use anyhow::Context as _;

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub struct IncidentArgs {
    #[command(subcommand)]
    command: IncidentCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum IncidentCommand {
    /// Tell the whole story as Markdown: evidence, timeline, actions, who, how long it took, what to follow up.
    Report {
        /// Such as inc_0123456789abcdef0123.
        id: String,
        /// Write it here instead of printing it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

pub(super) async fn run(args: &IncidentArgs, output: Output) -> anyhow::Result<Outcome> {
    let IncidentCommand::Report { id, out } = &args.command;
    anyhow::ensure!(!id.contains('/'), "{id:?} is no event's id: `nightjar events list` shows them");
    let record = args.api.client().await?.get_text(&format!("events/{id}/record")).await?;
    match out {
        Some(file) => {
            std::fs::write(file, &record).with_context(|| format!("{} cannot be written", file.display()))?;
            eprintln!("written to {}", file.display());
        }
        None => output.print(&record, Clone::clone)?,
    }
    Ok(Outcome::Fine)
}
