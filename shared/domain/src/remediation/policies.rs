//! Which incident gets which runbook, and within which limits: `config/remediation_policies.json`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::subject::IAM_USER;
use super::{Action, DeclineReason, InstanceState, Mode, subject};
use crate::accounts::Scope;
use crate::incident::Incident;
use crate::maintenance::MaintenanceWindows;
use crate::resource::ResourceRef;
use crate::severity::Severity;

/// What the deployment decides, beside the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    pub mode: Mode,
    /// The most that may happen about an attack; `approve` unless somebody says otherwise.
    #[serde(default = "approve")]
    pub security_mode: Mode,
    /// The tag key whose value permits an action; [`Action::consents`] lists the values.
    pub opt_in_tag: String,
    /// A resource with this tag key is never touched, whatever its value.
    pub protected_tag: String,
    /// Instances with the same value of this tag are one product.
    pub product_tag: String,
    /// After a run, how long the resource is left alone.
    pub cooldown: SignedDuration,
    /// How old the anomaly may be: a message that comes out of a dead-letter queue days later must not reboot
    /// a machine that has long been well.
    pub max_incident_age: SignedDuration,
    /// An instance launched less than this ago is left to its start-up.
    pub min_instance_age: SignedDuration,
    /// The account and region whose resources may be acted upon; `None` where nobody says, as in a rehearsal from files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Scope>,
}

impl Bounds {
    /// Why nothing is done about a resource that is elsewhere: the same id may mean another machine here. Users belong to an account
    /// and to no region.
    pub fn elsewhere(&self, subject: &ResourceRef) -> Option<DeclineReason> {
        let home = self.home.as_ref()?;
        let near = subject.account == home.account && (subject.region == home.region || subject.kind == IAM_USER);
        (!near).then(|| DeclineReason::Elsewhere { resource: Scope::of(subject), home: home.clone() })
    }
}

/// The rules of remediation.
#[derive(Debug, Clone, PartialEq)]
pub struct Policies {
    pub bounds: Bounds,
    pub document: PoliciesDocument,
    /// When people are at work on resources.
    pub maintenance: MaintenanceWindows,
}

/// The document `config/remediation_policies.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoliciesDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub limits: Limits,
    /// Times in which nothing is changed.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
    /// The documents of Systems Manager that a step may run; no others, and with no other parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<AllowedDocument>,
    /// Names of IAM users whose keys are never made inactive: the way in when all else is locked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub break_glass: Vec<String>,
    /// Tried in order: the first that matches decides.
    pub policies: Vec<Policy>,
}

/// A document of Systems Manager that may be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedDocument {
    pub name: String,
    /// The values that each parameter may have.
    #[serde(default)]
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// Bounds on how much is done at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// 0 to 1. What the likeliest cause must reach; an incident without a known cause has 0.
    pub min_confidence: f64,
    /// Steps that are carried out within an hour, over all resources. 1 to 1000.
    pub per_hour: u32,
    /// 1 to 100. Share of a product's running instances that may be under repair at once; one is always allowed.
    pub product_percent: u32,
    /// After so many failures in a row a policy switches itself off. 1 to 100.
    pub breaker_failures: u32,
    /// Minutes after which a policy that switched itself off comes back, unless a person does it before. 1 to 10080.
    pub breaker_minutes: u32,
    /// Minutes within which an approval must be given. 1 to 1440.
    pub approval_minutes: u32,
    /// Approvals that may wait at once. 1 to 200.
    pub waiting: u32,
}

/// A time in which nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    pub name: String,
    pub from: Timestamp,
    pub until: Timestamp,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// Every condition that is given must hold.
    #[serde(rename = "match", default)]
    pub matches: Matcher,
    /// Carried out in order, each only if the one before did not heal.
    pub runbook: Vec<Step>,
    /// Lowers the deployment's mode for this policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Why this is right, for whoever is asked to approve it.
    pub why: String,
}

/// Conditions on an incident and its resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// For incidents of kind security, and no others. Without it, for all others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub security: bool,
    /// Such as `ec2:instance`. For an attack, of what is acted on: `ec2:instance` or `iam:user`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_types: Vec<String>,
    /// The likeliest cause is one of these, such as `memory_exhaustion`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// Names of metrics, such as `CPUUtilization`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// 0 to 1, of the likeliest cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f64>,
    /// Tags of the resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Products, by the value of the product tag.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
}

/// One step of a runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub action: Action,
    /// Minutes before its effect is judged. 0 to 240.
    #[serde(default = "ten")]
    pub settle_minutes: u32,
    /// For `isolate`: the security group of the quarantine, in the instance's VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_group: Option<String>,
    /// For `ssm_document`: its name, one of `documents`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// For `ssm_document`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Vec<String>>,
}

impl From<Action> for Step {
    /// The step that only needs a name.
    fn from(action: Action) -> Self {
        Self { action, settle_minutes: ten(), security_group: None, document: None, parameters: BTreeMap::new() }
    }
}

fn approve() -> Mode {
    Mode::Approve
}

fn ten() -> u32 {
    10
}

/// What is wrong with the document, all at once.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    #[error("remediation_policies.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("remediation_policies.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

/// How sure the diagnosis is of its likeliest cause, 0 to 1; 0 where it knows none. That it is sure to know none counts for nothing.
pub(super) fn confidence(incident: &Incident) -> f64 {
    incident.finding.likeliest().map_or(0.0, |cause| cause.confidence)
}

impl Policies {
    /// How far `policy` may go with `incident`: as far as the deployment, the policy itself and, for an attack, the setting
    /// for attacks allow.
    pub fn mode_for(&self, incident: &Incident, policy: &Policy) -> Mode {
        let bounds = if incident.security.is_some() {
            self.bounds.mode.min(self.bounds.security_mode)
        } else {
            self.bounds.mode
        };
        policy.mode.map_or(bounds, |own| own.min(bounds))
    }
}

impl PoliciesDocument {
    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, PoliciesError> {
        let document: Self = serde_json::from_str(json)?;
        let problems = document.problems();
        if problems.is_empty() { Ok(document) } else { Err(PoliciesError::Content(problems)) }
    }

    /// Whether any runbook holds such a step.
    pub fn may(&self, wanted: impl Fn(Action) -> bool) -> bool {
        self.policies.iter().flat_map(|policy| &policy.runbook).any(|step| wanted(step.action))
    }

    /// The policies that ship with Nightjar.
    pub fn bundled() -> Result<Self, PoliciesError> {
        Self::parse(include_str!("../../../../config/remediation_policies.json"))
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.limits.problems();
        for freeze in self.freezes.iter().filter(|freeze| freeze.until <= freeze.from) {
            problems.push(format!("freezes ({}): until is not after from", freeze.name));
        }
        let mut seen = BTreeSet::new();
        for (index, policy) in self.policies.iter().enumerate() {
            let at = format!("policies[{index}] ({})", policy.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if policy.name.is_empty() || !policy.name.chars().all(plain) {
                problems.push(format!("{at}: a name is made of lower-case letters, digits and hyphens"));
            }
            if !seen.insert(&policy.name) {
                problems.push(format!("{at}: the name is used twice"));
            }
            if policy.matches.min_confidence.is_some_and(|c| !(0.0..=1.0).contains(&c)) {
                problems.push(format!("{at}: min_confidence lies between 0 and 1"));
            }
            problems
                .extend(policy.runbook_problems(&self.documents).into_iter().map(|problem| format!("{at}: {problem}")));
        }
        problems
    }
}

impl Limits {
    fn problems(&self) -> Vec<String> {
        let counts = [
            ("per_hour", self.per_hour, 1000),
            ("product_percent", self.product_percent, 100),
            ("breaker_failures", self.breaker_failures, 100),
            ("breaker_minutes", self.breaker_minutes, 10_080),
            ("approval_minutes", self.approval_minutes, 1440),
            ("waiting", self.waiting, 200),
        ];
        let mut problems: Vec<String> = counts
            .into_iter()
            .filter(|(_, value, most)| *value == 0 || value > most)
            .map(|(name, _, most)| format!("limits.{name} lies between 1 and {most}"))
            .collect();
        if !(0.0..=1.0).contains(&self.min_confidence) {
            problems.push("limits.min_confidence lies between 0 and 1".to_owned());
        }
        problems
    }
}

impl Policy {
    /// Whether the policy is meant for this incident.
    pub fn is_for(&self, incident: &Incident, instance: Option<&InstanceState>, product_tag: &str) -> bool {
        let matcher = &self.matches;
        let listed = |list: &[String], text: &str| list.is_empty() || list.iter().any(|entry| entry == text);
        let cause = incident.finding.causes.first().map_or("", |cause| cause.kind.as_str());
        let tag = |key: &str| instance.and_then(|instance| instance.tags.get(key)).map_or("", String::as_str);
        matcher.security == incident.security.is_some()
            && listed(&matcher.resource_types, &subject(incident).kind)
            && listed(&matcher.causes, cause)
            && listed(&matcher.metrics, &incident.anomaly.metric.name)
            && matcher.min_severity.is_none_or(|least| incident.severity >= least)
            && matcher.min_confidence.is_none_or(|least| confidence(incident) >= least)
            && matcher.tags.iter().all(|(key, value)| tag(key) == value)
            && listed(&matcher.products, tag(product_tag))
    }

    fn runbook_problems(&self, documents: &[AllowedDocument]) -> Vec<String> {
        let mut problems = Vec::new();
        if self.runbook.is_empty() {
            problems.push("the runbook is empty; say notify_only where nothing is to be done".to_owned());
        }
        if self.runbook.iter().any(|step| step.action.is_on_user())
            && self.runbook.iter().any(|step| step.action == Action::Isolate)
        {
            problems
                .push("isolate is about an instance and disable_access_key about a user: a policy for each".to_owned());
        }
        for (index, step) in self.runbook.iter().enumerate() {
            let at = format!("runbook[{index}] ({})", step.action.as_str());
            if self.matches.security && !step.action.answers_attacks() {
                problems.push(format!(
                    "{at}: an attack is answered with snapshot_first, isolate, disable_access_key or notify_only"
                ));
            }
            if !self.matches.security && step.action.is_on_user() {
                problems.push(format!("{at}: only a policy for attacks (match.security) may do that"));
            }
            let (action, rest) = (step.action, &self.runbook[index + 1..]);
            if step.settle_minutes > 240 {
                problems.push(format!("{at}: settle_minutes lies between 0 and 240"));
            }
            if action == Action::NotifyOnly && !rest.is_empty() {
                problems.push(format!("{at}: nothing follows notify_only: it hands over to people"));
            }
            if action == Action::SnapshotFirst && rest.is_empty() {
                problems.push(format!("{at}: it heals nothing: a step follows it"));
            }
            if action.ends_the_runbook() && rest.iter().any(|step| step.action != Action::NotifyOnly) {
                problems.push(format!("{at}: only people can follow it: nothing else, or notify_only"));
            }
            problems.extend(step.problems(documents).into_iter().map(|problem| format!("{at}: {problem}")));
        }
        problems
    }
}

impl Step {
    fn problems(&self, documents: &[AllowedDocument]) -> Vec<String> {
        let mut problems = Vec::new();
        match (self.action, &self.security_group) {
            (Action::Isolate, Some(id)) if id.starts_with("sg-") => {}
            (Action::Isolate, _) => {
                problems.push(
                    "security_group names the quarantine's security group, such as sg-0123456789abcdef0".to_owned(),
                );
            }
            (_, Some(_)) => problems.push("security_group belongs to isolate".to_owned()),
            (_, None) => {}
        }
        if self.action != Action::SsmDocument {
            if self.document.is_some() || !self.parameters.is_empty() {
                problems.push("document and parameters belong to ssm_document".to_owned());
            }
            return problems;
        }
        let Some(name) = &self.document else {
            problems.push("document is missing".to_owned());
            return problems;
        };
        let Some(allowed) = documents.iter().find(|document| document.name == *name) else {
            problems.push(format!("{name} is not one of documents"));
            return problems;
        };
        for (parameter, values) in &self.parameters {
            let known = allowed.parameters.get(parameter);
            if !known.is_some_and(|known| values.iter().all(|value| known.contains(value))) {
                problems.push(format!("documents does not allow {name} with {parameter} = {}", values.join(", ")));
            }
        }
        problems
    }
}
