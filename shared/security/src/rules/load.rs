//! Loading, rule by rule, so that one mistake costs one rule.

use std::collections::{BTreeSet, HashMap};

use rsigma_eval::compile_rule;
use rsigma_eval::correlation::compile_correlation;
use rsigma_parser::{
    ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, FilterRuleTarget, LogSource, SigmaRule,
    parse_sigma_yaml,
};
use yaml_serde::Value;

use super::{Level, RuleFile, RuleInfo, RuleProblem, RuleSet};

/// Longest rule file. The largest of the community's rules has a few dozen KB.
const MAX_FILE_BYTES: usize = 1 << 20;
/// Most rules a set may hold.
const MAX_RULES: usize = 10_000;
/// Longest window of a correlation: state is kept for that long.
const MAX_TIMESPAN_SECONDS: u64 = 24 * 3600;

pub(super) fn load(files: impl IntoIterator<Item = RuleFile>) -> RuleSet {
    let mut loading = Loading::default();
    files.into_iter().for_each(|file| loading.file(&file));
    loading.finish()
}

#[derive(Default)]
struct Loading {
    set: RuleSet,
    rule_files: Vec<String>,
    correlation_files: Vec<String>,
}

impl Loading {
    fn problem(&mut self, file: &str, rule: Option<&str>, reason: impl Into<String>) {
        let reason = reason.into();
        self.set.problems.push(RuleProblem { file: file.to_owned(), rule: rule.map(str::to_owned), reason });
    }

    fn file(&mut self, file: &RuleFile) {
        if file.text.len() > MAX_FILE_BYTES {
            return self.problem(&file.name, None, format!("is larger than {MAX_FILE_BYTES} bytes; split it"));
        }
        let parsed = match parse_sigma_yaml(&file.text) {
            Ok(parsed) => parsed,
            Err(error) => return self.problem(&file.name, None, error.to_string()),
        };
        for error in &parsed.errors {
            self.problem(&file.name, None, error.clone());
        }
        if parsed.is_empty() && parsed.errors.is_empty() {
            self.problem(&file.name, None, "holds no rule: a Sigma rule has title, logsource and detection");
        }
        for rule in parsed.rules {
            self.rule(&file.name, rule);
        }
        for correlation in parsed.correlations {
            self.correlation(&file.name, correlation);
        }
        for filter in parsed.filters {
            self.set.filters.push(filter);
        }
    }

    fn rule(&mut self, file: &str, mut rule: SigmaRule) {
        let title = rule.title.clone();
        if let Some(reason) = foreign(&rule.logsource).or_else(|| unsupported(rule.sigma_version)) {
            return self.problem(file, Some(&title), reason);
        }
        if let Err(error) = compile_rule(&rule) {
            return self.problem(file, Some(&title), error.to_string());
        }
        let id = rule.id.get_or_insert_with(|| rule.name.clone().unwrap_or(title.clone())).clone();
        match self.set.rules.iter().position(|other| other.id.as_ref() == Some(&id)) {
            Some(index) if self.rule_files[index] == file => {
                self.problem(file, Some(&title), format!("the id {id} is taken by another rule of this file"));
            }
            Some(index) => {
                self.set.rules[index] = rule;
                file.clone_into(&mut self.rule_files[index]);
            }
            None if self.set.rules.len() >= MAX_RULES => {
                self.problem(file, Some(&title), format!("is one too many: at most {MAX_RULES} rules are loaded"));
            }
            None => {
                self.set.rules.push(rule);
                self.rule_files.push(file.to_owned());
            }
        }
    }

    fn correlation(&mut self, file: &str, mut correlation: CorrelationRule) {
        let title = correlation.title.clone();
        if let Some(reason) = unsupported(correlation.sigma_version) {
            return self.problem(file, Some(&title), reason);
        }
        if correlation.timespan.seconds > MAX_TIMESPAN_SECONDS {
            return self.problem(
                file,
                Some(&title),
                "its timespan is longer than 24 hours, for which no state is kept",
            );
        }
        if let Err(error) = compile_correlation(&correlation) {
            return self.problem(file, Some(&title), error.to_string());
        }
        all_of_temporal(&mut correlation);
        let id = correlation.id.get_or_insert_with(|| correlation.name.clone().unwrap_or(title)).clone();
        let known = self.set.correlations.iter().position(|other| other.id.as_ref() == Some(&id));
        if let Some(index) = known {
            self.set.correlations[index] = correlation;
            file.clone_into(&mut self.correlation_files[index]);
        } else {
            self.set.correlations.push(correlation);
            self.correlation_files.push(file.to_owned());
        }
    }

    fn finish(mut self) -> RuleSet {
        self.resolve();
        self.check_filters();
        let feeds = feeds_only(&self.set.correlations);
        let mut infos = Vec::new();
        for (rule, file) in self.set.rules.iter().zip(&self.rule_files) {
            let id = rule.id.clone().unwrap_or_default();
            let feeds_only =
                feeds.contains(id.as_str()) || rule.name.as_deref().is_some_and(|name| feeds.contains(name));
            infos.push(RuleInfo {
                id,
                title: rule.title.clone(),
                level: rule.level.into(),
                tags: rule.tags.clone(),
                description: rule.description.clone().unwrap_or_default(),
                falsepositives: rule.falsepositives.clone(),
                response: attribute(&rule.custom_attributes, "response"),
                file: file.clone(),
                kind: "rule",
                feeds_only,
                name: rule.name.clone(),
            });
        }
        for (rule, file) in self.set.correlations.iter().zip(&self.correlation_files) {
            infos.push(RuleInfo {
                id: rule.id.clone().unwrap_or_default(),
                title: rule.title.clone(),
                level: Level::from(rule.level),
                tags: rule.tags.clone(),
                description: rule.description.clone().unwrap_or_default(),
                falsepositives: rule.falsepositives.clone(),
                response: attribute(&rule.custom_attributes, "response"),
                file: file.clone(),
                kind: "correlation",
                feeds_only: false,
                name: rule.name.clone(),
            });
        }
        self.set.infos = infos;
        self.set
    }

    /// Keeps the correlations whose references lead to rules that loaded; a circle never does.
    fn resolve(&mut self) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for rule in &self.set.rules {
            known.extend(rule.id.clone());
            known.extend(rule.name.clone());
        }
        let mut waiting: Vec<(CorrelationRule, String)> = std::mem::take(&mut self.set.correlations)
            .into_iter()
            .zip(std::mem::take(&mut self.correlation_files))
            .collect();
        loop {
            let (ready, rest): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(rule, _)| rule.rules.iter().all(|name| known.contains(name)));
            waiting = rest;
            if ready.is_empty() {
                break;
            }
            for (rule, file) in ready {
                known.extend(rule.id.clone());
                known.extend(rule.name.clone());
                self.set.correlations.push(rule);
                self.correlation_files.push(file);
            }
        }
        for (rule, file) in waiting {
            let missing: Vec<&str> =
                rule.rules.iter().filter(|name| !known.contains(*name)).map(String::as_str).collect();
            let reason = format!("refers to {}, which did not load or leads back to this rule", missing.join(", "));
            self.problem(&file, Some(&rule.title), reason);
        }
    }

    /// A filter that names a rule which is not there would stop the engine from loading the others.
    fn check_filters(&mut self) {
        let known = |name: &str| {
            self.set.rules.iter().any(|rule| rule.id.as_deref() == Some(name) || rule.name.as_deref() == Some(name))
        };
        let (good, bad): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.set.filters).into_iter().partition(|filter| match &filter.rules {
                FilterRuleTarget::Any => true,
                FilterRuleTarget::Specific(names) => names.iter().all(|name| known(name)),
            });
        self.set.filters = good;
        for filter in bad {
            self.problem("filter", Some(&filter.title), "names a rule that did not load");
        }
    }
}

/// The specification has `temporal` match when every rule of it did; the engine takes a missing condition as one of them.
fn all_of_temporal(correlation: &mut CorrelationRule) {
    let temporal = matches!(correlation.correlation_type, CorrelationType::Temporal | CorrelationType::TemporalOrdered);
    if let CorrelationCondition::Threshold { predicates, .. } = &mut correlation.condition
        && temporal
        && predicates.as_slice() == [(ConditionOperator::Gte, 1)]
    {
        *predicates = vec![(ConditionOperator::Gte, correlation.rules.len() as u64)];
    }
}

/// Rules that make no match of their own, because a correlation over them does not ask for it with `generate: true`.
fn feeds_only(correlations: &[CorrelationRule]) -> BTreeSet<&str> {
    correlations.iter().filter(|rule| !rule.generate).flat_map(|rule| rule.rules.iter().map(String::as_str)).collect()
}

/// Why a rule can never match a CloudTrail event.
fn foreign(source: &LogSource) -> Option<String> {
    let differs =
        |value: &Option<String>, own: &str| value.as_deref().is_some_and(|value| !value.eq_ignore_ascii_case(own));
    (differs(&source.product, "aws") || differs(&source.service, "cloudtrail")).then(|| {
        let named: Vec<&str> = [&source.product, &source.service].into_iter().filter_map(Option::as_deref).collect();
        format!(
            "is for the logs of {}, and only CloudTrail is read (product: aws, service: cloudtrail)",
            named.join("/")
        )
    })
}

fn unsupported(version: Option<u32>) -> Option<String> {
    rsigma_parser::version::is_unsupported(version).then(|| {
        format!("wants version {} of the Sigma specification, which is not known here", version.unwrap_or_default())
    })
}

fn attribute(attributes: &HashMap<String, Value>, key: &str) -> String {
    attributes.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}
