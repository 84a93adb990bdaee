//! The model's state: what is stored, what is running, and what must hold of it at every moment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{
    Action, AllowedDocument, Announcement, Bounds, Claim, ClaimState, Control, FleetState, Ledger, Mode, Plan,
    Policies, PoliciesDocument, Policy, Run, Step, Way, plan, subject,
};
use nightjar_testkit::{incident, now, security_incident};

use super::Dice;
use super::aws::{Aws, INSTANCES, KEY, OPT_IN, PROTECTED, QUARANTINE};

pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// Seconds after which Lambda ends an invocation.
pub(super) const TIMEOUT: i64 = 60;
/// Incidents of instances, two and more on some; the rest are attacks with one user's key.
pub(super) const OF_INSTANCES: usize = 9;
pub(super) const INCIDENTS: usize = 11;

/// An invocation between two of its calls. A crash forgets it.
pub(super) enum Invocation {
    /// It has looked, and decided; it writes next.
    Decided { seen: Option<Claim>, step: usize, outcome: &'static str, look: Box<FleetState>, at: Timestamp, ask: bool },
    /// It won the claim; it calls next.
    Won { claim: Claim },
    /// It has called; it settles next.
    Called { claim: Claim },
    /// It has looked, and knows the way back; it sets what was there next.
    Undoing { claim: Claim, action: Action, way: Way },
}

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) policies: Policies,
    pub(super) incidents: Vec<Incident>,
    pub(super) aws: Aws,
    pub(super) claims: BTreeMap<IncidentId, Claim>,
    pub(super) cooldowns: BTreeMap<String, Timestamp>,
    pub(super) ledger: Ledger,
    pub(super) control: Control,
    /// The incident, when the invocation began, and where it is.
    pub(super) running: Vec<(usize, i64, Invocation)>,
    pub(super) clock: Timestamp,
    /// Seconds that really passed.
    pub(super) elapsed: i64,
    pub(super) jumped_ahead: bool,
    pub(super) calls: BTreeMap<(IncidentId, usize), u32>,
    /// Steps that a crash left unknown: they may have been carried out, and people may ask them back.
    pub(super) believed: BTreeSet<(IncidentId, usize)>,
    /// Incidents that a person approved.
    pub(super) approved: BTreeSet<IncidentId>,
    /// Wins, by the ledger's clock and by real time.
    pub(super) wins: Vec<(Timestamp, i64)>,
    /// How often each thing was done.
    pub(super) counted: BTreeMap<&'static str, u64>,
}

fn step(action: Action, settle_minutes: u32) -> Step {
    let mut step = Step { settle_minutes, ..Step::from(action) };
    step.security_group = (action == Action::Isolate).then(|| QUARANTINE.to_owned());
    step.document = (action == Action::SsmDocument).then(|| "restart".to_owned());
    step
}

fn policies(dice: &mut Dice) -> Policies {
    let mut document = PoliciesDocument::bundled().unwrap();
    document.limits.per_hour = 1 + dice.roll(4) as u32;
    document.limits.product_percent = 50;
    document.limits.breaker_failures = 2 + dice.roll(3) as u32;
    document.documents = vec![AllowedDocument { name: "restart".to_owned(), parameters: BTreeMap::new() }];
    if dice.once_in(8) {
        document.break_glass = vec!["eve".to_owned()];
    }
    let single: &[Action] = match dice.roll(4) {
        0 => &[Action::SnapshotFirst, Action::Reboot],
        1 => &[Action::SsmDocument, Action::SnapshotFirst, Action::Reboot, Action::Isolate],
        2 => &[Action::SnapshotFirst, Action::Isolate],
        _ => &[Action::Isolate],
    };
    let member: &[Action] = match dice.roll(4) {
        0 => &[Action::ScaleOut, Action::AsgReplace],
        1 => &[Action::ScaleOut],
        2 => &[Action::AsgReplace],
        _ => &[Action::Reboot, Action::SsmDocument, Action::AsgReplace],
    };
    document.policies.retain(|policy| policy.matches.security || policy.name == "restart-unwell-instance");
    let instance = document.policies.pop().unwrap();
    for (role, actions) in [("single", single), ("member", member)] {
        let mut policy = Policy { name: role.to_owned(), ..instance.clone() };
        policy.matches.tags.insert("role".to_owned(), role.to_owned());
        policy.runbook = actions.iter().map(|action| step(*action, 5)).collect();
        document.policies.push(policy);
    }
    let text = serde_json::to_string(&document).unwrap();
    let document = PoliciesDocument::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let bounds = Bounds {
        mode: if dice.once_in(4) { Mode::Approve } else { Mode::Auto },
        security_mode: if dice.once_in(3) { Mode::Auto } else { Mode::Approve },
        opt_in_tag: OPT_IN.to_owned(),
        protected_tag: PROTECTED.to_owned(),
        product_tag: "product".to_owned(),
        cooldown: SignedDuration::from_mins(30),
        max_incident_age: SignedDuration::from_hours(24 * 365),
        min_instance_age: SignedDuration::ZERO,
        home: None,
    };
    Policies { bounds, document, maintenance: MaintenanceWindows::default() }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let policies = policies(&mut dice);
        let incidents = (0..INCIDENTS).map(|n| {
            let mut incident = if n < OF_INSTANCES { incident() } else { security_incident() };
            incident.id = IncidentId::derive(&[&n.to_string()]);
            if n < OF_INSTANCES {
                incident.anomaly.resource.arn = format!("i-{}", n % INSTANCES);
                incident.anomaly.resource.id = format!("i-{}", n % INSTANCES);
            } else if let Some(story) = &mut incident.security {
                story.access_keys = vec![KEY.to_owned()];
            }
            incident
        });
        Self {
            policies,
            incidents: incidents.collect(),
            aws: Aws::new(&mut dice),
            dice,
            claims: BTreeMap::new(),
            cooldowns: BTreeMap::new(),
            ledger: Ledger::default(),
            control: Control::default(),
            running: Vec::new(),
            clock: now(),
            elapsed: 0,
            jumped_ahead: false,
            calls: BTreeMap::new(),
            believed: BTreeSet::new(),
            approved: BTreeSet::new(),
            wins: Vec::new(),
            counted: BTreeMap::new(),
        }
    }

    pub(super) fn look(&self, n: usize) -> FleetState {
        let subject = subject(&self.incidents[n]);
        let attack = n >= OF_INSTANCES;
        let instance = if attack { None } else { self.aws.instances[n % INSTANCES].clone() };
        FleetState {
            group: instance.as_ref().and_then(|instance| instance.group()).map(|_| self.aws.group.clone()),
            instance,
            user: attack.then(|| self.aws.user.clone()),
            cooldown_until: self.cooldowns.get(&subject.arn).copied(),
            subject: Some(subject),
            product_members: INSTANCES as u32,
            incident_status: None,
            control: self.control.clone(),
            ledger: self.ledger.clone(),
        }
    }

    pub(super) fn some_claim(&mut self, wanted: impl Fn(&Claim) -> bool) -> Option<Claim> {
        let found: Vec<Claim> = self.claims.values().filter(|claim| wanted(claim)).cloned().collect();
        let index = self.dice.roll(found.len().max(1) as u64) as usize;
        found.get(index).cloned()
    }

    pub(super) fn first_claim(&self, n: usize, look: &FleetState, at: Timestamp, ask: bool) -> Claim {
        let incident = &self.incidents[n];
        let Plan::Planned { policy, steps, .. } = plan(incident, &self.policies, look, at) else {
            panic!("what was planned from the same look is planned again")
        };
        let action = steps[0].action;
        let state = if ask {
            ClaimState::AwaitingApproval {
                action,
                until: at + SignedDuration::from_mins(60),
                fingerprint: look.fingerprint().unwrap(),
                decision: None,
            }
        } else {
            ClaimState::Started { action }
        };
        Claim {
            incident: incident.id.clone(),
            resource_arn: subject(incident).arn,
            state,
            claimed_at: at,
            lease_until: at + LEASE,
            settled_at: None,
            announcement: Announcement::Due,
            run: Some(Run {
                policy,
                steps,
                step: 0,
                trace: String::new(),
                tried: Vec::new(),
                acted_at: (!ask).then_some(at),
                approved_by: None,
                remembered: None,
            }),
        }
    }

    pub(super) fn check(&self) {
        let cap = self.policies.document.limits.per_hour as usize;
        let (newest, elapsed) = *self.wins.last().unwrap();
        let hour = SignedDuration::from_hours(1);
        let by_ledger = self.wins.iter().filter(|(at, _)| *at > newest - hour).count();
        assert!(by_ledger <= cap, "{by_ledger} steps within an hour where {cap} are allowed");
        if !self.jumped_ahead {
            let by_time = self.wins.iter().filter(|(_, at)| *at > elapsed - 3600 + TIMEOUT).count();
            assert!(by_time <= cap, "{by_time} steps within a real hour where {cap} are allowed");
        }
        // What is under way, told by the claims and not by the ledger. Who waits for a word, or for the way back, changes nothing.
        let underway = |claim: &&Claim| {
            let waits = matches!(claim.state, ClaimState::AwaitingApproval { .. } | ClaimState::UndoRequested { .. });
            claim.end().is_none() && !waits
        };
        let open: Vec<&Claim> = self.claims.values().filter(underway).collect();
        let resources: BTreeSet<&str> = open.iter().map(|claim| claim.resource_arn.as_str()).collect();
        assert_eq!(resources.len(), open.len(), "two runs on one resource");
        assert!(!(resources.contains("i-0") && resources.contains("i-1")), "two members of one group");
        let of_product = resources.iter().filter(|arn| arn.starts_with("i-")).count();
        assert!(of_product <= 3, "more than half of a product");
    }
}
