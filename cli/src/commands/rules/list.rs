//! `nightjar rules list`.

use nightjar_security::rules::RuleInfo;
use serde::Serialize;

use super::Chosen;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    chosen: Chosen,
}

#[derive(Debug, Serialize)]
struct Listed {
    rules: Vec<RuleInfo>,
    problems: Vec<String>,
}

pub(super) fn run(args: &ListArgs, output: Output) -> anyhow::Result<Outcome> {
    let (set, problems) = args.chosen.load();
    let mut rules: Vec<RuleInfo> = set.infos().iter().filter(|info| !info.feeds_only).cloned().collect();
    rules.sort_by(|a, b| (b.level, &a.title).cmp(&(a.level, &b.title)));
    let listed = Listed { rules, problems: problems.iter().map(ToString::to_string).collect() };
    output.print(&listed, describe)?;
    Ok(Outcome::fine_if(listed.problems.is_empty()))
}

fn describe(listed: &Listed) -> String {
    let rows = listed.rules.iter().map(|rule| {
        [
            rule.level.to_string(),
            rule.title.clone(),
            rule.tactics().join(", "),
            rule.techniques().join(", "),
            rule.id.clone(),
        ]
    });
    let mut text = table(&["level", "title", "tactics", "techniques", "id"], rows);
    for problem in &listed.problems {
        text.push('\n');
        text.push_str(problem);
    }
    text
}
