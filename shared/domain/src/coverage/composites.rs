//! One voice for a resource: a composite alarm that is in ALARM while any alarm of the resource is, and tells in their stead.
//!
//! An alarm falls silent only while a composite alarm that names it is in force, and has its own voice back before that one goes.
//! An alarm that a composite alarm names cannot be deleted either (CloudWatch, DeleteAlarms). So a plan may take further rounds:
//! [`CoveragePlan::goes_on`].

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::alarm::{self, ExistingAlarm, Ownership};
use super::plan::{AlarmDeletion, Conflict, CoveragePlan, Fate, unread_for};
use super::wanted::Wants;
use super::{CoverageInput, Policy};

/// A composite alarm in USD a month (CloudWatch pricing, us-east-1, 2026).
pub const COMPOSITE_USD_A_MONTH: f64 = 0.50;
/// Alarms that one rule may name, and its length in characters (CloudWatch, `PutCompositeAlarm`). A resource with more has none.
const MOST_MEMBERS: usize = 100;
const LONGEST_RULE: usize = 10_240;
/// What a rule has for each alarm beside its name: `ALARM("") OR `.
const TERM_LENGTH: usize = 13;
/// One alarm is voice enough.
const FEWEST_MEMBERS: usize = 2;

/// All that `PutCompositeAlarm` is told. Two with equal specs are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompositeSpec {
    pub name: String,
    pub description: String,
    /// The alarms that it tells for.
    pub members: BTreeSet<String>,
    pub alarm_actions: Vec<String>,
    pub ok_actions: Vec<String>,
}

impl CompositeSpec {
    /// In ALARM while any member is.
    pub fn rule(&self) -> String {
        let terms: Vec<String> = self.members.iter().map(|name| format!("ALARM(\"{name}\")")).collect();
        terms.join(" OR ")
    }

    fn differences(&self, should: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut tell =
            |sign: &str, names: Vec<&String>| found.extend(names.iter().map(|name| format!("{sign} {name}")));
        tell("without", self.members.difference(&should.members).collect());
        tell("with", should.members.difference(&self.members).collect());
        let actions = |spec: &Self| format!("{} / {}", spec.alarm_actions.join(" "), spec.ok_actions.join(" "));
        if actions(self) != actions(should) {
            found.push(format!("actions: {} → {}", actions(self), actions(should)));
        }
        if self.description != should.description {
            found.push(format!("description: {} → {}", self.description, should.description));
        }
        found
    }
}

/// The alarms that a rule of [`CompositeSpec::rule`]'s form names; none where it is of another form, which speaks for nobody.
pub fn members_of(rule: &str) -> BTreeSet<String> {
    let name = |term: &str| term.trim().strip_prefix("ALARM(\"")?.strip_suffix("\")").map(str::to_owned);
    rule.split(" OR ").map(name).collect::<Option<_>>().unwrap_or_default()
}

/// A composite alarm that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingComposite {
    pub spec: CompositeSpec,
    pub actions_enabled: bool,
    pub ownership: Ownership,
}

/// A composite alarm to make or to set right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompositeStep {
    pub resource: String,
    /// As it should be.
    pub composite: CompositeSpec,
    /// Empty where there is none yet.
    pub differences: Vec<String>,
    /// Somebody's switch; it stays as it is.
    pub actions_enabled: bool,
}

/// What to do about composite alarms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompositePlan {
    pub put: Vec<CompositeStep>,
    pub delete: Vec<AlarmDeletion>,
}

impl CompositePlan {
    pub fn steps(&self) -> usize {
        self.put.len() + self.delete.len()
    }

    /// How many more there are when it is done.
    pub(super) fn growth(&self) -> isize {
        self.put.iter().filter(|step| step.differences.is_empty()).count() as isize - self.delete.len() as isize
    }
}

/// Whether a name looks like one of ours. The tag decides.
pub fn is_generated_name(prefix: &str, name: &str) -> bool {
    let Some((rest, hash)) = name.rsplit_once("-any-") else { return false };
    let hexadecimal = hash.len() == 10 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    hexadecimal && rest.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
}

fn name(policy: &Policy, arn: &str, id: &str) -> String {
    let hash = hex::encode(&Sha256::digest(arn)[..5]);
    format!("{}-{}-any-{hash}", policy.prefix, alarm::plain(id))
}

/// Whether the alarms of this resource are to have one voice.
fn is_grouped(wants: &Wants<'_>, policy: &Policy) -> bool {
    let is_suite = wants.resource.reference.kind.starts_with("nightjar:");
    let length: usize = wants.alarms.iter().map(|wanted| wanted.spec.name.len() + TERM_LENGTH).sum();
    policy.composites
        && !policy.elsewhere
        && !is_suite
        && (FEWEST_MEMBERS..=MOST_MEMBERS).contains(&wants.alarms.len())
        && length <= LONGEST_RULE
}

/// The composite alarms that are there, by name.
pub(super) struct Voices<'a> {
    existing: HashMap<&'a str, &'a ExistingComposite>,
    policy: &'a Policy,
}

impl<'a> Voices<'a> {
    pub(super) fn new(input: &CoverageInput<'a>) -> Self {
        let existing = input.composites.iter().map(|existing| (existing.spec.name.as_str(), existing)).collect();
        Self { existing, policy: input.policy }
    }

    /// Takes the actions of the alarms that a composite alarm tells for now.
    pub(super) fn silence(&self, wants: &mut Wants<'_>) {
        if !is_grouped(wants, self.policy) {
            return;
        }
        let reference = &wants.resource.reference;
        let Some(voice) = self.existing.get(name(self.policy, &reference.arn, &reference.id).as_str()) else { return };
        let actions = self.policy.actions(&self.policy.alarms_topic);
        if !voice.actions_enabled || voice.spec.alarm_actions != actions || voice.spec.ok_actions != actions {
            return;
        }
        for wanted in wants.alarms.iter_mut().filter(|wanted| voice.spec.members.contains(&wanted.spec.name)) {
            wanted.spec.alarm_actions.clear();
            wanted.spec.ok_actions.clear();
        }
    }
}

/// Adds what is to be done about composite alarms, and puts off what they still stand in the way of.
pub(super) fn plan(input: &CoverageInput<'_>, wants: &[Wants<'_>], fates: &[Vec<Fate<'_>>], plan: &mut CoveragePlan) {
    let there: HashMap<&str, &ExistingComposite> =
        input.composites.iter().map(|existing| (existing.spec.name.as_str(), existing)).collect();
    let staying = Staying::new(input, plan);
    let mut wanted_names = HashSet::new();
    for (wants, fates) in wants.iter().zip(fates) {
        let reference = &wants.resource.reference;
        let there = there.get(name(input.policy, &reference.arn, &reference.id).as_str()).copied();
        let Some(composite) = wanted(wants, fates, input.policy, there, &staying) else { continue };
        wanted_names.insert(composite.name.clone());
        let resource = reference.arn.clone();
        let differences = there.map(|there| there.spec.differences(&composite)).unwrap_or_default();
        match there {
            Some(there) if there.ownership == Ownership::Foreign => {
                plan.conflicts.push(Conflict { name: composite.name, resource });
            }
            Some(_) if differences.is_empty() => {}
            Some(there) if there.ownership == Ownership::Unknown => plan.unproven.push(composite.name),
            _ => {
                let actions_enabled = there.is_none_or(|there| there.actions_enabled);
                plan.composites.put.push(CompositeStep { resource, composite, differences, actions_enabled });
            }
        }
    }
    removals(input, wants, &wanted_names, &staying, plan);
    let named: HashSet<&str> = own(input).flat_map(|composite| &composite.spec.members).map(String::as_str).collect();
    let all = plan.delete.len();
    plan.delete.retain(|deletion| !named.contains(deletion.name.as_str()));
    let changed = plan.change.iter().any(|change| named.contains(change.alarm.name.as_str()));
    plan.goes_on = plan.composites.steps() > 0 || plan.delete.len() < all || changed;
}

/// The alarms that are there and are not about to be deleted.
struct Staying<'a> {
    /// Whether it tells anybody, by name.
    alarms: HashMap<&'a str, bool>,
}

impl<'a> Staying<'a> {
    fn new(input: &CoverageInput<'a>, plan: &CoveragePlan) -> Self {
        let leaving: HashSet<&str> = plan.delete.iter().map(|deletion| deletion.name.as_str()).collect();
        let stays = |alarm: &&ExistingAlarm| !leaving.contains(alarm.spec.name.as_str());
        let tells = |alarm: &'a ExistingAlarm| (alarm.spec.name.as_str(), !alarm.spec.alarm_actions.is_empty());
        Self { alarms: input.existing.iter().filter(stays).map(tells).collect() }
    }

    fn is_there(&self, name: &str) -> bool {
        self.alarms.contains_key(name)
    }

    fn is_silent(&self, name: &str) -> bool {
        self.alarms.get(name).is_some_and(|tells| !tells)
    }
}

/// The composite alarm that a resource is to have: for the alarms that it has or is about to have, and for those that would be
/// unheard without the one that is there.
fn wanted(
    wants: &Wants<'_>,
    fates: &[Fate<'_>],
    policy: &Policy,
    there: Option<&ExistingComposite>,
    staying: &Staying<'_>,
) -> Option<CompositeSpec> {
    let stands = |fate: &Fate<'_>| matches!(fate, Fate::InForce(_) | Fate::Create | Fate::Change(_));
    let standing = wants.alarms.iter().zip(fates).filter(|(_, fate)| stands(fate));
    let named = there.into_iter().flat_map(|there| &there.spec.members);
    let members: BTreeSet<String> = if is_grouped(wants, policy) {
        let unheard = named.filter(|name| staying.is_silent(name)).cloned();
        standing.map(|(wanted, _)| wanted.spec.name.clone()).chain(unheard).collect()
    } else if named.clone().any(|name| staying.is_silent(name)) {
        named.filter(|name| staying.is_there(name)).cloned().collect()
    } else {
        BTreeSet::new()
    };
    if members.is_empty() {
        return None;
    }
    let reference = &wants.resource.reference;
    let title = wants.kind.map_or(reference.kind.as_str(), |kind| kind.title.as_str());
    let text = format!(
        "{title} {}: tells for all alarms of it, which tell nobody themselves. Made by Nightjar.",
        reference.label()
    );
    let actions = policy.actions(&policy.alarms_topic);
    Some(CompositeSpec {
        name: name(policy, &reference.arn, &reference.id),
        description: alarm::described(&text, &reference.arn),
        members,
        alarm_actions: actions.clone(),
        ok_actions: actions,
    })
}

/// Those that Nightjar made, as far as is known.
pub(super) fn own<'a>(input: &CoverageInput<'a>) -> impl Iterator<Item = &'a ExistingComposite> {
    let prefix = &input.policy.prefix;
    let is_own = |composite: &&ExistingComposite| composite.ownership != Ownership::Foreign;
    input.composites.iter().filter(is_own).filter(move |composite| is_generated_name(prefix, &composite.spec.name))
}

/// What nobody wants goes, unless an alarm that stays would be unheard without it.
fn removals(
    input: &CoverageInput<'_>,
    wants: &[Wants<'_>],
    wanted: &HashSet<String>,
    staying: &Staying<'_>,
    plan: &mut CoveragePlan,
) {
    let known: HashSet<&str> = wants.iter().map(|wants| wants.resource.reference.arn.as_str()).collect();
    for composite in own(input).filter(|composite| !wanted.contains(&composite.spec.name)) {
        let spec = &composite.spec;
        let scope = &input.discovered.scope;
        let deletion = |why: String| AlarmDeletion { name: spec.name.clone(), why, scope: scope.clone() };
        let gone = alarm::resource_of(&spec.description).filter(|arn| !known.contains(arn));
        if composite.ownership == Ownership::Unknown {
            plan.unproven.push(spec.name.clone());
        } else if let Some(why) = gone.and_then(|arn| unread_for(input, arn)) {
            plan.held.push(deletion(why));
        } else if spec.members.iter().any(|name| staying.is_silent(name)) {
            plan.held.push(deletion("alarms that are not deleted would be unheard without it".to_owned()));
        } else {
            plan.composites.delete.push(deletion("its alarms tell for themselves, or go".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::own("ALARM(\"a\") OR ALARM(\"b c\")", &["a", "b c"])]
    #[case::muted_by_hand("(ALARM(\"a\") OR ALARM(\"b\")) AND NOT ALARM(\"night\")", &[])]
    #[case::other_function("OK(\"a\") OR ALARM(\"b\")", &[])]
    #[case::constant("TRUE", &[])]
    fn a_rule_of_another_form_speaks_for_nobody(#[case] rule: &str, #[case] members: &[&str]) {
        assert_eq!(members_of(rule), members.iter().map(|name| (*name).to_owned()).collect());
    }

    #[rstest]
    #[case("aiops-i-1-any-0123456789", true)]
    #[case("aiops2-i-1-any-0123456789", false)]
    #[case("aiops-i-1-CPUUtilization-critical-0123456789", false)]
    #[case("aiops-i-1-any-012345678G", false)]
    fn names_are_told_apart(#[case] name: &str, #[case] ours: bool) {
        assert_eq!(is_generated_name("aiops", name), ours);
        assert!(!(ours && alarm::is_generated_name("aiops", name)), "no alarm's own name");
    }
}
