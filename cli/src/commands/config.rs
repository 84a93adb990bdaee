//! `nightjar config`: the files an operator may change.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nightjar_domain::accounts::{WatchedAccounts, WatchedAccountsDocument};
use nightjar_domain::audit::Retention;
use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::diagnosis::{LogSignals, SignalsDocument};
use nightjar_domain::escalation::EscalationRules;
use nightjar_domain::log_watch::{LogWatch, LogWatchDocument};
use nightjar_domain::maintenance::{MaintenanceDocument, MaintenanceWindows};
use nightjar_domain::remediation::PoliciesDocument;
use nightjar_domain::routing::Routes;
use nightjar_domain::routing::document::RoutesDocument;
use nightjar_domain::routing::product::{self, ProductsDocument};
use nightjar_security::noise::Noise;
use serde::Serialize;

use super::publish::{self, HistoryArgs, PublishArgs, RollbackArgs};
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Subcommand)]
pub enum ConfigCommand {
    /// Check every configuration file. Exit status 1 if one cannot be used.
    Check {
        /// Where they are.
        #[arg(default_value = "config")]
        dir: PathBuf,
    },
    /// Bring the files into force, for all functions within a minute. What is not new stays as it is.
    Publish(PublishArgs),
    /// Show who published what, when and why.
    History(HistoryArgs),
    /// Bring an earlier version of a document back, as a new one.
    Rollback(RollbackArgs),
    /// Write the JSON Schemas of the configuration files.
    Schema {
        /// The directory to write them to.
        #[arg(long, value_name = "DIR")]
        write: PathBuf,
    },
}

/// One file and what is wrong with it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Checked {
    file: String,
    problem: Option<String>,
}

pub(super) async fn run(command: &ConfigCommand, output: Output) -> anyhow::Result<Outcome> {
    match command {
        ConfigCommand::Check { dir } => {
            let checked = check(dir);
            output.print(&checked, |checked| describe(checked))?;
            Ok(Outcome::fine_if(checked.iter().all(|file| file.problem.is_none())))
        }
        ConfigCommand::Publish(args) => publish::publish(args, output).await,
        ConfigCommand::History(args) => publish::history(args, output).await,
        ConfigCommand::Rollback(args) => publish::rollback(args, output).await,
        ConfigCommand::Schema { write } => {
            let written = write_schemas(write)?;
            output.print(&written, |written| written.join("\n"))?;
            Ok(Outcome::Fine)
        }
    }
}

/// Checks every file, whatever is wrong with the others.
fn check(dir: &Path) -> Vec<Checked> {
    let catalogue = |json: &str| Catalogue::parse(json).map(drop).map_err(|error| error.to_string());
    let signals = |json: &str| LogSignals::parse(json).map(drop).map_err(|error| error.to_string());
    let policies = |json: &str| PoliciesDocument::parse(json).map(drop).map_err(|error| error.to_string());
    // Routes name products' receivers and the other way round: a products.json that cannot be read is told of once, below.
    let products = std::fs::read_to_string(dir.join("products.json")).ok().filter(|json| product::parse(json).is_ok());
    let products = products.unwrap_or_else(|| r#"{"products": {}}"#.to_owned());
    let routes = |json: &str| Routes::parse(json, &products).map(drop).map_err(|error| error.to_string());
    let maintenance = |json: &str| MaintenanceWindows::parse(json).map(drop).map_err(|error| error.to_string());
    let noise = |json: &str| Noise::parse(json).map(drop).map_err(|error| error.to_string());
    let escalation = |json: &str| EscalationRules::parse(json).map(drop).map_err(|error| error.to_string());
    let watch = |json: &str| LogWatch::parse(json).map(drop).map_err(|error| error.to_string());
    let own = |json: &str| product::parse(json).map(drop).map_err(|error| error.to_string());
    let accounts = |json: &str| WatchedAccounts::parse(json).map(drop).map_err(|error| error.to_string());
    let retention = |json: &str| Retention::parse(json).map(drop).map_err(|error| error.to_string());
    vec![
        check_file(&dir.join("alert_thresholds.json"), catalogue),
        check_file(&dir.join("log_signals.json"), signals),
        check_file(&dir.join("alert_routes.json"), routes),
        check_file(&dir.join("products.json"), own),
        check_file(&dir.join("audit_log_schema.json"), retention),
        check_file(&dir.join("maintenance_windows.json"), maintenance),
        check_file(&dir.join("remediation_policies.json"), policies),
        check_file(&dir.join("security_noise.json"), noise),
        check_file(&dir.join("escalation_rules.json"), escalation),
        check_file(&dir.join("log_watch.json"), watch),
        check_file(&dir.join("watched_accounts.json"), accounts),
    ]
}

fn check_file(path: &Path, parse: impl Fn(&str) -> Result<(), String>) -> Checked {
    let result = std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"));
    Checked { file: path.display().to_string(), problem: result.and_then(|json| parse(&json)).err() }
}

fn describe(checked: &[Checked]) -> String {
    let rows = checked
        .iter()
        .map(|Checked { file, problem }| [file.clone(), problem.clone().unwrap_or_else(|| "can be used".to_owned())]);
    table(&["file", "verdict"], rows)
}

/// The schema files, made from the types that read the configuration.
fn schemas() -> anyhow::Result<Vec<(&'static str, String)>> {
    let text =
        |schema: schemars::Schema| Ok::<_, serde_json::Error>(format!("{}\n", serde_json::to_string_pretty(&schema)?));
    Ok(vec![
        ("alert_thresholds.schema.json", text(schemars::schema_for!(Catalogue))?),
        ("audit_log_schema.schema.json", text(schemars::schema_for!(Retention))?),
        ("log_signals.schema.json", text(schemars::schema_for!(SignalsDocument))?),
        ("maintenance_windows.schema.json", text(schemars::schema_for!(MaintenanceDocument))?),
        ("escalation_rules.schema.json", text(schemars::schema_for!(EscalationRules))?),
        ("log_watch.schema.json", text(schemars::schema_for!(LogWatchDocument))?),
        ("alert_routes.schema.json", text(schemars::schema_for!(RoutesDocument))?),
        ("security_noise.schema.json", text(schemars::schema_for!(Noise))?),
        ("products.schema.json", text(schemars::schema_for!(ProductsDocument))?),
        ("remediation_policies.schema.json", text(schemars::schema_for!(PoliciesDocument))?),
        ("watched_accounts.schema.json", text(schemars::schema_for!(WatchedAccountsDocument))?),
    ])
}

fn write_schemas(dir: &Path) -> anyhow::Result<Vec<String>> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    schemas()?
        .into_iter()
        .map(|(name, text)| {
            let path = dir.join(name);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path.display().to_string())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_dir() -> PathBuf {
        PathBuf::from("../config")
    }

    #[test]
    fn what_ships_can_be_used() {
        for file in check(&config_dir()) {
            assert_eq!(file.problem, None, "{}", file.file);
        }
    }

    #[test]
    fn the_committed_schemas_are_the_types_own() {
        // As values: the order of keys depends on serde_json's features, which tests share with their tools.
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        for (name, text) in schemas().unwrap() {
            let committed = std::fs::read_to_string(config_dir().join("schemas").join(name)).unwrap_or_default();
            let current = value(&committed) == value(&text);
            assert!(current, "{name} is out of date: nightjar config schema --write config/schemas");
        }
    }

    #[test]
    fn every_file_is_checked_whatever_is_wrong_with_the_first() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("log_signals.json"), r#"{"signals": [], "extra": 1}"#).unwrap();
        let problems: Vec<String> = check(dir.path()).into_iter().filter_map(|file| file.problem).collect();
        assert!(problems[0].starts_with("cannot be read: "), "{problems:?}");
        assert!(problems[1].contains("unknown field `extra`") && problems[1].contains("line 1"), "{problems:?}");
    }

    #[test]
    fn every_bad_pattern_is_named_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let signal = |name: &str, phrase: &str, pattern: &str| serde_json::json!({ "name": name, "phrases": [phrase], "pattern": pattern, "severity": "low", "why": "a test" });
        let document = serde_json::json!({
            "error_like": "a/b",
            "signals": [signal("open", "x", "("), signal("fine", "x", "x"), signal("all", " * ", "x")],
        });
        std::fs::write(dir.path().join("log_signals.json"), document.to_string()).unwrap();
        let problem = check(dir.path())[1].problem.clone().unwrap();
        for named in ["error_like: a slash", "signals[0] (open)", "signals[2] (all)"] {
            assert!(problem.contains(named), "{named}: {problem}");
        }
        assert!(!problem.contains("(fine)"), "{problem}");
    }

    #[test]
    fn schemas_are_written_where_they_are_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let written = write_schemas(&dir.path().join("schemas")).unwrap();
        assert_eq!(written.len(), schemas().unwrap().len());
        assert!(written.iter().all(|path| Path::new(path).is_file()), "{written:?}");
    }
}
