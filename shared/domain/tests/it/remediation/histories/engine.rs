//! The engine's way through its decisions, one call at a time, so that anything may come in between.

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::remediation::{
    Act, Action, Claim, ClaimState, Decision, DeclineReason, End, FleetState, GROUP_TAG, Mode, OpenRun, Plan,
    Remembered, Resume, Stop, Way, may_go_on, plan, resume, subject, way_back,
};

use super::aws::{INSTANCES, PROTECTED};
use super::world::{INCIDENTS, Invocation, LEASE, OF_INSTANCES, TIMEOUT, World};

impl World {
    pub(super) fn one_thing_happens(&mut self) {
        match self.dice.roll(26) {
            0..=7 => {
                let n = self.dice.roll(INCIDENTS as u64) as usize;
                self.deliver(n);
            }
            8..=16 if !self.running.is_empty() => {
                let index = self.dice.roll(self.running.len() as u64) as usize;
                let (n, born, invocation) = self.running.swap_remove(index);
                if self.elapsed - born <= TIMEOUT {
                    self.go_on(n, born, invocation);
                }
            }
            17 if !self.running.is_empty() => {
                let index = self.dice.roll(self.running.len() as u64) as usize;
                self.running.swap_remove(index);
            }
            18 => {
                let seconds = 60 + self.dice.roll(1800) as i64;
                self.elapsed += seconds;
                self.clock += SignedDuration::from_secs(seconds);
                self.aws.settle_group(self.elapsed);
            }
            19 => self.clock -= SignedDuration::from_secs(self.dice.roll(7200) as i64),
            20 if self.dice.once_in(6) => {
                self.jumped_ahead = true;
                self.clock += SignedDuration::from_secs(self.dice.roll(7200) as i64);
            }
            21 if self.dice.once_in(3) => {
                let stop = Stop { by: "ops".to_owned(), at: self.clock, why: "drill".to_owned() };
                self.control.stopped = if self.control.stopped.is_none() { Some(stop) } else { None };
            }
            22 | 23 => self.somebody_decides(),
            24 => self.somebody_wants_it_back(),
            25 if self.dice.once_in(3) => self.aws.meddle(&mut self.dice),
            _ => self.elapsed += 1,
        }
    }

    fn somebody_decides(&mut self) {
        let waits = |claim: &Claim| matches!(&claim.state, ClaimState::AwaitingApproval { decision: None, .. });
        let Some(mut claim) = self.some_claim(waits) else { return };
        let approved = !self.dice.once_in(4);
        if let ClaimState::AwaitingApproval { decision, .. } = &mut claim.state {
            *decision = Some(Decision { approved, by: "ops".to_owned(), at: self.clock, why: String::new() });
        }
        if approved {
            self.approved.insert(claim.incident.clone());
        }
        self.claims.insert(claim.incident.clone(), claim);
    }

    fn somebody_wants_it_back(&mut self) {
        let clock = self.clock;
        let Some(claim) = self.some_claim(|claim| claim.ask_back("ops", "", clock).is_ok()) else { return };
        let asked = claim.ask_back("ops", "", clock).unwrap();
        self.claims.insert(asked.incident.clone(), asked);
    }

    /// A message about the incident, or the sweep.
    fn deliver(&mut self, n: usize) {
        let (incident, at) = (self.incidents[n].clone(), self.clock);
        let look = Box::new(self.look(n));
        let Some(claim) = self.claims.get(&incident.id).cloned() else {
            // Declined for what passes: here the incident may come again, which is harder than the engine's way.
            let Plan::Planned { mode, .. } = plan(&incident, &self.policies, &look, at) else { return };
            assert!(mode >= Mode::Approve, "nothing is planned in a rehearsal here");
            let ask = mode == Mode::Approve;
            let decided = Invocation::Decided { seen: None, step: 0, outcome: "", look, at, ask };
            self.running.push((n, self.elapsed, decided));
            return;
        };
        match resume(&claim, at) {
            Resume::InFlight { .. } | Resume::Settled => {}
            Resume::OutcomeUnknown { action, .. } => {
                let shows = self.aws.shows(action, n % INSTANCES, &comment(&claim), claim.remembered());
                self.believed.insert((claim.incident.clone(), claim.step()));
                let state = match action {
                    Action::SsmDocument if shows => ClaimState::Underway { action },
                    action if shows => ClaimState::Finished { action },
                    action => ClaimState::Unknown { action },
                };
                self.settle(&claim, state);
            }
            Resume::AskPeople => self.take_word(n, claim, look, at),
            Resume::Complete { .. } => {
                let action = Action::SsmDocument;
                let failed = ClaimState::Failed { action, error: "TimedOut".to_owned() };
                let state = if self.dice.once_in(4) { failed } else { ClaimState::Finished { action } };
                self.settle(&claim, state);
            }
            Resume::Undo { action } => self.look_back(n, claim, action, &look),
            Resume::Verify { action, .. } => self.verify(n, claim, action, look, at),
        }
    }

    fn take_word(&mut self, n: usize, claim: Claim, look: Box<FleetState>, at: Timestamp) {
        let ClaimState::AwaitingApproval { until, fingerprint, decision, .. } = &claim.state else { return };
        let declined = match decision {
            None if at < *until => return,
            None => Some(DeclineReason::ApprovalExpired { until: *until }),
            Some(word) if !word.approved => Some(DeclineReason::Denied { by: word.by.clone(), why: String::new() }),
            Some(_) if look.fingerprint().as_ref() != Some(fingerprint) => Some(DeclineReason::Void),
            Some(_) => self.objection(n, &claim, 0, &look, at),
        };
        if let Some(reason) = declined {
            self.settle(&claim, ClaimState::Declined(reason));
            return;
        }
        let decided = Invocation::Decided { seen: Some(claim), step: 0, outcome: "", look, at, ask: false };
        self.running.push((n, self.elapsed, decided));
    }

    fn objection(
        &self,
        n: usize,
        claim: &Claim,
        step: usize,
        look: &FleetState,
        at: Timestamp,
    ) -> Option<DeclineReason> {
        let run = claim.run.as_ref().unwrap();
        let cooled = step > 0 || look.cooldown_until.is_none_or(|until| until <= at);
        if !cooled {
            return Some(DeclineReason::CoolingDown { until: at });
        }
        may_go_on(&self.incidents[n], &self.policies, &run.policy, &run.steps[step], look, at).err()
    }

    fn verify(&mut self, n: usize, claim: Claim, action: Action, look: Box<FleetState>, at: Timestamp) {
        if action.heals() && self.dice.once_in(2) {
            self.settle(&claim, ClaimState::Healed { action, unread: Vec::new() });
            return;
        }
        if matches!(action, Action::Isolate | Action::DisableAccessKey) {
            let holds = self.aws.shows(action, n % INSTANCES, "", claim.remembered());
            let escalated = ClaimState::Escalated { why: "undone by somebody".to_owned() };
            self.settle(&claim, if holds { ClaimState::Contained { action } } else { escalated });
            return;
        }
        let next = claim.step() + 1;
        let last = claim.next_step().is_none();
        let objection = if last { Some(DeclineReason::NoPolicy) } else { self.objection(n, &claim, next, &look, at) };
        if let Some(reason) = objection {
            self.settle(&claim, ClaimState::Escalated { why: reason.to_string() });
            return;
        }
        let decided = Invocation::Decided { seen: Some(claim), step: next, outcome: "still hot", look, at, ask: false };
        self.running.push((n, self.elapsed, decided));
    }

    fn look_back(&mut self, n: usize, claim: Claim, action: Action, look: &FleetState) {
        if self.control.stopped.is_some() {
            return;
        }
        let now = FleetState { group: Some(self.aws.group.clone()), ..look.clone() };
        let remembered = claim.remembered().unwrap();
        match way_back(remembered, claim.current_step(), &now, PROTECTED) {
            Ok(way) => {
                if way != Way::Nothing {
                    let step = (claim.incident.clone(), claim.step());
                    let done = self.calls.contains_key(&step) || self.believed.contains(&step);
                    assert!(done, "what was never done is not taken back");
                    assert!(
                        self.aws.shows(action, n % INSTANCES, "", Some(remembered)),
                        "what others changed since is left alone"
                    );
                }
                self.running.push((n, self.elapsed, Invocation::Undoing { claim, action, way }));
            }
            Err(error) => {
                *self.counted.entry("undo refused").or_default() += 1;
                self.settle(&claim, ClaimState::UndoFailed { action, error });
            }
        }
    }

    fn go_on(&mut self, n: usize, born: i64, invocation: Invocation) {
        match invocation {
            Invocation::Decided { seen, step, outcome, look, at, ask } => {
                self.begin((n, born), seen.as_ref(), (step, outcome), &look, at, ask);
            }
            Invocation::Won { claim } => self.call(n, born, claim),
            Invocation::Called { claim } => {
                let ClaimState::Started { action } = claim.state else { panic!("only what was started is called") };
                let failed = ClaimState::Failed { action, error: "refused".to_owned() };
                let refused = self.dice.once_in(8);
                let done = if action == Action::SsmDocument {
                    ClaimState::Underway { action }
                } else {
                    ClaimState::Finished { action }
                };
                self.settle(&claim, if refused { failed } else { done });
            }
            Invocation::Undoing { claim, action, way } => {
                // Setting what was there is harmless to repeat; the claim's state is written after it.
                self.aws.take_back(&way, n % INSTANCES);
                let name = match action {
                    Action::Isolate => "undo of isolate",
                    Action::ScaleOut => "undo of scale_out",
                    _ => "undo of disable_access_key",
                };
                *self.counted.entry(name).or_default() += u64::from(way != Way::Nothing);
                self.settle(&claim, ClaimState::Undone { action, by: "ops".to_owned() });
            }
        }
    }

    fn call(&mut self, n: usize, born: i64, claim: Claim) {
        if let Some(stop) = self.control.stopped.clone() {
            let reason = DeclineReason::Stopped { by: stop.by, at: stop.at, why: stop.why };
            self.settle(&claim, ClaimState::Declined(reason));
            return;
        }
        let ClaimState::Started { action } = claim.state else { panic!("only what was started is called") };
        let calls = self.calls.entry((claim.incident.clone(), claim.step())).or_default();
        *calls += 1;
        assert_eq!(*calls, 1, "a step was carried out twice");
        let bounds = &self.policies.bounds;
        let mode = if n >= OF_INSTANCES { bounds.mode.min(bounds.security_mode) } else { bounds.mode };
        assert!(mode == Mode::Auto || self.approved.contains(&claim.incident), "nobody approved it");
        if n >= OF_INSTANCES {
            assert!(self.policies.document.break_glass.is_empty(), "a key for emergencies was touched");
        }
        self.aws.call(action, n % INSTANCES, comment(&claim), claim.remembered());
        *self.counted.entry(action.as_str()).or_default() += 1;
        self.running.push((n, born, Invocation::Called { claim }));
    }

    /// The transaction of the table, with its conditions.
    fn begin(
        &mut self,
        (n, born): (usize, i64),
        seen: Option<&Claim>,
        (step, outcome): (usize, &str),
        look: &FleetState,
        at: Timestamp,
        ask: bool,
    ) {
        let incident = &self.incidents[n];
        let arn = subject(incident).arn;
        let cooled = ask || step > 0 || self.cooldowns.get(&arn).is_none_or(|until| *until <= at);
        let free = self.claims.get(&incident.id) == seen;
        if !free || !cooled || self.ledger.version != look.ledger.version || self.control.stopped.is_some() {
            return;
        }
        let mut ledger = look.ledger.clone();
        let claim = match seen {
            Some(claim) => claim.start(step, (step > 0).then_some(outcome), LEASE, at).unwrap(),
            None => self.first_claim(n, look, at, ask),
        };
        let run = claim.run.as_ref().unwrap();
        let action = run.steps[step].action;
        if ask {
            ledger.wait(
                OpenRun {
                    incident: incident.id.clone(),
                    resource_arn: arn.clone(),
                    policy: run.policy.clone(),
                    since: at,
                    waiting: true,
                    counted: false,
                },
                at,
            );
        } else {
            let tag = |key: &str| look.instance.as_ref()?.tags.get(key).cloned();
            let act = Act {
                incident: incident.id.clone(),
                resource_arn: arn.clone(),
                action,
                group: tag(GROUP_TAG),
                product: tag("product"),
                at,
                open: true,
            };
            ledger.act(act, &run.policy, at);
        }
        let remembered = Remembered::before(action, look).filter(|_| !ask);
        let claim = claim.remembering(remembered);
        ledger.version = look.ledger.version + 1;
        self.ledger = ledger;
        self.claims.insert(claim.incident.clone(), claim.clone());
        if ask {
            return;
        }
        if step == 0 {
            self.cooldowns.insert(arn, at + self.policies.bounds.cooldown);
        }
        self.wins.push((self.ledger.high_water.unwrap(), self.elapsed));
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
            let open = self.ledger.runs.iter().any(|run| run.incident == seen.incident && !run.counted);
            self.ledger.close(&seen.incident, end, &limits, self.clock);
            let counted = self.ledger.healing.values().map(|healing| healing.not_healed).sum::<u64>();
            assert_eq!(counted - failures, u64::from(open && end == End::NotHealed), "a failure is counted once");
            self.ledger.forget(&seen.incident, self.clock);
        }
        self.claims.insert(seen.incident.clone(), settled);
    }
}

/// How a command is found again.
fn comment(claim: &Claim) -> String {
    format!("{}#{}", claim.incident, claim.step())
}
