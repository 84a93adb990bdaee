//! Random histories of incidents, redeliveries, crashes, clock jumps and the kill switch, with many invocations at once,
//! against a model of the table's conditional writes: no cap is ever exceeded, nothing without consent is touched, and no
//! claim is acted upon twice.
//!
//! `NIGHTJAR_HISTORIES=100000` runs more than the default; the count is printed.

#![allow(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and its size is set from outside"
)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{
    Act, Action, Announcement, Bounds, Claim, ClaimState, Control, End, FleetState, GROUP_TAG, InstanceState, Ledger,
    Mode, Plan, Policies, PoliciesDocument, Resume, Run, Step, Stop, may_go_on, plan, resume,
};
use nightjar_testkit::{incident, now};

const LEASE: SignedDuration = SignedDuration::from_secs(120);
const STEPS: usize = 120;
/// Seconds after which Lambda ends an invocation.
const TIMEOUT: i64 = 60;

/// `SplitMix64` (Steele, Lea, Flood 2014): small, seeded, good enough to choose among a few things.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// An invocation between two of its calls. A crash forgets it.
enum Invocation {
    /// It has looked, and decided to start `step`; it writes next.
    Decided { seen: Option<Claim>, step: usize, look: Box<FleetState>, at: Timestamp },
    /// It won the claim; it calls next.
    Won { claim: Claim },
    /// It has called; it settles next.
    Called { claim: Claim },
}

struct World {
    dice: Dice,
    policies: Policies,
    incidents: Vec<Incident>,
    instances: Vec<InstanceState>,
    claims: BTreeMap<IncidentId, Claim>,
    cooldowns: BTreeMap<String, Timestamp>,
    ledger: Ledger,
    control: Control,
    /// The incident, when the invocation began, and where it is.
    running: Vec<(usize, i64, Invocation)>,
    clock: Timestamp,
    /// Seconds that really passed.
    elapsed: i64,
    jumped_ahead: bool,
    calls: BTreeMap<(IncidentId, usize), u32>,
    /// Wins, by the ledger's clock and by real time.
    wins: Vec<(Timestamp, i64)>,
    acted: u64,
}

fn world(seed: u64) -> World {
    let mut dice = Dice(seed);
    let mut document = PoliciesDocument::bundled().unwrap();
    document.limits.per_hour = 1 + dice.roll(4) as u32;
    document.limits.product_percent = 50;
    document.limits.breaker_failures = 2 + dice.roll(3) as u32;
    document.policies.drain(..2);
    document.policies[0].runbook = vec![
        Step { settle_minutes: 0, ..Step::from(Action::SnapshotFirst) },
        Step { settle_minutes: 5, ..Step::from(Action::Reboot) },
    ];
    let bounds = Bounds {
        mode: Mode::Auto,
        opt_in_tag: "opt".to_owned(),
        protected_tag: "never".to_owned(),
        product_tag: "product".to_owned(),
        cooldown: SignedDuration::from_mins(30),
        max_incident_age: SignedDuration::from_hours(24 * 365),
        min_instance_age: SignedDuration::ZERO,
    };
    let instances = (0..6_u32).map(|n| {
        let mut tags = BTreeMap::from([("product".to_owned(), "shop".to_owned())]);
        if n != 4 {
            tags.insert("opt".to_owned(), "reboot".to_owned());
        }
        if n == 5 {
            tags.insert("never".to_owned(), String::new());
        }
        if n < 2 {
            tags.insert(GROUP_TAG.to_owned(), "web".to_owned());
        }
        InstanceState { state: "running".to_owned(), tags, volumes: vec!["vol".to_owned()], ..InstanceState::default() }
    });
    let incidents = (0..9_usize).map(|n| {
        let mut incident = incident();
        incident.id = IncidentId::derive(&[&n.to_string()]);
        incident.anomaly.resource.arn = format!("i-{}", n % 6);
        incident
    });
    World {
        dice,
        policies: Policies { bounds, document, maintenance: MaintenanceWindows::default() },
        incidents: incidents.collect(),
        instances: instances.collect(),
        claims: BTreeMap::new(),
        cooldowns: BTreeMap::new(),
        ledger: Ledger::default(),
        control: Control::default(),
        running: Vec::new(),
        clock: now(),
        elapsed: 0,
        jumped_ahead: false,
        calls: BTreeMap::new(),
        wins: Vec::new(),
        acted: 0,
    }
}

impl World {
    fn look(&self, n: usize) -> FleetState {
        FleetState {
            instance: Some(self.instances[n % 6].clone()),
            group: None,
            product_members: 6,
            cooldown_until: self.cooldowns.get(&self.incidents[n].anomaly.resource.arn).copied(),
            incident_status: None,
            control: self.control.clone(),
            ledger: self.ledger.clone(),
        }
    }

    fn one_thing_happens(&mut self) {
        match self.dice.roll(20) {
            0..=6 => {
                let n = self.dice.roll(9) as usize;
                self.deliver(n);
            }
            7..=14 if !self.running.is_empty() => {
                let index = self.dice.roll(self.running.len() as u64) as usize;
                let (n, born, invocation) = self.running.swap_remove(index);
                if self.elapsed - born <= TIMEOUT {
                    self.go_on(n, born, invocation);
                }
            }
            15 if !self.running.is_empty() => {
                let index = self.dice.roll(self.running.len() as u64) as usize;
                self.running.swap_remove(index);
            }
            16 => {
                let seconds = 60 + self.dice.roll(1800) as i64;
                self.elapsed += seconds;
                self.clock += SignedDuration::from_secs(seconds);
            }
            17 => self.clock -= SignedDuration::from_secs(self.dice.roll(7200) as i64),
            18 if self.dice.roll(6) == 0 => {
                self.jumped_ahead = true;
                self.clock += SignedDuration::from_secs(self.dice.roll(7200) as i64);
            }
            19 if self.dice.roll(3) == 0 => {
                let stop = Stop { by: "ops".to_owned(), at: self.clock, why: "drill".to_owned() };
                self.control.stopped = if self.control.stopped.is_none() { Some(stop) } else { None };
            }
            _ => self.elapsed += 1,
        }
    }

    /// A message about the incident, or the sweep.
    fn deliver(&mut self, n: usize) {
        let (incident, at) = (self.incidents[n].clone(), self.clock);
        let look = self.look(n);
        let Some(claim) = self.claims.get(&incident.id).cloned() else {
            match plan(&incident, &self.policies, &look, at) {
                Plan::Planned { .. } => {
                    let look = Box::new(look);
                    self.running.push((n, self.elapsed, Invocation::Decided { seen: None, step: 0, look, at }));
                }
                // Declined for what passes: here the incident may come again, which is harder than the engine's way.
                Plan::Declined { .. } => {}
            }
            return;
        };
        match resume(&claim, at) {
            Resume::InFlight { .. }
            | Resume::Settled
            | Resume::AskPeople
            | Resume::Complete { .. }
            | Resume::Undo { .. } => {}
            Resume::OutcomeUnknown { action, .. } => {
                let state = ClaimState::Unknown { action };
                self.settle(&claim, state);
            }
            Resume::Verify { action: Action::SnapshotFirst, .. } => {
                let policy = claim.run.as_ref().unwrap().policy.clone();
                match may_go_on(&incident, &self.policies, &policy, &Step::from(Action::Reboot), &look, at) {
                    Ok(()) => {
                        let look = Box::new(look);
                        self.running.push((
                            n,
                            self.elapsed,
                            Invocation::Decided { seen: Some(claim), step: 1, look, at },
                        ));
                    }
                    Err(reason) => self.settle(&claim, ClaimState::Escalated { why: reason.to_string() }),
                }
            }
            Resume::Verify { action, .. } => {
                let healed = self.dice.roll(2) == 0;
                let escalated = ClaimState::Escalated { why: "still hot".to_owned() };
                self.settle(&claim, if healed { ClaimState::Healed { action } } else { escalated });
            }
        }
    }

    fn go_on(&mut self, n: usize, born: i64, invocation: Invocation) {
        match invocation {
            Invocation::Decided { seen, step, look, at } => self.begin((n, born), seen.as_ref(), step, &look, at),
            Invocation::Won { claim } => {
                if self.control.stopped.is_some() {
                    let stop = self.control.stopped.clone().unwrap();
                    let reason = nightjar_domain::remediation::DeclineReason::Stopped {
                        by: stop.by,
                        at: stop.at,
                        why: stop.why,
                    };
                    self.settle(&claim, ClaimState::Declined(reason));
                    return;
                }
                let calls = self.calls.entry((claim.incident.clone(), claim.step())).or_default();
                *calls += 1;
                assert_eq!(*calls, 1, "a step was carried out twice");
                assert!(n % 6 < 4, "a resource without consent, or a protected one, was touched");
                self.acted += 1;
                self.running.push((n, born, Invocation::Called { claim }));
            }
            Invocation::Called { claim } => {
                let ClaimState::Started { action } = claim.state else { panic!("only what was started is called") };
                let refused = self.dice.roll(8) == 0;
                let failed = ClaimState::Failed { action, error: "refused".to_owned() };
                self.settle(&claim, if refused { failed } else { ClaimState::Finished { action } });
            }
        }
    }

    /// The transaction of the table, with its conditions.
    fn begin(&mut self, (n, born): (usize, i64), seen: Option<&Claim>, step: usize, look: &FleetState, at: Timestamp) {
        let incident = &self.incidents[n];
        let arn = incident.anomaly.resource.arn.clone();
        let cooled = step > 0 || self.cooldowns.get(&arn).is_none_or(|until| *until <= at);
        let free = self.claims.get(&incident.id) == seen;
        if !free || !cooled || self.ledger.version != look.ledger.version || self.control.stopped.is_some() {
            return;
        }
        let policy = self.policies.document.policies[0].clone();
        let claim = match seen {
            Some(claim) => claim.start(step, Some("taken"), LEASE, at).unwrap(),
            None => Claim {
                incident: incident.id.clone(),
                resource_arn: arn.clone(),
                state: ClaimState::Started { action: policy.runbook[0].action },
                claimed_at: at,
                lease_until: at + LEASE,
                settled_at: None,
                announcement: Announcement::Due,
                run: Some(Run {
                    policy: policy.name.clone(),
                    steps: policy.runbook.clone(),
                    step: 0,
                    trace: String::new(),
                    tried: Vec::new(),
                    acted_at: Some(at),
                    approved_by: None,
                    remembered: None,
                }),
            },
        };
        let tag = |key: &str| self.instances[n % 6].tags.get(key).cloned();
        let mut ledger = look.ledger.clone();
        let act = Act {
            incident: incident.id.clone(),
            resource_arn: arn.clone(),
            action: policy.runbook[step].action,
            group: tag(GROUP_TAG),
            product: tag("product"),
            at,
            open: true,
        };
        ledger.act(act, &policy.name, at);
        ledger.version = look.ledger.version + 1;
        self.ledger = ledger;
        if step == 0 {
            self.cooldowns.insert(arn, at + self.policies.bounds.cooldown);
        }
        self.wins.push((self.ledger.high_water.unwrap(), self.elapsed));
        self.claims.insert(claim.incident.clone(), claim.clone());
        self.running.push((n, born, Invocation::Won { claim }));
        self.check();
    }

    fn settle(&mut self, seen: &Claim, state: ClaimState) {
        if self.claims.get(&seen.incident) != Some(seen) {
            return;
        }
        let settled = seen.settled(state, self.clock);
        if let Some(end) = settled.end() {
            // A crash here would leave the run open, which only blocks; the sweep closes it later.
            let limits = self.policies.document.limits.clone();
            let failures = self.ledger.healing.values().map(|healing| healing.not_healed).sum::<u64>();
            self.ledger.close(&seen.incident, end, &limits, self.clock);
            let counted = self.ledger.healing.values().map(|healing| healing.not_healed).sum::<u64>();
            assert_eq!(counted - failures, u64::from(end == End::NotHealed), "a failure is counted once");
            self.ledger.forget(&seen.incident, self.clock);
        }
        self.claims.insert(seen.incident.clone(), settled);
    }

    fn check(&self) {
        let cap = self.policies.document.limits.per_hour as usize;
        let (newest, elapsed) = *self.wins.last().unwrap();
        let hour = SignedDuration::from_hours(1);
        let by_ledger = self.wins.iter().filter(|(at, _)| *at > newest - hour).count();
        assert!(by_ledger <= cap, "{by_ledger} steps within an hour where {cap} are allowed");
        if !self.jumped_ahead {
            let by_time = self.wins.iter().filter(|(_, at)| *at > elapsed - 3600 + TIMEOUT).count();
            assert!(by_time <= cap, "{by_time} steps within a real hour where {cap} are allowed");
        }
        // What is under way, told by the claims and not by the ledger.
        let open: Vec<&Claim> = self.claims.values().filter(|claim| claim.end().is_none()).collect();
        let resources: BTreeSet<&str> = open.iter().map(|claim| claim.resource_arn.as_str()).collect();
        assert_eq!(resources.len(), open.len(), "two runs on one resource");
        assert!(!(resources.contains("i-0") && resources.contains("i-1")), "two members of one group");
        assert!(resources.len() <= 3, "more than half of a product");
    }
}

#[test]
fn no_history_exceeds_a_cap_or_acts_twice() {
    let wanted = std::env::var("NIGHTJAR_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000_u64);
    let mut acted = 0;
    for seed in 0..wanted {
        let mut world = world(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        for _ in 0..STEPS {
            world.one_thing_happens();
        }
        acted += world.acted;
    }
    assert!(acted > wanted, "the histories must be lively to prove anything: {acted} calls in {wanted}");
    println!("{wanted} histories of {STEPS} events, {acted} calls, no cap exceeded");
}
