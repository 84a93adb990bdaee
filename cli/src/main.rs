use std::process::ExitCode;

use clap::Parser;
use nightjar_cli::Cli;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match nightjar_cli::run(Cli::parse()).await {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("nightjar: {}", nightjar_cli::outcome::told(&error));
            ExitCode::FAILURE
        }
    }
}
