//! What people are told after remediation was decided.

use serde::{Deserialize, Serialize};

use super::{Claim, ClaimState};
use crate::envelope::Message;
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
}

impl RemediationResult {
    pub fn text(&self) -> &str {
        match self {
            Self::Done { text }
            | Self::Failed { text }
            | Self::Unknown { text }
            | Self::Rehearsed { text }
            | Self::Declined { text } => text,
        }
    }
}

impl RemediationOutcome {
    /// The outcome of a settled claim; `None` while it is not settled.
    pub fn of(incident: &Incident, claim: &Claim) -> Option<Self> {
        let result = match &claim.state {
            ClaimState::Started { .. } => return None,
            ClaimState::Finished { action } => {
                RemediationResult::Done { text: format!("The {action} was requested; EC2 accepted it.") }
            }
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
            ClaimState::Declined(reason) => {
                RemediationResult::Declined { text: format!("Nothing was done: {reason}.") }
            }
        };
        let severity = match result {
            RemediationResult::Failed { .. } | RemediationResult::Unknown { .. } => Severity::Critical,
            RemediationResult::Done { .. } => incident.severity,
            RemediationResult::Rehearsed { .. } | RemediationResult::Declined { .. } => Severity::Info,
        };
        Some(Self {
            incident: incident.id.clone(),
            incident_title: incident.title.clone(),
            resource: incident.anomaly.resource.clone(),
            severity,
            result,
        })
    }

    /// Whether people want to hear it: what was declined or rehearsed is in the audit trail, not in their inbox.
    pub fn is_worth_telling(&self) -> bool {
        !matches!(self.result, RemediationResult::Declined { .. } | RemediationResult::Rehearsed { .. })
    }
}

impl Message for RemediationOutcome {
    const SCHEMA: &'static str = "nightjar.remediation/1";
    const KIND: &'static str = "remediation";

    fn message_id(&self) -> String {
        let result = match self.result {
            RemediationResult::Done { .. } => "done",
            RemediationResult::Failed { .. } => "failed",
            RemediationResult::Unknown { .. } => "unknown",
            RemediationResult::Rehearsed { .. } => "rehearsed",
            RemediationResult::Declined { .. } => "declined",
        };
        format!("{}:{result}", self.incident)
    }

    fn severity(&self) -> Severity {
        self.severity
    }

    fn resource_type(&self) -> &str {
        &self.resource.kind
    }
}
