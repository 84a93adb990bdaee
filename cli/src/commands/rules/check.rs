//! `nightjar rules check`.

use std::path::{Path, PathBuf};

use nightjar_security::RuleSet;
use nightjar_security::cases;
use nightjar_security::rules::RuleFile;
use serde::Serialize;

use super::files;
use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The folder with the rules.
    #[arg(default_value = "config/security_rules")]
    dir: PathBuf,
    /// Only load the rules: for those of others, which come without example events.
    #[arg(long)]
    load_only: bool,
}

#[derive(Debug, Serialize)]
struct Checked {
    rules: usize,
    /// Files whose examples were run.
    examined: usize,
    problems: Vec<String>,
}

pub(super) fn run(args: &CheckArgs, output: Output) -> anyhow::Result<Outcome> {
    let checked = check(&args.dir, args.load_only);
    output.print(&checked, describe)?;
    Ok(Outcome::fine_if(checked.problems.is_empty()))
}

fn check(dir: &Path, load_only: bool) -> Checked {
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for file in files::below(dir, files::is_rule) {
        match file.and_then(|file| Ok((files::text(&file)?, file))) {
            Ok(((name, text), path)) => rules.push((RuleFile { name, text }, path)),
            Err(unreadable) => problems.push(format!("{}: {}", unreadable.path, unreadable.reason)),
        }
    }
    let mut examined = 0;
    if !load_only {
        for (rule, path) in &rules {
            let examples = std::fs::read_to_string(path.with_extension("tests.yml")).ok();
            problems.extend(cases::check(rule, examples.as_deref()).iter().map(ToString::to_string));
            examined += 1;
        }
    }
    // Together as well: a correlation may refer to another file, and two files may claim one id.
    let set = RuleSet::load(rules.into_iter().map(|(rule, _)| rule));
    for problem in set.problems().iter().map(ToString::to_string) {
        if !problems.iter().any(|known| known.contains(&problem)) {
            problems.push(problem);
        }
    }
    if set.infos().is_empty() && problems.is_empty() {
        problems.push(format!("{}: holds no rule", dir.display()));
    }
    Checked { rules: set.infos().len(), examined, problems }
}

fn describe(checked: &Checked) -> String {
    let Checked { rules, examined, problems } = checked;
    let verdict = match problems.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    let summary = format!("{rules} rules loaded, the examples of {examined} files run: {verdict}");
    problems.iter().map(String::as_str).chain([summary.as_str()]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_ship_do_what_their_examples_claim() {
        let dir = Path::new("../config/security_rules");
        let checked = check(dir, false);
        assert_eq!(checked.problems, Vec::<String>::new());
        assert!(checked.examined > 0);
    }

    #[test]
    fn a_rule_without_examples_or_that_does_not_load_is_named_and_the_rest_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let rule = |condition: &str| {
            format!(
                "title: T {condition}\nlogsource: {{product: aws}}\ndetection:\n  a: {{eventName: X}}\n  condition: {condition}\nlevel: low\n"
            )
        };
        std::fs::write(dir.path().join("bad.yml"), rule("nowhere")).unwrap();
        std::fs::write(dir.path().join("good.yml"), rule("a")).unwrap();
        std::fs::write(dir.path().join("worse.yml"), "title: [").unwrap();
        let checked = check(dir.path(), true);
        assert_eq!((checked.rules, checked.problems.len()), (1, 2), "{:?}", checked.problems);
        assert!(checked.problems[0].contains("bad.yml") && checked.problems[1].contains("worse.yml"));
        assert!(check(dir.path(), false).problems.iter().any(|problem| problem.contains("no example events")));
    }

    #[test]
    fn a_folder_without_rules_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(check(dir.path(), true).problems.len(), 1);
        assert_eq!(check(&dir.path().join("absent"), true).problems.len(), 1);
    }
}
