//! The alert that is sent through the tree: read from a file, or made of labels.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nightjar_domain::envelope::{Envelope, Message, schema_of};
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::RemediationOutcome;
use nightjar_domain::routing::{Alert, Labels, Routes};
use nightjar_domain::severity::Severity;

/// An alert from a message of the topic, or from an incident as the API shows it. `tags` are those of its resource.
pub(super) fn from_file(path: &Path, tags: &BTreeMap<String, String>, routes: &Routes) -> anyhow::Result<Alert> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let alert = parse(&text).with_context(|| format!("{} holds no alert", path.display()))?;
    Ok(alert.of_resource(tags, &routes.products))
}

fn parse(text: &str) -> anyhow::Result<Alert> {
    Ok(match schema_of(text).ok().as_deref() {
        Some(Incident::SCHEMA) => Alert::from(&Envelope::<Incident>::parse(text)?.body),
        Some(RemediationOutcome::SCHEMA) => Alert::from(&Envelope::<RemediationOutcome>::parse(text)?),
        Some(other) => {
            bail!("schema {other:?} is no alert: {} and {} are", Incident::SCHEMA, RemediationOutcome::SCHEMA)
        }
        None => {
            Alert::from(&serde_json::from_str::<Incident>(text).context("it is neither a message nor an incident")?)
        }
    })
}

/// An alert with nothing but these labels.
pub(super) fn from_labels(severity: Severity, labels: &[(String, String)], routes: &Routes, now: Timestamp) -> Alert {
    let mut all: Labels = [("kind", Incident::KIND), ("severity", severity.as_str())].into_iter().collect();
    for (name, value) in labels {
        all.set(name.as_str(), value.as_str());
    }
    let incident = all.get("incident").to_owned();
    Alert {
        id: incident.clone(),
        incident,
        title: "the alert".to_owned(),
        severity,
        labels: all.with_product(&routes.products),
        once: false,
        starts_at: now,
    }
}
