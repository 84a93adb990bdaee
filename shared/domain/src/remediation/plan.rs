//! The decision to act.

use jiff::Timestamp;

use super::belts::{Situation, stopped_by};
use super::subject::subject;
use super::{Action, DeclineReason, FleetState, Mode, Policies, Policy, Step};
use crate::incident::Incident;

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Go on with the first of `steps`, as far as `mode` allows.
    Planned {
        policy: String,
        steps: Vec<Step>,
        mode: Mode,
    },
    Declined {
        reason: DeclineReason,
    },
}

/// Decides what to do about `incident`. The tags that count are those of `fleet`, read just now, not those of the
/// inventory: an opt-in that was taken back a minute ago is respected.
pub fn plan(incident: &Incident, policies: &Policies, fleet: &FleetState, now: Timestamp) -> Plan {
    explain(incident, policies, fleet, now).plan
}

/// A decision with the belt that stopped it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    pub plan: Plan,
    /// The policy that is meant for the incident, also where a belt stops it.
    pub policy: Option<String>,
    pub runbook: Vec<Step>,
    pub belt: Option<&'static str>,
}

/// Like [`plan`], telling also what would have been done.
pub fn explain(incident: &Incident, policies: &Policies, fleet: &FleetState, now: Timestamp) -> Explained {
    // Before any policy is asked: nobody looked at the resource, so none can be chosen for it.
    let subject = fleet.subject.clone().unwrap_or_else(|| subject(incident));
    if let Some(reason) = policies.bounds.elsewhere(&subject) {
        let plan = Plan::Declined { reason };
        return Explained { plan, policy: None, runbook: Vec::new(), belt: Some("elsewhere") };
    }
    let Some(policy) = policy_for(incident, policies, fleet) else {
        let attack = incident.security.is_some();
        let reason = if attack { DeclineReason::SecurityIncident } else { DeclineReason::NoPolicy };
        let plan = Plan::Declined { reason };
        return Explained { plan, policy: None, runbook: Vec::new(), belt: None };
    };
    let told =
        |plan, belt| Explained { plan, policy: Some(policy.name.clone()), runbook: policy.runbook.clone(), belt };
    let Some(step) = policy.runbook.first().filter(|step| step.action != Action::NotifyOnly) else {
        let reason = DeclineReason::LeftToPeople { policy: policy.name.clone(), why: policy.why.clone() };
        return told(Plan::Declined { reason }, None);
    };
    let situation = Situation { incident, policies, policy, step, fleet, now, resumes: false };
    if let Some((belt, reason)) = stopped_by(&situation) {
        return told(Plan::Declined { reason }, Some(belt));
    }
    let mode = policies.mode_for(incident, policy);
    let (waiting, limit) = (fleet.ledger.waiting(), policies.document.limits.waiting);
    if mode == Mode::Approve && waiting >= limit as usize {
        let reason = DeclineReason::TooManyWaiting { count: limit };
        return told(Plan::Declined { reason }, Some("waiting"));
    }
    told(Plan::Planned { policy: policy.name.clone(), steps: policy.runbook.clone(), mode }, None)
}

/// Whether a run that has begun may go on with `step`: every belt is asked again.
pub fn may_go_on(
    incident: &Incident,
    policies: &Policies,
    policy: &str,
    step: &Step,
    fleet: &FleetState,
    now: Timestamp,
) -> Result<(), DeclineReason> {
    let Some(policy) = policies.document.policies.iter().find(|known| known.name == policy) else {
        return Err(DeclineReason::NoPolicy);
    };
    if incident.security.is_some() && policies.mode_for(incident, policy) < Mode::Approve {
        return Err(DeclineReason::SwitchedOff);
    }
    let situation = Situation { incident, policies, policy, step, fleet, now, resumes: true };
    stopped_by(&situation).map_or(Ok(()), |(_, reason)| Err(reason))
}

fn policy_for<'a>(incident: &Incident, policies: &'a Policies, fleet: &FleetState) -> Option<&'a Policy> {
    let tag = &policies.bounds.product_tag;
    policies.document.policies.iter().find(|policy| policy.is_for(incident, fleet.instance.as_ref(), tag))
}
