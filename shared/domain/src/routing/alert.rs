//! What is routed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::labels::INCIDENT;
use super::{Labels, Product};
use crate::coverage::digest::CoverageDigest;
use crate::envelope::{Envelope, Message};
use crate::incident::Incident;
use crate::remediation::RemediationOutcome;
use crate::resource::ResourceRef;
use crate::severity::Severity;

/// One message of the alerts topic, as routing sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The id of the message: the same on every delivery.
    pub id: String,
    /// The incident it is about.
    pub incident: String,
    pub title: String,
    pub severity: Severity,
    pub labels: Labels,
    /// A report that is told once, such as the outcome of a remediation. Everything else fires until its incident is
    /// resolved.
    pub once: bool,
    pub starts_at: Timestamp,
}

/// Hexadecimal digits of a fingerprint: 64 bits, as in Alertmanager.
const FINGERPRINT_DIGITS: usize = 16;

impl Alert {
    /// What the same alert has in common however often it is raised: what kind of thing is wrong with which resource, seen
    /// in which metric. Severity and cause are no part of it: they change as more becomes known.
    pub fn fingerprint(&self) -> String {
        let mut hasher = Sha256::new();
        let own = if self.once || self.labels.get("metric").is_empty() { self.id.as_str() } else { "" };
        let names = ["kind", "account", "region", "resource_type", "resource", "metric"];
        for part in names.map(|name| self.labels.get(name)).into_iter().chain([own]) {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hex::encode(hasher.finalize());
        digest.get(..FINGERPRINT_DIGITS).unwrap_or(&digest).to_owned()
    }

    /// The same alert with the labels that its resource's tags and the products give it.
    #[must_use]
    pub fn of_resource(mut self, tags: &BTreeMap<String, String>, products: &[Product]) -> Self {
        self.labels = self.labels.with_tags(tags).with_product(products);
        self
    }
}

fn labels(kind: &str, severity: Severity, resource: &ResourceRef, incident: &str) -> Labels {
    Labels::from_iter([
        ("kind", kind),
        ("severity", severity.as_str()),
        ("resource_type", &resource.kind),
        ("resource", &resource.id),
        ("account", &resource.account),
        ("region", &resource.region),
        (INCIDENT, incident),
    ])
}

impl From<&Incident> for Alert {
    fn from(incident: &Incident) -> Self {
        let anomaly = &incident.anomaly;
        let kind = if incident.security.is_some() { incident.kind.as_str() } else { Incident::KIND };
        let mut labels = labels(kind, incident.severity, &anomaly.resource, incident.id.as_str());
        labels.set("metric", anomaly.metric.name.as_str());
        let tactic = incident.security.as_ref().and_then(|story| story.tactics.first()).map_or("", String::as_str);
        labels.set("cause", incident.finding.causes.first().map_or(tactic, |cause| cause.kind.as_str()));
        Self {
            id: incident.id.to_string(),
            incident: incident.id.to_string(),
            title: incident.title.clone(),
            severity: incident.severity,
            labels,
            once: false,
            starts_at: incident.opened_at,
        }
    }
}

impl From<&Envelope<CoverageDigest>> for Alert {
    fn from(envelope: &Envelope<CoverageDigest>) -> Self {
        let digest = &envelope.body;
        Self {
            id: envelope.id.clone(),
            title: digest.title(),
            severity: digest.severity(),
            // It stands for itself where routes group by incident.
            labels: labels(CoverageDigest::KIND, digest.severity(), &digest.resource, &envelope.id),
            incident: envelope.id.clone(),
            once: true,
            starts_at: envelope.occurred_at,
        }
    }
}

impl From<&Envelope<RemediationOutcome>> for Alert {
    fn from(envelope: &Envelope<RemediationOutcome>) -> Self {
        let outcome = &envelope.body;
        let incident = outcome.incident.to_string();
        Self {
            id: envelope.id.clone(),
            title: format!("Remediation of {}", outcome.resource.label()),
            severity: outcome.severity,
            labels: labels(RemediationOutcome::KIND, outcome.severity, &outcome.resource, &incident),
            incident,
            once: true,
            starts_at: envelope.occurred_at,
        }
    }
}
