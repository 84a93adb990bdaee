//! `nightjar routes`: who would be told what, when, and why (not).

mod sample;
mod test;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nightjar_domain::routing::Routes;
use nightjar_domain::routing::tree::{GroupBy, Node};
use serde::Serialize;

use self::test::TestArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct RoutesArgs {
    #[command(subcommand)]
    command: RoutesCommand,
    /// Where alert_routes.json and products.json are.
    #[arg(long, default_value = "config", global = true)]
    config: PathBuf,
}

#[derive(Debug, clap::Subcommand)]
enum RoutesCommand {
    /// Check the routes, and show the tree. Exit status 1 if they cannot be used.
    Check,
    /// Send an alert through the tree: which route has it, who is told when, grouped how, and what holds it back. Nothing is
    /// sent.
    Test(Box<TestArgs>),
}

pub(super) fn run(args: &RoutesArgs, output: Output) -> anyhow::Result<Outcome> {
    let routes = read(&args.config)?;
    match &args.command {
        RoutesCommand::Check => {
            let rows = rows(&routes);
            output.print(&rows, |rows| describe(rows))?;
        }
        RoutesCommand::Test(args) => {
            let verdict = test::test(args, &routes)?;
            output.print(&verdict, test::Verdict::describe)?;
        }
    }
    Ok(Outcome::Fine)
}

/// Reads both documents below `dir`.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Routes> {
    let text = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    Ok(Routes::parse(&text("alert_routes.json")?, &text("products.json")?)?)
}

/// One node of the tree, as it works after inheritance.
#[derive(Debug, Serialize)]
struct Row {
    route: String,
    receiver: String,
    group_by: String,
    group_wait: String,
    group_interval: String,
    repeat_interval: String,
    #[serde(rename = "continue")]
    continues: bool,
}

fn rows(routes: &Routes) -> Vec<Row> {
    let mut rows = Vec::new();
    collect(&routes.root, &mut rows);
    rows
}

fn collect(node: &Node, rows: &mut Vec<Row>) {
    let settings = &node.settings;
    rows.push(Row {
        route: node.path.clone(),
        receiver: settings.receiver.clone(),
        group_by: group_by(&settings.group_by),
        group_wait: settings.group_wait.to_string(),
        group_interval: settings.group_interval.to_string(),
        repeat_interval: settings.repeat_interval.to_string(),
        continues: node.continues,
    });
    for below in &node.routes {
        collect(below, rows);
    }
}

pub(super) fn group_by(group_by: &GroupBy) -> String {
    match group_by {
        GroupBy::Everything => "every label".to_owned(),
        GroupBy::Labels(names) if names.is_empty() => "(one group)".to_owned(),
        GroupBy::Labels(names) => names.join(", "),
    }
}

fn describe(rows: &[Row]) -> String {
    let rows = rows.iter().map(|row| {
        let goes_on = if row.continues { "yes" } else { "" };
        [&row.route, &row.receiver, &row.group_by, &row.group_wait, &row.group_interval, &row.repeat_interval]
            .map(Clone::clone)
            .into_iter()
            .chain([goes_on.to_owned()])
            .collect::<Vec<_>>()
    });
    let header = ["route", "receiver", "group by", "wait", "interval", "repeat", "continue"];
    format!("The routes can be used.\n{}", table(&header, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_routes_that_ship_are_shown() {
        let routes = read(Path::new("../config")).unwrap();
        let rows = rows(&routes);
        assert_eq!((rows.len(), rows[0].route.as_str(), rows[0].receiver.as_str()), (1, "root", "default"));
        assert!(describe(&rows).contains("incident, kind"));
    }
}
