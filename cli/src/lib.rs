//! What an operator types: `nightjar`. Each command is one file; what it prints for people is a table, and with `--json`
//! one JSON document for machines.

#![allow(clippy::doc_markdown, reason = "an argument's doc comment is its help text, where backticks would be printed")]

pub mod aws;
pub mod backtest;
pub mod commands;
pub mod outcome;
pub mod output;
pub mod session;

use clap::Parser;

pub use commands::Command;
pub use outcome::Outcome;

/// Operate Nightjar: train and test its detector, look at events, mend what failed, prove what happened.
#[derive(Debug, Parser)]
#[command(
    name = "nightjar",
    version,
    after_help = "Exit status:\n  0  done, and nothing is wrong\n  1  something is wrong, or the command failed; the text says what\n  2  the command line cannot be used, or what is to be verified cannot be read"
)]
pub struct Cli {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// Does what was typed.
pub async fn run(cli: Cli) -> anyhow::Result<Outcome> {
    commands::run(cli.command, output::Output::new(cli.json)).await
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn feedback_is_one_verdict_with_a_reason() {
        let parses = |rest: &[&str]| Cli::try_parse_from([&["nightjar", "feedback", "inc_1"], rest].concat()).is_ok();
        assert!(parses(&["--false-positive", "--why", "x"]) && parses(&["--withdraw", "--why", "x"]));
        assert!(!parses(&["--why", "x"]) && !parses(&["--false-positive"]));
        assert!(!parses(&["--false-positive", "--withdraw", "--why", "x"]));
    }

    #[test]
    fn a_rollback_needs_a_scope_and_a_reason() {
        let parses = |rest: &[&str]| Cli::try_parse_from([&["nightjar", "models"], rest].concat()).is_ok();
        assert!(parses(&["list", "--json"]) && parses(&["rollback", "metric:AWS/EC2/CPUUtilization", "--why", "x"]));
        assert!(!parses(&["rollback", "account"]) && !parses(&["show", "everything"]));
    }

    #[test]
    fn a_training_needs_a_source() {
        assert!(Cli::try_parse_from(["nightjar", "train"]).is_err());
        assert!(Cli::try_parse_from(["nightjar", "train", "--instance-id", "i-1", "--csv", "a.csv"]).is_err());
        assert!(Cli::try_parse_from(["nightjar", "train", "--csv", "a.csv", "b.csv", "--json"]).is_ok());
        assert!(Cli::try_parse_from(["nightjar", "train", "--instance-id", "i-1", "--days", "64"]).is_err());
        assert!(Cli::try_parse_from(["nightjar", "train", "--instance-id", "i-1", "--publish"]).is_ok());
        assert!(Cli::try_parse_from(["nightjar", "train", "--csv", "a.csv", "--publish"]).is_err());
    }
}
