//! What a person does to an incident: acknowledge, suppress, resolve.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::envelope::Message;
use crate::incident::{Incident, Status, StatusChange};
use crate::routing::held::Change;
use crate::severity::Severity;

/// The message `nightjar.incident-change/1`: the incident after the change, which is the last of its timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentChange {
    pub incident: Incident,
}

/// Why a change is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is so already: nothing changes, and nothing is wrong.
    #[error("the incident is {} already", .0.as_str())]
    Already(Status),
    #[error("the incident is resolved: what is over stays over, and a new anomaly opens a new incident")]
    Over,
    #[error("a suppression needs an end after {now}")]
    NoEnd { now: Timestamp },
}

impl Incident {
    /// The incident after somebody changed its status. `until` is the end of a suppression, and of nothing else.
    pub fn changed(
        &self,
        to: Status,
        by: &str,
        why: &str,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        let until = until.filter(|_| to == Status::Suppressed);
        let newer_end = until.is_some() && until != self.timeline.last().and_then(|change| change.until);
        match (self.status, to) {
            (from, to) if from == to && !newer_end => return Err(Refused::Already(to)),
            (Status::Resolved, _) => return Err(Refused::Over),
            (_, Status::Suppressed) if until.is_none_or(|until| until <= now) => return Err(Refused::NoEnd { now }),
            _ => {}
        }
        let mut incident = self.clone();
        incident.status = to;
        incident.version += 1;
        incident.timeline.push(StatusChange {
            at: now,
            by: by.to_owned(),
            to,
            why: why.to_owned(),
            until,
            evidence: None,
            assignee: None,
        });
        Ok(incident)
    }
}

impl Incident {
    /// The incident after somebody gave it to `to`. Its status stays as it is. `None`: it is theirs already.
    pub fn assigned(&self, to: &str, by: &str, why: &str, now: Timestamp) -> Result<Option<Self>, Refused> {
        if self.status == Status::Resolved {
            return Err(Refused::Over);
        }
        if self.assignee.as_deref() == Some(to) {
            return Ok(None);
        }
        let mut incident = self.clone();
        incident.assignee = Some(to.to_owned());
        incident.version += 1;
        incident.timeline.push(StatusChange {
            at: now,
            by: by.to_owned(),
            to: self.status,
            why: format!("assigned to {to}: {why}"),
            until: self.timeline.last().and_then(|change| change.until),
            evidence: None,
            assignee: Some(to.to_owned()),
        });
        Ok(Some(incident))
    }
}

impl IncidentChange {
    /// What it means to those who tell people.
    pub fn change(&self) -> Change {
        let until = self.incident.timeline.last().and_then(|change| change.until);
        Change { incident: self.incident.id.to_string(), to: self.incident.status, until }
    }
}

impl Message for IncidentChange {
    const SCHEMA: &'static str = "nightjar.incident-change/1";
    const KIND: &'static str = "incident_change";

    fn message_id(&self) -> String {
        format!("{}:{}", self.incident.id, self.incident.version)
    }

    fn severity(&self) -> Severity {
        self.incident.severity
    }

    fn resource_type(&self) -> &str {
        &self.incident.anomaly.resource.kind
    }
}
