//! The claim on a remediation: taken before anything is done, settled after it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::belts::STOP_LIMIT;
use super::{Action, DeclineReason, End, FleetState, Step};
use crate::evidence::Gap;
use crate::id::IncidentId;

/// One incident's remediation, as stored. Whoever writes it first owns the action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claim {
    pub incident: IncidentId,
    pub resource_arn: String,
    pub state: ClaimState,
    pub claimed_at: Timestamp,
    /// Until when the owner may still be at work.
    pub lease_until: Timestamp,
    pub settled_at: Option<Timestamp>,
    pub announcement: Announcement,
    /// The runbook and how far it has come; absent where nothing was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

/// A runbook under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Run {
    pub policy: String,
    pub steps: Vec<Step>,
    /// Index of the step that `state` is about.
    pub step: usize,
    /// Of the messages that led here.
    pub trace: String,
    /// What was carried out before, and how it went.
    pub tried: Vec<Tried>,
    /// When the current step was carried out.
    pub acted_at: Option<Timestamp>,
    /// Who approved it, where somebody had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// How it was before the current step, where that can be taken back; or what the step is followed by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
}

/// What a step must not forget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "remembered", rename_all = "snake_case")]
pub enum Remembered {
    /// The security groups that an isolated instance had.
    SecurityGroups { groups: Vec<String> },
    /// The capacity that a group had.
    Capacity { group: String, desired: u32 },
    /// Systems Manager's id of the command.
    Command { id: String },
    /// The keys of a user that were active.
    AccessKeys { user: String, keys: Vec<String> },
}

impl Remembered {
    /// How it is before `action`, where that is to be remembered.
    pub fn before(action: Action, fleet: &FleetState) -> Option<Self> {
        match action {
            Action::Isolate => Some(Self::SecurityGroups { groups: fleet.instance.as_ref()?.security_groups.clone() }),
            Action::ScaleOut => {
                let group = fleet.group.as_ref()?;
                Some(Self::Capacity { group: group.name.clone(), desired: group.desired })
            }
            Action::DisableAccessKey => {
                let user = fleet.user.as_ref()?;
                Some(Self::AccessKeys { user: user.name.clone(), keys: user.to_disable() })
            }
            _ => None,
        }
    }
}

/// Why a run cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotUndo {
    #[error("it has not ended yet")]
    NotEnded,
    #[error("it was taken back already")]
    Undone,
    #[error("its last step cannot be taken back: only isolate, scale_out and disable_access_key can")]
    Nothing,
}

/// One step and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tried {
    pub action: Action,
    pub at: Timestamp,
    pub outcome: String,
}

/// Whether people were told how it ended. Until they were, every redelivery tries to tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    Due,
    /// A delivery may be telling them until then; afterwards another one may.
    Underway {
        until: Timestamp,
    },
    Done,
}

/// A person's word on an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    pub approved: bool,
    pub by: String,
    pub at: Timestamp,
    pub why: String,
}

/// Where a claim stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ClaimState {
    /// A person is asked.
    AwaitingApproval {
        action: Action,
        until: Timestamp,
        /// Of the instance as it was when the approval was asked for.
        fingerprint: String,
        decision: Option<Decision>,
    },
    /// The call may have been made, or not yet.
    Started {
        action: Action,
    },
    /// The first of several calls was accepted; the rest follows once the instance is ready for it.
    Underway {
        action: Action,
    },
    /// AWS accepted the calls.
    Finished {
        action: Action,
    },
    /// AWS refused the call.
    Failed {
        action: Action,
        error: String,
    },
    /// Nobody knows whether the call was made.
    Unknown {
        action: Action,
    },
    Rehearsed {
        action: Action,
    },
    Declined(DeclineReason),
    /// The symptom is gone.
    Healed {
        action: Action,
        /// Logs that should have been asked again and could not be: they say nothing for it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread: Vec<Gap>,
    },
    /// The runbook ended and the symptom is still there.
    Escalated {
        why: String,
    },
    /// The instance is cut off, or the key: what follows is for people.
    Contained {
        action: Action,
    },
    /// Somebody wants the last step taken back.
    UndoRequested {
        action: Action,
        by: String,
        why: String,
    },
    /// It is as it was before.
    Undone {
        action: Action,
        by: String,
    },
    /// It could not be taken back.
    UndoFailed {
        action: Action,
        error: String,
    },
}

/// What a second delivery of the same incident may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Ended: nothing but telling people, if that has not happened.
    Settled,
    /// The owner may still be at work: come back later.
    InFlight { until: Timestamp },
    /// The owner is gone and left no outcome: look, then tell people. Never repeat.
    OutcomeUnknown { action: Action, since: Timestamp },
    /// A person has to say something first, or has said it.
    AskPeople,
    /// Look how far what was begun has come, and go on with it.
    Complete { since: Timestamp },
    /// Take the last step back.
    Undo { action: Action },
    /// Look whether it helped.
    Verify { action: Action, since: Timestamp },
}

/// Decides what a delivery may do that finds the claim taken.
pub fn resume(claim: &Claim, now: Timestamp) -> Resume {
    match &claim.state {
        ClaimState::Started { .. } if now < claim.lease_until => Resume::InFlight { until: claim.lease_until },
        ClaimState::Started { action } => {
            Resume::OutcomeUnknown { action: *action, since: claim.acted_at().unwrap_or(claim.claimed_at) }
        }
        ClaimState::AwaitingApproval { .. } => Resume::AskPeople,
        ClaimState::Underway { .. } => Resume::Complete { since: claim.acted_at().unwrap_or(claim.claimed_at) },
        ClaimState::UndoRequested { action, .. } => Resume::Undo { action: *action },
        // A claim without a run was settled before effects were judged.
        ClaimState::Finished { action } if claim.run.is_some() => {
            Resume::Verify { action: *action, since: claim.settled_at.unwrap_or(claim.claimed_at) }
        }
        _ => Resume::Settled,
    }
}

impl Claim {
    pub fn acted_at(&self) -> Option<Timestamp> {
        self.run.as_ref()?.acted_at
    }

    /// The step the claim is about; 0 where nothing was planned.
    pub fn step(&self) -> usize {
        self.run.as_ref().map_or(0, |run| run.step)
    }

    /// How long the current step's effect settles before it is judged.
    pub fn settle(&self) -> SignedDuration {
        let minutes = self.run.as_ref().and_then(|run| run.steps.get(run.step)).map_or(0, |step| step.settle_minutes);
        SignedDuration::from_mins(i64::from(minutes))
    }

    /// The step after this one.
    pub fn next_step(&self) -> Option<Step> {
        let run = self.run.as_ref()?;
        run.steps.get(run.step + 1).cloned()
    }

    /// The current step.
    pub fn current_step(&self) -> Option<&Step> {
        let run = self.run.as_ref()?;
        run.steps.get(run.step)
    }

    pub fn remembered(&self) -> Option<&Remembered> {
        self.run.as_ref()?.remembered.as_ref()
    }

    /// The same claim, remembering something of its current step.
    #[must_use]
    pub fn remembering(mut self, remembered: Option<Remembered>) -> Self {
        if let Some(run) = &mut self.run {
            run.remembered = remembered;
        }
        self
    }

    /// The same claim with its last step asked back; what is asked for already stays as it is.
    pub fn ask_back(&self, by: &str, why: &str, now: Timestamp) -> Result<Self, CannotUndo> {
        let action = match &self.state {
            ClaimState::UndoRequested { .. } => return Ok(self.clone()),
            ClaimState::Undone { .. } => return Err(CannotUndo::Undone),
            // Won, and stopped before the call: whatever looks like it is somebody else's.
            ClaimState::Declined(_) | ClaimState::Rehearsed { .. } => return Err(CannotUndo::Nothing),
            _ if self.end().is_none() => return Err(CannotUndo::NotEnded),
            _ => self.current_step().map(|step| step.action),
        };
        let known = !matches!(self.remembered(), None | Some(Remembered::Command { .. }));
        match action {
            Some(action) if known && self.acted_at().is_some() => {
                let (by, why) = (by.to_owned(), why.to_owned());
                Ok(self.settled(ClaimState::UndoRequested { action, by, why }, now))
            }
            _ => Err(CannotUndo::Nothing),
        }
    }

    /// Whether what was begun has taken too long: a stop, a command.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.acted_at().is_some_and(|at| now.duration_since(at) > STOP_LIMIT)
    }

    /// The same claim with its current step noted as `outcome` and the next one started.
    pub fn start(&self, step: usize, outcome: Option<&str>, lease: SignedDuration, now: Timestamp) -> Option<Self> {
        let mut run = self.run.clone()?;
        let action = run.steps.get(step)?.action;
        if let (Some(outcome), Some(at), Some(current)) = (outcome, run.acted_at, run.steps.get(run.step)) {
            run.tried.push(Tried { action: current.action, at, outcome: outcome.to_owned() });
        }
        run.step = step;
        run.acted_at = Some(now);
        run.remembered = None;
        Some(Self {
            state: ClaimState::Started { action },
            lease_until: now + lease,
            settled_at: None,
            announcement: Announcement::Due,
            run: Some(run),
            ..self.clone()
        })
    }

    /// The same claim in another state.
    #[must_use]
    pub fn settled(&self, state: ClaimState, now: Timestamp) -> Self {
        Self { state, settled_at: Some(now), announcement: Announcement::Due, ..self.clone() }
    }

    /// Everything that was carried out, the current step with what is said of it now.
    pub fn tried(&self, outcome: &str) -> Vec<Tried> {
        let Some(run) = &self.run else { return Vec::new() };
        let current = run.steps.get(run.step).zip(run.acted_at);
        let current = current.map(|(step, at)| Tried { action: step.action, at, outcome: outcome.to_owned() });
        run.tried.iter().cloned().chain(current).collect()
    }

    /// Whether it was declined before anything was planned.
    pub fn was_left_alone(&self) -> bool {
        self.run.is_none() && matches!(self.state, ClaimState::Declined(_))
    }

    /// How the run ended for its policy; `None` while it has not.
    pub fn end(&self) -> Option<End> {
        match &self.state {
            ClaimState::Healed { .. } => Some(End::Healed),
            ClaimState::Failed { .. } | ClaimState::Unknown { .. } | ClaimState::Escalated { .. } => {
                Some(End::NotHealed)
            }
            ClaimState::Declined(_)
            | ClaimState::Rehearsed { .. }
            | ClaimState::Contained { .. }
            | ClaimState::Undone { .. }
            | ClaimState::UndoFailed { .. } => Some(End::Nothing),
            ClaimState::Finished { .. } if self.run.is_none() => Some(End::Nothing),
            _ => None,
        }
    }
}
