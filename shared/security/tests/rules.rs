//! The rules that ship: every one of them does what the examples beside it claim.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::PathBuf;

use nightjar_security::rules::RuleFile;
use nightjar_security::{Level, RuleSet, cases, coverage};

fn folder() -> PathBuf {
    PathBuf::from("../../config/security_rules")
}

#[test]
fn every_rule_does_what_its_examples_claim() {
    let mut failures = Vec::new();
    for RuleFile { name, text } in RuleSet::bundled_files() {
        let examples = std::fs::read_to_string(folder().join(&name).with_extension("tests.yml")).ok();
        failures.extend(cases::check(&RuleFile { name, text }, examples.as_deref()).iter().map(ToString::to_string));
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn all_of_them_load_together() {
    let set = RuleSet::bundled();
    assert_eq!(set.problems(), []);
    assert!(set.infos().iter().filter(|info| info.level >= Level::Medium).count() >= 80);
}

/// A rule about one laboratory would look good in a measurement and find nobody.
#[test]
fn no_rule_keys_on_a_name_of_somebody() {
    for file in RuleSet::bundled_files() {
        let text = file.text.to_lowercase();
        for word in ["stratus", "red-team", "redteam", "malicious", "christophe", "datadog"] {
            assert!(!text.contains(word), "{} names {word}", file.name);
        }
    }
}

#[test]
fn the_coverage_page_is_up_to_date() {
    let examples = |name: &str| std::fs::read_to_string(folder().join(name).with_extension("tests.yml")).ok();
    let page = coverage::page(&RuleSet::bundled_files(), examples);
    let committed = std::fs::read_to_string("../../docs/security-coverage.md").unwrap_or_default();
    let current = committed.trim_end() == page.trim_end();
    assert!(current, "run: nightjar rules coverage > docs/security-coverage.md");
}
