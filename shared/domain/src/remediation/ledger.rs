//! Everything that was done within the last hour and everything that is under way, in one value.
//!
//! It is stored as one item, written under the condition that nobody wrote in between. So two invocations that decide at the
//! same moment cannot both use the last place under a cap: one of them decides again, on what the other left.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Action, Limits};
use crate::id::IncidentId;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Acts, runs and how well policies heal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Ledger {
    /// Grows by one with every write.
    pub version: u64,
    /// The latest instant at which anything was written. A clock that jumps back does not make room under a cap.
    pub high_water: Option<Timestamp>,
    pub acts: Vec<Act>,
    pub runs: Vec<OpenRun>,
    pub breakers: BTreeMap<String, Breaker>,
    pub healing: BTreeMap<String, Healing>,
}

/// One step that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Act {
    pub incident: IncidentId,
    pub resource_arn: String,
    pub action: Action,
    pub group: Option<String>,
    pub product: Option<String>,
    pub at: Timestamp,
    /// Until its effect was judged.
    pub open: bool,
}

/// A run that has not ended, or whose end was not told yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OpenRun {
    pub incident: IncidentId,
    pub resource_arn: String,
    pub policy: String,
    pub since: Timestamp,
    /// Whether it waits for a person's approval.
    pub waiting: bool,
    /// Whether its end is counted.
    pub counted: bool,
}

/// Whether a policy switched itself off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    pub opened_at: Option<Timestamp>,
}

/// How a policy's runs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Healing {
    pub healed: u64,
    pub not_healed: u64,
}

/// How a run ended, as far as its policy is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Healed,
    NotHealed,
    /// Nothing was carried out.
    Nothing,
}

impl Breaker {
    /// Until when the policy is off; `None` while it is on.
    pub fn open_until(&self, limits: &Limits, now: Timestamp) -> Option<Timestamp> {
        let until = self.opened_at? + SignedDuration::from_mins(i64::from(limits.breaker_minutes));
        (now < until).then_some(until)
    }
}

impl Ledger {
    /// The instant that caps are measured at: never before one that was used already.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        self.high_water.map_or(now, |high| high.max(now))
    }

    /// Steps carried out within the last hour.
    pub fn acts_in_the_last_hour(&self, now: Timestamp) -> usize {
        let since = self.clock(now) - HOUR;
        self.acts.iter().filter(|act| act.at > since).count()
    }

    /// Acts of other incidents whose effect was not judged yet.
    pub fn open_acts<'a>(&'a self, except: &'a IncidentId) -> impl Iterator<Item = &'a Act> {
        self.acts.iter().filter(move |act| act.open && act.incident != *except)
    }

    /// How many runs wait for an approval.
    pub fn waiting(&self) -> usize {
        self.runs.iter().filter(|run| run.waiting).count()
    }

    /// Until when `policy` is off because it failed too often.
    pub fn breaker_until(&self, policy: &str, limits: &Limits, now: Timestamp) -> Option<Timestamp> {
        self.breakers.get(policy)?.open_until(limits, self.clock(now))
    }

    /// Notes that a run waits for a person.
    pub fn wait(&mut self, run: OpenRun, now: Timestamp) {
        self.touch(now);
        self.runs.retain(|other| other.incident != run.incident);
        self.runs.push(OpenRun { waiting: true, ..run });
    }

    /// Notes a step that is about to be carried out. The run's step before is no longer open.
    pub fn act(&mut self, mut act: Act, policy: &str, now: Timestamp) {
        let now = self.touch(now);
        act.at = now;
        for earlier in self.acts.iter_mut().filter(|earlier| earlier.incident == act.incident) {
            earlier.open = false;
        }
        self.acts.retain(|earlier| earlier.open || earlier.at > now - HOUR);
        let since = self.runs.iter().find(|run| run.incident == act.incident).map_or(now, |run| run.since);
        self.runs.retain(|run| run.incident != act.incident);
        self.runs.push(OpenRun {
            incident: act.incident.clone(),
            resource_arn: act.resource_arn.clone(),
            policy: policy.to_owned(),
            since,
            waiting: false,
            counted: false,
        });
        self.acts.push(act);
    }

    /// Counts the end of a run, once. Returns whether that switched its policy off.
    pub fn close(&mut self, incident: &IncidentId, end: End, limits: &Limits, now: Timestamp) -> bool {
        let now = self.touch(now);
        for act in self.acts.iter_mut().filter(|act| act.incident == *incident) {
            act.open = false;
        }
        let Some(run) = self.runs.iter_mut().find(|run| run.incident == *incident && !run.counted) else {
            return false;
        };
        run.counted = true;
        run.waiting = false;
        if end == End::Nothing {
            return false;
        }
        let healing = self.healing.entry(run.policy.clone()).or_default();
        let breaker = self.breakers.entry(run.policy.clone()).or_default();
        if end == End::Healed {
            healing.healed += 1;
            *breaker = Breaker::default();
            return false;
        }
        healing.not_healed += 1;
        if breaker.opened_at.is_some() && breaker.open_until(limits, now).is_none() {
            *breaker = Breaker::default();
        }
        breaker.failures += 1;
        let opens = breaker.failures >= limits.breaker_failures && breaker.opened_at.is_none();
        if opens {
            breaker.opened_at = Some(now);
        }
        opens
    }

    /// Forgets a run whose end was counted and told.
    pub fn forget(&mut self, incident: &IncidentId, now: Timestamp) {
        self.touch(now);
        self.runs.retain(|run| run.incident != *incident);
    }

    /// Notes that a run which had ended goes on: somebody wants its last step taken back.
    pub fn reopen(&mut self, run: OpenRun, now: Timestamp) {
        self.touch(now);
        self.runs.retain(|other| other.incident != run.incident);
        self.runs.push(OpenRun { waiting: false, counted: true, ..run });
    }

    /// Switches a policy on again; `false` when it was not off.
    pub fn reset_breaker(&mut self, policy: &str, now: Timestamp) -> bool {
        let was_off = self.breakers.get(policy).is_some_and(|breaker| breaker.opened_at.is_some());
        if was_off {
            self.touch(now);
            self.breakers.remove(policy);
        }
        was_off
    }

    fn touch(&mut self, now: Timestamp) -> Timestamp {
        let now = self.clock(now);
        self.high_water = Some(now);
        self.version += 1;
        now
    }
}
