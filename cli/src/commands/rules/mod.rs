//! `nightjar rules`: Sigma rules on CloudTrail events.

mod check;
mod files;
mod list;
mod test;

use std::path::PathBuf;

use nightjar_security::rules::{RuleFile, RuleProblem};
use nightjar_security::{RuleSet, coverage};

use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Subcommand)]
pub enum RulesCommand {
    /// Load rules, and run the example events beside each of them. Exit status 1 if anything is wrong.
    Check(check::CheckArgs),
    /// List rules with level and tactics.
    List(list::ListArgs),
    /// Print which technique which rule looks for, with an example of each, as Markdown: docs/security-coverage.md.
    Coverage {
        /// The folder with the rules.
        #[arg(default_value = "config/security_rules")]
        dir: PathBuf,
    },
    /// Run rules over CloudTrail events: one line of JSON per match. Exit status 1 if something could not be read.
    Test(test::TestArgs),
}

/// Which rules.
#[derive(Debug, clap::Args)]
struct Chosen {
    /// A folder of Sigma rules (.yml, .yaml), searched recursively, or one such file. They take the place of the
    /// rules that come with Nightjar.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// With --rules: use the rules that come with Nightjar as well; a rule with the same id replaces theirs.
    #[arg(long, requires = "rules")]
    bundled: bool,
}

impl Chosen {
    /// The rules, with what could not be read or loaded told on standard error.
    fn load(&self) -> (RuleSet, Vec<RuleProblem>) {
        let (mut chosen, mut problems) = (Vec::new(), Vec::new());
        if self.bundled || self.rules.is_empty() {
            chosen.extend(RuleSet::bundled_files());
        }
        for path in &self.rules {
            for file in files::below(path, files::is_rule) {
                match file.and_then(|file| files::text(&file)) {
                    Ok((name, text)) => chosen.push(RuleFile { name, text }),
                    Err(unreadable) => {
                        problems.push(RuleProblem { file: unreadable.path, rule: None, reason: unreadable.reason });
                    }
                }
            }
        }
        let set = RuleSet::load(chosen);
        problems.extend_from_slice(set.problems());
        (set, problems)
    }
}

pub(super) fn run(command: &RulesCommand, output: Output) -> anyhow::Result<Outcome> {
    match command {
        RulesCommand::Check(args) => check::run(args, output),
        RulesCommand::List(args) => list::run(args, output),
        RulesCommand::Coverage { dir } => {
            let (mut rules, mut unreadable) = (Vec::new(), Vec::new());
            for file in files::below(dir, files::is_rule) {
                match file.and_then(|file| files::text(&file)) {
                    Ok((name, text)) => {
                        let name = name.strip_prefix(&format!("{}/", dir.display())).unwrap_or(&name).to_owned();
                        rules.push(RuleFile { name, text });
                    }
                    Err(error) => unreadable.push(format!("{}: {}", error.path, error.reason)),
                }
            }
            anyhow::ensure!(unreadable.is_empty(), "{}", unreadable.join("; "));
            let examples = |name: &str| std::fs::read_to_string(dir.join(name).with_extension("tests.yml")).ok();
            output.print(&coverage::page(&rules, examples), Clone::clone)?;
            Ok(Outcome::Fine)
        }
        RulesCommand::Test(args) => test::run(args),
    }
}
