//! Which ATT&CK technique which rule looks for, with an example of each: a Markdown page made from the rules themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cases::Cases;
use crate::rules::{RuleFile, RuleInfo, RuleSet};

/// What the rules do not find, said plainly. Kept here so that the page cannot be made without it.
const NOT_COVERED: [(&str, &str); 12] = [
    (
        "T1530 reading of objects",
        "needs S3 data events, which cost extra and are off by default; deletions and re-encryption are covered where data events are on",
    ),
    ("T1048 exfiltration over the network", "is in flow logs, not in CloudTrail"),
    ("T1496 mining on instances that exist", "is CPU, not an API call: the anomaly detector's part"),
    ("T1525 poisoned images and packages", "only who pushed is seen, never what"),
    ("T1059 what a command or session did", "CloudTrail hides the parameters; session logs hold them"),
    ("T1110 guessing of passwords outside the console", "SSH, RDP and databases do not log to CloudTrail"),
    ("T1078 a stolen session used like its owner", "same network, same calls: nothing differs"),
    ("T1556 single sign-on at the identity provider", "happens in the provider's own log"),
    ("T1190 attacks on applications", "are in the application's log and the web firewall's"),
    ("T1098.006 roles inside Kubernetes", "are in the cluster's audit log"),
    ("Impossible travel", "addresses carry no place; several networks within an hour are looked for instead"),
    (
        "Habits that are taken over",
        "two counting rules leave out what a principal did on three earlier days; who steals just that principal, and does just that, is not told apart by them",
    ),
];

/// The page for `rules`, with the example files that `examples` finds by the rule file's name.
pub fn page(rules: &[RuleFile], examples: impl Fn(&str) -> Option<String>) -> String {
    let set = RuleSet::load(rules.iter().cloned());
    let mut by_technique: BTreeMap<(String, String), Vec<(&RuleInfo, String)>> = BTreeMap::new();
    let mut counted = BTreeMap::new();
    for info in set.infos().iter().filter(|info| !info.feeds_only) {
        let tactic = info.tactics().first().copied().unwrap_or("none").to_owned();
        *counted.entry(tactic.clone()).or_insert(0_usize) += 1;
        let example = examples(&info.file).and_then(|text| Cases::parse(&text).ok()).and_then(|cases| {
            cases
                .positive
                .iter()
                .find(|case| case.rule.as_ref().is_none_or(|rule| *rule == info.title))
                .map(|case| case.name.clone())
        });
        for technique in info.techniques() {
            by_technique
                .entry((tactic.clone(), technique))
                .or_default()
                .push((info, example.clone().unwrap_or_default()));
        }
    }
    let mut page = String::from(
        "# What the security rules cover\n\nMade from the rules by `nightjar rules coverage`; a test checks that it is up to date. How the rules are written and \
         measured is in [security-rules.md](security-rules.md).\n\n| tactic | rules |\n|---|---|\n",
    );
    let rows = counted.iter().map(|(tactic, rules)| format!("| {tactic} | {rules} |\n"));
    page.extend(rows);
    page.push_str("\n## Technique, rule, example\n\n| tactic | technique | rule | level | an event that matches |\n|---|---|---|---|---|\n");
    for ((tactic, technique), rules) in &by_technique {
        for (info, example) in rules {
            let link = technique.replace('.', "/");
            let _ = writeln!(
                page,
                "| {tactic} | [{technique}](https://attack.mitre.org/techniques/{link}/) | [{}](../config/security_rules/{}) | {} | {example} |",
                info.title, info.file, info.level
            );
        }
    }
    page.push_str("\n## Not covered\n\n| what | why |\n|---|---|\n");
    page.extend(NOT_COVERED.iter().map(|(what, why)| format!("| {what} | {why} |\n")));
    page
}
