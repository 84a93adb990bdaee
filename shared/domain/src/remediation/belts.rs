//! The belts: each stops an act for one reason of its own. All are on; a limit is set, never left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::policies::confidence;
use super::subject::{IAM_USER, subject};
use super::{Action, DeclineReason, FleetState, GroupState, InstanceState, Mode, Policies, Policy, Step};
use crate::incident::{Incident, Status};
use crate::resource::{EC2_INSTANCE, ResourceRef};
use crate::severity::Severity;

/// What a belt looks at.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    pub incident: &'a Incident,
    pub policies: &'a Policies,
    pub policy: &'a Policy,
    pub step: &'a Step,
    pub fleet: &'a FleetState,
    pub now: Timestamp,
    /// Whether the run has begun: it was approved, or an earlier step was carried out.
    pub resumes: bool,
}

/// One belt.
#[derive(Debug, Clone, Copy)]
pub struct Belt {
    pub name: &'static str,
    /// The reason to stop, if there is one.
    pub check: fn(&Situation<'_>) -> Option<DeclineReason>,
}

/// All belts, in the order in which they are asked. The first that stops is the reason that is told.
pub const BELTS: [Belt; 23] = [
    Belt { name: "kill_switch", check: kill_switch },
    Belt { name: "elsewhere", check: elsewhere },
    Belt { name: "mode", check: mode },
    Belt { name: "incident_open", check: incident_open },
    Belt { name: "supported_type", check: supported_type },
    Belt { name: "exists", check: exists },
    Belt { name: "protected", check: protected },
    Belt { name: "opt_in", check: opt_in },
    Belt { name: "running", check: running },
    Belt { name: "scheduled_event", check: scheduled_event },
    Belt { name: "restarting", check: restarting },
    Belt { name: "too_young", check: too_young },
    Belt { name: "stale", check: stale },
    Belt { name: "confidence", check: low_confidence },
    Belt { name: "freeze", check: freeze },
    Belt { name: "maintenance", check: maintenance },
    Belt { name: "breaker", check: breaker },
    Belt { name: "cooldown", check: cooldown },
    Belt { name: "under_repair", check: under_repair },
    Belt { name: "hourly_cap", check: hourly_cap },
    Belt { name: "group_member", check: group_member },
    Belt { name: "product_share", check: product_share },
    Belt { name: "precondition", check: precondition },
];

/// The first belt that stops, with its reason.
pub fn stopped_by(situation: &Situation<'_>) -> Option<(&'static str, DeclineReason)> {
    BELTS.iter().find_map(|belt| (belt.check)(situation).map(|reason| (belt.name, reason)))
}

impl<'a> Situation<'a> {
    fn instance(&self) -> Option<&'a InstanceState> {
        self.fleet.instance.as_ref()
    }

    /// What the step acts on.
    fn subject(&self) -> Cow<'a, ResourceRef> {
        match &self.fleet.subject {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(subject(self.incident)),
        }
    }

    /// The tags of what the step acts on; `None` where there is no such thing.
    fn tags(&self) -> Option<&'a BTreeMap<String, String>> {
        if self.step.action.is_on_user() {
            return self.fleet.user.as_ref().map(|user| &user.tags);
        }
        self.instance().map(|instance| &instance.tags)
    }

    /// The group that the step would change.
    fn changed_group(&self) -> Option<&'a GroupState> {
        self.fleet.group.as_ref().filter(|_| self.step.action.is_on_group())
    }

    fn product(&self) -> Option<&'a str> {
        self.instance()?.tags.get(&self.policies.bounds.product_tag).map(String::as_str)
    }
}

fn kill_switch(s: &Situation<'_>) -> Option<DeclineReason> {
    let stop = s.fleet.control.stopped.clone()?;
    Some(DeclineReason::Stopped { by: stop.by, at: stop.at, why: stop.why })
}

fn elsewhere(s: &Situation<'_>) -> Option<DeclineReason> {
    s.policies.bounds.elsewhere(&s.subject())
}

fn mode(s: &Situation<'_>) -> Option<DeclineReason> {
    (s.policies.mode_for(s.incident, s.policy) == Mode::Off).then_some(DeclineReason::SwitchedOff)
}

fn incident_open(s: &Situation<'_>) -> Option<DeclineReason> {
    let status = s.fleet.incident_status.unwrap_or(s.incident.status);
    (status == Status::Resolved).then_some(DeclineReason::IncidentResolved)
}

fn supported_type(s: &Situation<'_>) -> Option<DeclineReason> {
    let subject = s.subject();
    let wanted = if s.step.action.is_on_user() { IAM_USER } else { EC2_INSTANCE };
    (subject.kind != wanted).then(|| DeclineReason::UnsupportedType { resource_type: subject.kind.clone() })
}

fn exists(s: &Situation<'_>) -> Option<DeclineReason> {
    s.tags().is_none().then_some(DeclineReason::Gone)
}

fn protected(s: &Situation<'_>) -> Option<DeclineReason> {
    let tag = &s.policies.bounds.protected_tag;
    let on_group = s.changed_group().is_some_and(|group| group.tags.contains_key(tag));
    (s.tags()?.contains_key(tag) || on_group).then(|| DeclineReason::Protected { tag: tag.clone() })
}

/// The tag holds one or more words, separated by single spaces. What changes a group needs the group's consent besides.
fn opt_in(s: &Situation<'_>) -> Option<DeclineReason> {
    let (tag, wanted) = (&s.policies.bounds.opt_in_tag, s.step.action.consents());
    let consents = |tags: &BTreeMap<String, String>| {
        tags.get(tag).is_some_and(|value| value.split(' ').any(|word| wanted.contains(&word)))
    };
    let group = s.changed_group().is_none_or(|group| consents(&group.tags));
    (!consents(s.tags()?) || !group).then(|| DeclineReason::NotOptedIn { tag: tag.clone(), value: wanted.join(" or ") })
}

fn running(s: &Situation<'_>) -> Option<DeclineReason> {
    let state = &s.instance()?.state;
    (state != "running").then(|| DeclineReason::NotRunning { state: state.clone() })
}

fn scheduled_event(s: &Situation<'_>) -> Option<DeclineReason> {
    let events = &s.instance()?.scheduled_events;
    (!events.is_empty()).then(|| DeclineReason::ScheduledEvent { events: events.join(", ") })
}

fn restarting(s: &Situation<'_>) -> Option<DeclineReason> {
    s.instance()?.is_initializing.then_some(DeclineReason::Restarting)
}

/// A start gives an instance a new launch time, so a run that has begun is not asked again.
fn too_young(s: &Situation<'_>) -> Option<DeclineReason> {
    let age = s.now.duration_since(s.instance()?.launched_at?);
    let limit = s.policies.bounds.min_instance_age;
    (!s.resumes && age < limit)
        .then(|| DeclineReason::TooYoung { age_minutes: age.as_mins(), limit_minutes: limit.as_mins() })
}

fn stale(s: &Situation<'_>) -> Option<DeclineReason> {
    let age = s.now.duration_since(s.incident.anomaly.window_end);
    let limit = s.policies.bounds.max_incident_age;
    (!s.resumes && age > limit)
        .then(|| DeclineReason::Stale { age_minutes: age.as_mins(), limit_minutes: limit.as_mins() })
}

/// Security rules give no probability of a cause: there, how bad it is stands for how sure.
fn low_confidence(s: &Situation<'_>) -> Option<DeclineReason> {
    if s.incident.security.is_some() {
        let severity = s.incident.severity;
        return (severity < Severity::High).then_some(DeclineReason::NotSevere { severity });
    }
    let (confidence, least) = (confidence(s.incident), s.policies.document.limits.min_confidence);
    (confidence < least).then_some(DeclineReason::LowConfidence { confidence, least })
}

fn freeze(s: &Situation<'_>) -> Option<DeclineReason> {
    let frozen = s.policies.document.freezes.iter().find(|freeze| freeze.from <= s.now && s.now < freeze.until)?;
    Some(DeclineReason::Frozen { name: frozen.name.clone(), until: frozen.until })
}

fn maintenance(s: &Situation<'_>) -> Option<DeclineReason> {
    let window = s.policies.maintenance.open_at(&s.subject(), s.tags()?, s.now)?;
    Some(DeclineReason::Maintenance { name: window.name.clone() })
}

fn breaker(s: &Situation<'_>) -> Option<DeclineReason> {
    let until = s.fleet.ledger.breaker_until(&s.policy.name, &s.policies.document.limits, s.now)?;
    Some(DeclineReason::BreakerOpen { policy: s.policy.name.clone(), until })
}

fn cooldown(s: &Situation<'_>) -> Option<DeclineReason> {
    let until = s.fleet.cooldown_until.filter(|until| !s.resumes && *until > s.now)?;
    Some(DeclineReason::CoolingDown { until })
}

fn under_repair(s: &Situation<'_>) -> Option<DeclineReason> {
    let subject = s.subject();
    let other = s
        .fleet
        .ledger
        .runs
        .iter()
        .find(|run| run.resource_arn == subject.arn && run.incident != s.incident.id && !run.counted)?;
    Some(DeclineReason::UnderRepair { incident: other.incident.to_string() })
}

fn hourly_cap(s: &Situation<'_>) -> Option<DeclineReason> {
    let cap = s.policies.document.limits.per_hour;
    (s.fleet.ledger.acts_in_the_last_hour(s.now) >= cap as usize).then_some(DeclineReason::HourlyCap { count: cap })
}

fn group_member(s: &Situation<'_>) -> Option<DeclineReason> {
    let group = s.instance()?.group()?;
    let another = s.fleet.ledger.open_acts(&s.incident.id).any(|act| act.group.as_deref() == Some(group));
    another.then(|| DeclineReason::GroupMember { group: group.to_owned() })
}

fn product_share(s: &Situation<'_>) -> Option<DeclineReason> {
    let (product, percent) = (s.product()?, s.policies.document.limits.product_percent);
    let members = s.fleet.product_members;
    let allowed = (u64::from(members) * u64::from(percent) / 100).max(1);
    let open = s.fleet.ledger.open_acts(&s.incident.id).filter(|act| act.product.as_deref() == Some(product)).count();
    (open as u64 >= allowed).then(|| DeclineReason::ProductShare {
        product: product.to_owned(),
        open: open as u32,
        members,
        percent,
    })
}

fn precondition(s: &Situation<'_>) -> Option<DeclineReason> {
    let why = if s.step.action.is_on_user() {
        s.fleet.user.as_ref()?.objection(&s.policies.document.break_glass)
    } else {
        objection(s, s.instance()?)
    };
    why.map(|why| DeclineReason::Precondition { action: s.step.action.to_string(), why: why.to_owned() })
}

/// Why the instance or its group does not admit the step.
fn objection(s: &Situation<'_>, instance: &InstanceState) -> Option<&'static str> {
    Some(match s.step.action {
        Action::StopStart if instance.root_device.as_deref() != Some("ebs") => "its root volume is not on EBS",
        Action::StopStart if instance.group().is_some() => "its Auto Scaling group would replace it once it stops",
        Action::SnapshotFirst if instance.volumes.is_empty() => "it has no EBS volume",
        Action::Isolate if instance.group().is_some() => "its Auto Scaling group would replace it once it is cut off",
        Action::Isolate if instance.network_interfaces != 1 => "it does not have exactly one network interface",
        Action::Isolate if instance.security_groups.iter().eq(&s.step.security_group) => "it is isolated already",
        Action::SsmDocument if !instance.is_managed => "Systems Manager's agent on it does not answer",
        action if action.is_on_group() => match &s.fleet.group {
            None => "it belongs to no Auto Scaling group",
            Some(group) => group.objection(action, &s.subject().id)?,
        },
        _ => return None,
    })
}

/// How long a machine may take from stop to stopped, or a command to its end, before a person has to look.
pub(super) const STOP_LIMIT: SignedDuration = SignedDuration::from_mins(15);
