//! Whether an incident is worth waking somebody, and how severe it is: the rules of `config/escalation_rules.json`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::anomaly::{Anomaly, FoundBy};
use crate::diagnosis::{BlastRadius, Finding, UNKNOWN};
use crate::severity::Severity;

/// The decision, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Escalation {
    Escalated { because: String },
    Recorded { because: String },
}

impl Escalation {
    pub fn is_escalated(&self) -> bool {
        matches!(self, Self::Escalated { .. })
    }

    pub fn because(&self) -> &str {
        match self {
            Self::Escalated { because } | Self::Recorded { because } => because,
        }
    }
}

/// What the rules made of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub escalation: Escalation,
    pub severity: Severity,
}

/// The document `config/escalation_rules.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationRules {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Tags that tell how much depends on a resource; the first that it has counts.
    pub criticality_tags: Vec<String>,
    /// The first that fits decides. The last must fit everything.
    pub rules: Vec<EscalationRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationRule {
    pub name: String,
    pub when: Conditions,
    pub then: Outcome,
    pub why: String,
}

/// Everything given must hold; without any, everything fits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conditions {
    /// The anomaly's score, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_at_least: Option<f64>,
    /// The severity of the likeliest cause or of the worst line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_at_least: Option<Severity>,
    /// Kinds of cause, of which the likeliest is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// How sure the likeliest cause is, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence_at_least: Option<f64>,
    /// How far the trouble reaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blast_radius: Vec<Reach>,
    /// Values of the criticality tag, in either case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criticality: Vec<String>,
    /// Who noticed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found_by: Vec<FoundBy>,
    /// Such as `ec2:instance`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_types: Vec<String>,
}

/// How far the trouble reaches, without the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Unknown,
    Alone,
    Group,
    Everything,
}

impl From<&BlastRadius> for Reach {
    fn from(radius: &BlastRadius) -> Self {
        match radius {
            BlastRadius::Unknown => Self::Unknown,
            BlastRadius::Alone { .. } => Self::Alone,
            BlastRadius::Group { .. } => Self::Group,
            BlastRadius::Everything { .. } => Self::Everything,
        }
    }
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Whether people are told.
    pub escalate: bool,
    /// The incident is at least so severe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Severity>,
    /// The incident is at most so severe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Severity>,
}

/// What is wrong with the document.
#[derive(Debug, thiserror::Error)]
pub enum EscalationError {
    #[error("escalation_rules.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("escalation_rules.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

impl EscalationRules {
    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, EscalationError> {
        let rules: Self = serde_json::from_str(json)?;
        let problems = rules.problems();
        if problems.is_empty() { Ok(rules) } else { Err(EscalationError::Content(problems)) }
    }

    /// The rules that ship with Nightjar.
    pub fn bundled() -> Result<Self, EscalationError> {
        Self::parse(include_str!("../../../config/escalation_rules.json"))
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let at = format!("rules[{index}] ({})", rule.name);
            if rule.name.trim().is_empty() || !names.insert(&rule.name) {
                problems.push(format!("{at}: the name is empty or taken: a decision names its rule"));
            }
            let shares =
                [("score_at_least", rule.when.score_at_least), ("confidence_at_least", rule.when.confidence_at_least)];
            for (field, value) in shares {
                if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                    problems.push(format!("{at}: {field} is not between 0 and 1"));
                }
            }
            if !rule.when.criticality.is_empty() && self.criticality_tags.is_empty() {
                problems.push(format!("{at}: criticality can never hold, since criticality_tags is empty"));
            }
            if rule.then.at_least.zip(rule.then.at_most).is_some_and(|(least, most)| least > most) {
                problems.push(format!("{at}: at_least is above at_most"));
            }
            let last = index + 1 == self.rules.len();
            if rule.when == Conditions::default() && !last {
                problems.push(format!("{at}: it fits everything, so no rule after it ever decides"));
            }
            if last && rule.when != Conditions::default() {
                problems.push(format!("{at}: the last rule must fit everything (\"when\": {{}})"));
            }
        }
        if self.rules.is_empty() {
            problems.push("rules is empty: nothing would decide".to_owned());
        }
        problems
    }

    /// Decides by the first rule that fits. `tags` are the resource's.
    pub fn decide(&self, anomaly: &Anomaly, finding: &Finding, tags: &BTreeMap<String, String>) -> Decision {
        let criticality = self.criticality_tags.iter().find_map(|tag| tags.get(tag)).map(String::as_str);
        let fitting = self.rules.iter().find_map(|rule| Some((rule, rule.when.hold(anomaly, finding, criticality)?)));
        let worst = finding.severity().map_or(anomaly.severity, |found| found.max(anomaly.severity));
        // A checked document's last rule fits everything; for another, nothing is worth waking somebody.
        let Some((rule, facts)) = fitting else {
            let because = format!("no rule fits; {}", finding.summary);
            return Decision { escalation: Escalation::Recorded { because }, severity: worst };
        };
        let facts = if facts.is_empty() { short(&rule.why) } else { facts.join(", ") };
        let because = format!("{}: {facts}; {}", rule.name, finding.summary);
        let severity = rule.then.at_least.map_or(worst, |least| worst.max(least));
        let severity = rule.then.at_most.map_or(severity, |most| severity.min(most));
        let escalation =
            if rule.then.escalate { Escalation::Escalated { because } } else { Escalation::Recorded { because } };
        Decision { escalation, severity }
    }
}

impl Conditions {
    /// What made the conditions hold, in words; `None` where one does not.
    fn hold(&self, anomaly: &Anomaly, finding: &Finding, criticality: Option<&str>) -> Option<Vec<String>> {
        let mut facts = Vec::new();
        if let Some(least) = self.evidence_at_least {
            let severity = finding.severity().filter(|severity| *severity >= least)?;
            facts.push(format!("{severity} evidence"));
        }
        if let Some(least) = self.score_at_least {
            // Not a number is not at least anything.
            (anomaly.score >= least).then_some(())?;
            facts.push(format!("the score {:.3} is at least {least:.3}", anomaly.score));
        }
        let likeliest = finding.likeliest().filter(|cause| cause.kind != UNKNOWN);
        if !self.causes.is_empty() {
            let cause = likeliest.filter(|cause| self.causes.contains(&cause.kind))?;
            facts.push(format!("the likeliest cause is {}", cause.kind));
        }
        if let Some(least) = self.confidence_at_least {
            let cause = likeliest.filter(|cause| cause.confidence >= least)?;
            facts.push(format!("{:.0} % sure", cause.confidence * 100.0));
        }
        if !self.blast_radius.is_empty() {
            self.blast_radius.contains(&Reach::from(&finding.blast_radius)).then_some(())?;
            facts.push(finding.blast_radius.text());
        }
        if !self.criticality.is_empty() {
            let value =
                criticality.filter(|value| self.criticality.iter().any(|known| known.eq_ignore_ascii_case(value)))?;
            facts.push(format!("the resource is tagged {value}"));
        }
        if !self.found_by.is_empty() {
            self.found_by.contains(&anomaly.found_by()).then_some(())?;
            facts.push(format!("found by {}", anomaly.found_by()));
        }
        if !self.resource_types.is_empty() {
            self.resource_types.contains(&anomaly.resource.kind).then_some(())?;
            facts.push(format!("it is of type {}", anomaly.resource.kind));
        }
        Some(facts)
    }
}

fn short(why: &str) -> String {
    why.trim_end_matches('.').to_owned()
}
