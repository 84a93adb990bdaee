//! One notice: what every channel renders in its own way.

use jiff::Timestamp;

use super::attack;
use super::deed::Deed;
use super::report::{Section, report};
use crate::coverage::digest::CoverageDigest;
use crate::envelope::{Envelope, Message};
use crate::incident::Incident;
use crate::remediation::{RemediationOutcome, RemediationResult};
use crate::severity::Severity;

/// Something people are told, whatever it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The id of the message it was made from: the same on every delivery.
    pub id: String,
    pub kind: &'static str,
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What happened, in a sentence or two.
    pub summary: String,
    /// Labelled facts, in the order they are shown.
    pub facts: Vec<(&'static str, String)>,
    /// The parts of the finding, what matters most first; each a heading and its lines.
    pub findings: Vec<String>,
    pub occurred_at: Timestamp,
    pub resource_id: String,
    pub incident_id: String,
    /// Where more is to be seen.
    pub link: Option<String>,
    /// What can be done about it there.
    pub deeds: Vec<Deed>,
}

impl From<&Envelope<Incident>> for Notice {
    fn from(envelope: &Envelope<Incident>) -> Self {
        let incident = &envelope.body;
        let anomaly = &incident.anomaly;
        Self {
            id: envelope.id.clone(),
            kind: Incident::KIND,
            severity: incident.severity,
            title: incident.title.clone(),
            summary: incident.finding.summary.clone(),
            facts: incident.security.as_ref().map_or_else(|| metric_facts(incident), attack::facts),
            findings: report(incident).iter().map(Section::text).collect(),
            occurred_at: incident.opened_at,
            resource_id: anomaly.resource.id.clone(),
            incident_id: incident.id.to_string(),
            link: None,
            deeds: vec![Deed::Acknowledge, Deed::Silence],
        }
    }
}

fn metric_facts(incident: &Incident) -> Vec<(&'static str, String)> {
    let anomaly = &incident.anomaly;
    vec![
        ("Resource", anomaly.resource.label()),
        ("Region", format!("{} (account {})", anomaly.resource.region, anomaly.resource.account)),
        ("Metric", anomaly.metric.to_string()),
        ("Score", format!("{:.3}", anomaly.score)),
        ("Why", anomaly.reasons.join("; ")),
        ("Incident", incident.id.to_string()),
    ]
}

impl From<&Envelope<CoverageDigest>> for Notice {
    fn from(envelope: &Envelope<CoverageDigest>) -> Self {
        let digest = &envelope.body;
        let owner = digest.owner.clone().unwrap_or_else(|| "nobody: no tag names an owner".to_owned());
        let mut facts = vec![("Owner", owner)];
        facts.extend(digest.product.clone().map(|product| ("Product", product)));
        facts.push(("Coverage", format!("{} of 100, before {}", digest.now, digest.before)));
        Self {
            id: envelope.id.clone(),
            kind: CoverageDigest::KIND,
            severity: digest.severity(),
            title: digest.title(),
            summary: digest.summary(),
            facts,
            findings: digest.findings(),
            occurred_at: envelope.occurred_at,
            resource_id: digest.resource.id.clone(),
            // It is about no incident, and nothing is to be done about one.
            incident_id: String::new(),
            link: None,
            deeds: Vec::new(),
        }
    }
}

impl From<&Envelope<RemediationOutcome>> for Notice {
    fn from(envelope: &Envelope<RemediationOutcome>) -> Self {
        let outcome = &envelope.body;
        Self {
            id: envelope.id.clone(),
            kind: RemediationOutcome::KIND,
            severity: outcome.severity,
            title: format!("Remediation of {}", outcome.resource.label()),
            summary: outcome.result.text().to_owned(),
            facts: vec![
                ("Resource", outcome.resource.label()),
                ("Region", format!("{} (account {})", outcome.resource.region, outcome.resource.account)),
                ("Because of", outcome.incident_title.clone()),
                ("Incident", outcome.incident.to_string()),
            ],
            findings: Vec::new(),
            occurred_at: envelope.occurred_at,
            resource_id: outcome.resource.id.clone(),
            incident_id: outcome.incident.to_string(),
            link: None,
            deeds: match outcome.result {
                RemediationResult::AwaitingApproval { .. } => vec![Deed::Approve, Deed::Acknowledge],
                _ => Vec::new(),
            },
        }
    }
}
