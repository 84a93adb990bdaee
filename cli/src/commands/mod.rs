//! The commands, one file each.

mod alarms;
mod alerts;
mod api_client;
mod approvals;
mod audit;
mod config;
mod coverage;
mod dlq;
mod doctor;
mod events;
mod explain;
mod feedback;
mod incident;
mod login;
mod logs;
mod models;
mod notify;
mod publish;
mod remediate;
mod routes;
mod rules;
mod silence;
mod thresholds;
mod train;

use crate::backtest;
use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Train a detector model on history from CloudWatch or from CSV files.
    Train(train::TrainArgs),
    /// Run the detector over history: your own files, or a labelled set.
    Backtest(backtest::BacktestArgs),
    /// Look at dead-letter queues, and give their messages another try.
    #[command(subcommand)]
    Dlq(dlq::DlqCommand),
    /// Look at events through the HTTP API.
    Events(events::EventsArgs),
    /// Tell the detector that an event was a false positive, or take that back.
    Feedback(feedback::FeedbackArgs),
    /// See which trained model judges what, and go back to the one before.
    Models(models::ModelsArgs),
    /// Plan, make and list the alarms of the watched resources.
    Alarms(alarms::AlarmsArgs),
    /// See how well resources are covered, and the commands that close the gaps.
    Coverage(coverage::CoverageArgs),
    /// Explain one incident on one screen, or why an alarm exists.
    Explain(explain::ExplainArgs),
    /// See what waits for your approval, and answer.
    Approvals(approvals::ApprovalsArgs),
    /// See what is under repair and what would be done, stop everything, switch a policy on again.
    Remediate(remediate::RemediateArgs),
    /// Write the post-incident record of an incident.
    Incident(incident::IncidentArgs),
    /// See and set what is an alarm for all resources of a type, and how often it would have been one.
    Thresholds(thresholds::ThresholdsArgs),
    /// Look at what is open, and say what is done about it.
    Alerts(alerts::AlertsArgs),
    /// Hold alerts back for a while.
    Silence(silence::SilenceArgs),
    /// Try receivers out.
    #[command(subcommand)]
    Notify(notify::NotifyCommand),
    /// Read the audit trail, and prove that nobody changed it.
    Audit(audit::AuditArgs),
    /// Check configuration files, publish them, see their history and go back.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// See who would be told of an alert, and why (not). A rehearsal: the deployed alert-handler does not read the routes yet.
    Routes(routes::RoutesArgs),
    /// Group log lines by template, and compare an incident's log with a baseline.
    #[command(subcommand)]
    Logs(logs::LogsCommand),
    /// Check, list and try the Sigma rules on CloudTrail events.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Sign in to the API with the user pool of its deployment.
    Login(login::LoginArgs),
    /// Sign out again, here and at Cognito.
    Logout(login::LogoutArgs),
    /// Print the access token of the sign-in, for curl and scripts.
    Token(login::LogoutArgs),
    /// Look for what keeps a deployment from doing its work.
    Doctor(doctor::DoctorArgs),
}

/// Runs one command.
pub async fn run(command: Command, output: Output) -> anyhow::Result<Outcome> {
    match command {
        Command::Train(args) => train::run(&args, output).await,
        Command::Backtest(args) => {
            backtest::run(&backtest::BacktestArgs { json: output.is_json(), ..args })?;
            Ok(Outcome::Fine)
        }
        Command::Dlq(command) => dlq::run(&command, output).await,
        Command::Events(args) => events::run(&args, output).await,
        Command::Feedback(args) => feedback::run(&args, output).await,
        Command::Models(args) => models::run(&args, output).await,
        Command::Alarms(args) => alarms::run(&args, output).await,
        Command::Coverage(args) => coverage::run(&args, output).await,
        Command::Explain(args) => explain::run(&args, output).await,
        Command::Approvals(args) => approvals::run(&args, output).await,
        Command::Remediate(args) => remediate::run(&args, output).await,
        Command::Incident(args) => incident::run(&args, output).await,
        Command::Thresholds(args) => thresholds::run(&args, output).await,
        Command::Alerts(args) => alerts::run(&args, output).await,
        Command::Silence(args) => silence::run(&args, output).await,
        Command::Notify(command) => notify::run(&command, output).await,
        Command::Audit(args) => audit::run(&args, output).await,
        Command::Config(command) => config::run(&command, output).await,
        Command::Routes(args) => routes::run(&args, output),
        Command::Logs(command) => logs::run(&command, output),
        Command::Rules(command) => rules::run(&command, output),
        Command::Login(args) => login::login(&args, output).await,
        Command::Logout(args) => login::logout(&args, output).await,
        Command::Token(args) => login::token(&args, output).await,
        Command::Doctor(args) => doctor::run(&args, output).await,
    }
}
