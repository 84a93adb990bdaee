//! What people are told after remediation was decided.

use serde::{Deserialize, Serialize};

use super::{Action, Claim, ClaimState, Tried};
use crate::envelope::Message;
use crate::evidence::Gap;
use crate::id::IncidentId;
use crate::incident::Incident;
use crate::resource::ResourceRef;
use crate::severity::Severity;

/// The message `nightjar.remediation/1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemediationOutcome {
    pub incident: IncidentId,
    pub incident_title: String,
    pub resource: ResourceRef,
    pub severity: Severity,
    pub result: RemediationResult,
    /// Index of the runbook's step that this is about.
    #[serde(default)]
    pub step: usize,
    /// Everything that was carried out, where it did not help.
    #[serde(default)]
    pub tried: Vec<Tried>,
}

/// The result in one word, and the sentence that explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum RemediationResult {
    Done { text: String },
    Failed { text: String },
    Unknown { text: String },
    Rehearsed { text: String },
    Declined { text: String },
    AwaitingApproval { text: String },
    Healed { text: String },
    NotHealed { text: String },
    Contained { text: String },
    Undone { text: String },
    UndoFailed { text: String },
}

impl RemediationResult {
    pub fn text(&self) -> &str {
        match self {
            Self::Done { text }
            | Self::Failed { text }
            | Self::Unknown { text }
            | Self::Rehearsed { text }
            | Self::Declined { text }
            | Self::AwaitingApproval { text }
            | Self::Healed { text }
            | Self::NotHealed { text }
            | Self::Contained { text }
            | Self::Undone { text }
            | Self::UndoFailed { text } => text,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Unknown { .. } => "unknown",
            Self::Rehearsed { .. } => "rehearsed",
            Self::Declined { .. } => "declined",
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Healed { .. } => "healed",
            Self::NotHealed { .. } => "not_healed",
            Self::Contained { .. } => "contained",
            Self::Undone { .. } => "undone",
            Self::UndoFailed { .. } => "undo_failed",
        }
    }
}

impl RemediationOutcome {
    /// The outcome of a claim; `None` while there is nothing to tell.
    pub fn of(incident: &Incident, claim: &Claim) -> Option<Self> {
        let result = result_of(claim)?;
        let severity = match result {
            RemediationResult::Failed { .. }
            | RemediationResult::Unknown { .. }
            | RemediationResult::NotHealed { .. }
            | RemediationResult::Contained { .. }
            | RemediationResult::UndoFailed { .. } => Severity::Critical,
            RemediationResult::Done { .. } | RemediationResult::AwaitingApproval { .. } => incident.severity,
            RemediationResult::Rehearsed { .. }
            | RemediationResult::Declined { .. }
            | RemediationResult::Healed { .. }
            | RemediationResult::Undone { .. } => Severity::Info,
        };
        let tried = match &claim.state {
            ClaimState::Escalated { why } => claim.tried(why),
            ClaimState::Failed { error, .. } => claim.tried(error),
            _ => Vec::new(),
        };
        Some(Self {
            incident: incident.id.clone(),
            incident_title: incident.title.clone(),
            resource: incident.anomaly.resource.clone(),
            severity,
            result,
            step: claim.step(),
            tried,
        })
    }

    /// Whether people want to hear it: what was declined or rehearsed is in the audit trail, not in their inbox.
    pub fn is_worth_telling(&self) -> bool {
        !matches!(self.result, RemediationResult::Declined { .. } | RemediationResult::Rehearsed { .. })
    }

    /// Adds how to answer, to a message that asks for an approval.
    pub fn ask(&mut self, how: &str) {
        if let RemediationResult::AwaitingApproval { text } = &mut self.result {
            text.push(' ');
            text.push_str(how);
        }
    }

    /// Adds that the policy switched itself off.
    pub fn warn(&mut self, warning: &str) {
        if let RemediationResult::Failed { text }
        | RemediationResult::Unknown { text }
        | RemediationResult::NotHealed { text } = &mut self.result
        {
            text.push(' ');
            text.push_str(warning);
        }
    }
}

fn result_of(claim: &Claim) -> Option<RemediationResult> {
    Some(match &claim.state {
        ClaimState::Started { .. }
        | ClaimState::Underway { .. }
        | ClaimState::AwaitingApproval { decision: Some(_), .. }
        | ClaimState::UndoRequested { .. }
        | ClaimState::Finished { action: Action::SnapshotFirst } => return None,
        ClaimState::AwaitingApproval { action, until, decision: None, .. } => {
            RemediationResult::AwaitingApproval { text: format!("A {action} waits for your approval until {until}.") }
        }
        ClaimState::Finished { action } => {
            let service = if action.is_on_user() { "IAM" } else { "EC2" };
            RemediationResult::Done { text: format!("The {action} was requested; {service} accepted it.") }
        }
        ClaimState::Contained { action } => {
            let effect = if action.is_on_user() {
                "nobody calls AWS with the key any more; sessions that were made with it go on until they end"
            } else {
                "nothing reaches the instance any more but what the quarantine allows"
            };
            RemediationResult::Contained {
                text: format!(
                    "The {action} was carried out: {effect}. A person has to look, and can take it back: `nightjar remediate undo {}`.",
                    claim.incident
                ),
            }
        }
        ClaimState::Undone { action, by } => RemediationResult::Undone {
            text: format!("The {action} was taken back, as {by} asked: it is as it was before."),
        },
        ClaimState::UndoFailed { action, error } => RemediationResult::UndoFailed {
            text: format!("The {action} could not be taken back: {error}. A person has to look."),
        },
        ClaimState::Failed { action, error } => {
            RemediationResult::Failed { text: format!("The {action} failed: {error}. A person has to look.") }
        }
        ClaimState::Unknown { action } => RemediationResult::Unknown {
            text: format!(
                "Nobody knows whether the {action} was carried out: the function stopped in the middle. It is not repeated; a person has to look."
            ),
        },
        ClaimState::Rehearsed { action } => {
            RemediationResult::Rehearsed { text: format!("Dry run: a {action} would have been requested.") }
        }
        ClaimState::Declined(reason) => RemediationResult::Declined { text: format!("Nothing was done: {reason}.") },
        ClaimState::Healed { action, unread } => {
            let gap = |gap: &Gap| format!(" Not looked at: {} ({}).", gap.source, gap.reason);
            let gaps: Vec<String> = unread.iter().map(gap).collect();
            RemediationResult::Healed { text: format!("The {action} helped: the symptom is gone.{}", gaps.concat()) }
        }
        ClaimState::Escalated { why } => {
            let tried = claim.tried(why);
            let steps: Vec<String> =
                tried.iter().map(|t| format!("{} at {} ({})", t.action, t.at, t.outcome)).collect();
            let text = format!("Not healed: {why}. Tried: {}. A person has to look.", steps.join("; "));
            RemediationResult::NotHealed { text }
        }
    })
}

impl Message for RemediationOutcome {
    const SCHEMA: &'static str = "nightjar.remediation/1";
    const KIND: &'static str = "remediation";

    fn message_id(&self) -> String {
        match self.step {
            0 => format!("{}:{}", self.incident, self.result.name()),
            step => format!("{}:{}:{step}", self.incident, self.result.name()),
        }
    }

    fn severity(&self) -> Severity {
        self.severity
    }

    fn resource_type(&self) -> &str {
        &self.resource.kind
    }
}
