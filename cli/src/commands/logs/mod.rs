//! `nightjar logs`: what log files say, without an AWS account.

mod analyze;
mod hypotheses;
mod read;
mod templates;

use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub enum LogsCommand {
    /// Group lines that differ only in their variable parts. With --json, one JSON line for each input line.
    Templates(templates::TemplatesArgs),
    /// Say what an incident's log has that a baseline has not, the most suspicious first.
    Analyze(analyze::AnalyzeArgs),
}

/// Runs one of them.
pub(super) fn run(command: &LogsCommand, output: Output) -> anyhow::Result<Outcome> {
    match command {
        LogsCommand::Templates(args) => templates::run(args, output),
        LogsCommand::Analyze(args) => analyze::run(args, output),
    }
}
