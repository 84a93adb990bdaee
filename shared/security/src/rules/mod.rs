//! Sigma YAML to a rule set.

mod bundled;
mod level;
mod load;
mod scope;

use rsigma_parser::{CorrelationRule, FilterRule, SigmaRule};
use serde::Serialize;

pub use level::Level;

/// One file of rules: its name, for problems, and its text.
#[derive(Debug, Clone)]
pub struct RuleFile {
    pub name: String,
    pub text: String,
}

/// A rule, or a correlation, as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleInfo {
    /// The rule's `id`; its name or title where it has none.
    pub id: String,
    pub title: String,
    pub level: Level,
    pub tags: Vec<String>,
    /// Why the rule exists.
    pub description: String,
    pub falsepositives: Vec<String>,
    /// What to do first when it matches.
    pub response: String,
    pub file: String,
    /// `rule` or `correlation`.
    pub kind: &'static str,
    /// A rule that only feeds correlations makes no match of its own.
    pub feeds_only: bool,
    /// The `name` others refer to it by.
    pub name: Option<String>,
}

impl RuleInfo {
    /// The MITRE ATT&CK tactics of the tags, such as `privilege-escalation`.
    pub fn tactics(&self) -> Vec<&str> {
        tactics(&self.tags)
    }

    /// The ATT&CK techniques of the tags, such as `T1098.001`.
    pub fn techniques(&self) -> Vec<String> {
        let ids = self.tags.iter().filter_map(|tag| tag.strip_prefix("attack.t"));
        ids.filter(|id| id.starts_with(|first: char| first.is_ascii_digit())).map(|id| format!("T{id}")).collect()
    }
}

/// The tactics among ATT&CK tags, in their order.
pub fn tactics(tags: &[String]) -> Vec<&str> {
    let tactic = |tag: &str| !tag.starts_with(|first: char| matches!(first, 't' | 's' | 'g') && is_id(tag));
    tags.iter().filter_map(|tag| tag.strip_prefix("attack.")).filter(|tag| tactic(tag)).collect()
}

/// `t1098.001`, `s0677`, `g0016`: an id and no tactic.
fn is_id(tag: &str) -> bool {
    tag.get(1..2).is_some_and(|second| second.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A rule that does not load, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleProblem {
    pub file: String,
    /// The rule's title, where the file could be read that far.
    pub rule: Option<String>,
    pub reason: String,
}

impl std::fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{}: {rule:?}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

/// The rules that loaded, and those that did not.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    pub(crate) rules: Vec<SigmaRule>,
    pub(crate) correlations: Vec<CorrelationRule>,
    pub(crate) filters: Vec<FilterRule>,
    infos: Vec<RuleInfo>,
    problems: Vec<RuleProblem>,
}

impl RuleSet {
    /// The rules that come with Nightjar.
    pub fn bundled() -> Self {
        Self::load(Self::bundled_files())
    }

    /// The files of the rules that come with Nightjar.
    pub fn bundled_files() -> Vec<RuleFile> {
        bundled::RULES
            .iter()
            .map(|(name, text)| RuleFile { name: (*name).to_owned(), text: (*text).to_owned() })
            .collect()
    }

    /// Loads files in order; a rule replaces an earlier one with the same id. What does not load becomes a problem.
    pub fn load(files: impl IntoIterator<Item = RuleFile>) -> Self {
        load::load(files)
    }

    pub fn infos(&self) -> &[RuleInfo] {
        &self.infos
    }

    pub fn problems(&self) -> &[RuleProblem] {
        &self.problems
    }

    pub fn info(&self, id: &str) -> Option<&RuleInfo> {
        self.infos.iter().find(|info| info.id == id)
    }
}
