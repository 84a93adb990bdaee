//! `nightjar dlq`: work that was not done, and its second chance.

mod dead_letter;
mod list;
mod redrive;

pub(super) use list::{Queue, queues};

use crate::aws::AwsArgs;
use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub enum DlqCommand {
    /// List the dead-letter queues with how many messages they hold.
    List(list::ListArgs),
    /// Invoke a function again with the messages of its dead-letter queue. A message is deleted once Lambda has accepted
    /// it. Exit status 1 if a message is of no known form: it stays in the queue.
    Redrive(redrive::RedriveArgs),
}

/// What every command about dead letters needs to know.
#[derive(Debug, clap::Args)]
pub(super) struct SuiteArgs {
    /// Terraform's name_prefix.
    #[arg(long, default_value = "aiops")]
    prefix: String,
    #[command(flatten)]
    aws: AwsArgs,
}

pub(super) async fn run(command: &DlqCommand, output: Output) -> anyhow::Result<Outcome> {
    match command {
        DlqCommand::List(args) => list::run(args, output).await,
        DlqCommand::Redrive(args) => redrive::run(args, output).await,
    }
}
