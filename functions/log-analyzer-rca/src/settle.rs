//! The end of incidents: when everything that was abnormal has been calm for long enough. The anomaly-detector and the log watch
//! keep how long each series has been calm; here it is looked at, on a schedule and not on a message, so that no end is lost.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use nightjar_aws::stores::Slot;
use nightjar_domain::anomaly::FoundBy;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, Status, StatusChange};
use nightjar_domain::incident_change::IncidentChange;
use nightjar_domain::log_watch;
use nightjar_domain::metric::SeriesId;
use nightjar_domain::recovery::{Calm, Recovery, recovery};
use serde_json::json;

use crate::context::Context;
use crate::publish::ACTOR;

/// By whom a remediation's success ends an incident.
const REMEDIATION: &str = "remediation-engine";
/// Incidents looked at at a time.
const AT_ONCE: usize = 8;

/// Ends what is over. The number of incidents that ended.
pub(crate) async fn run(context: &Context, now: Timestamp) -> anyhow::Result<usize> {
    let mut by_incident: BTreeMap<IncidentId, Vec<Slot>> = BTreeMap::new();
    for slot in context.fingerprints.unfinished().await? {
        by_incident.entry(slot.incident.clone()).or_default().push(slot);
    }
    let results: Vec<anyhow::Result<bool>> = stream::iter(&by_incident)
        .map(|(id, slots)| settle(context, id, slots, now))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let (mut ended, mut failures) = (0, Vec::new());
    for result in results {
        match result {
            Ok(is_over) => ended += usize::from(is_over),
            Err(error) => failures.push(error),
        }
    }
    match failures.len() {
        0 => Ok(ended),
        count => Err(failures.swap_remove(0)).with_context(|| format!("{count} incidents, the first:")),
    }
}

/// Load → decide → save → tell → close. Closing comes last: a run that dies before it tells again what is told once.
async fn settle(context: &Context, id: &IncidentId, slots: &[Slot], now: Timestamp) -> anyhow::Result<bool> {
    let Some(stored) = context.incidents.get(id).await? else {
        return close(context, slots, now).await.map(|()| false);
    };
    let incident = stored.incident;
    if incident.status == Status::Resolved {
        // By a person, whose API has told it; by the remediation, which leaves the telling to us; or by a run of ours that died before.
        if is_to_be_told(&incident) {
            tell(context, &incident).await?;
        }
        return close(context, slots, now).await.map(|()| false);
    }
    let calm = calm(context, &incident).await?;
    match recovery(&incident, &calm, context.settings.resolve_after_periods, now) {
        Recovery::NotYet { because } => {
            tracing::debug!(id = %incident.id, because, "the incident goes on");
            Ok(false)
        }
        Recovery::Over { why } => {
            let Some(over) = incident.over(&why, ACTOR, now) else { return Ok(false) };
            if !context.incidents.save(&over).await? {
                // More evidence, or a person, came in between: the next run looks again.
                return Ok(false);
            }
            tracing::info!(id = %over.id, why, "the incident is over");
            tell(context, &over).await?;
            close(context, slots, now).await?;
            Ok(true)
        }
    }
}

fn is_to_be_told(incident: &Incident) -> bool {
    end_of(incident).is_some_and(|end| [ACTOR, REMEDIATION].contains(&end.by.as_str()))
}

fn end_of(incident: &Incident) -> Option<&StatusChange> {
    incident.timeline.iter().rev().find(|entry| entry.to == Status::Resolved && entry.evidence.is_none())
}

/// How long each of the incident's sources has been calm.
async fn calm(context: &Context, incident: &Incident) -> anyhow::Result<BTreeMap<String, Calm>> {
    let mut known = BTreeMap::new();
    let mut series = BTreeSet::new();
    for source in incident.all_sources() {
        match (source.found_by, log_watch::source_of(&source.name)) {
            (FoundBy::Logs, Some((group, rule))) => {
                let item = context.watched.get(&group).await?;
                if let Some(calm) = item.and_then(|item| item.watched.calm(rule, source.period_seconds)) {
                    known.insert(source.name.clone(), calm);
                }
            }
            (FoundBy::Metric, _) => {
                series.insert(SeriesId::from_existing(&source.name));
            }
            _ => {}
        }
    }
    let series: Vec<SeriesId> = series.into_iter().collect();
    for (name, item) in context.series.load(&series).await? {
        known.extend(item.calm.map(|calm| (name, calm)));
    }
    Ok(known)
}

/// Tells those who tell people, and the audit trail; told again, both know it already.
async fn tell(context: &Context, incident: &Incident) -> anyhow::Result<()> {
    let Some(end) = end_of(incident) else { return Ok(()) };
    let change = IncidentChange { incident: incident.clone() };
    context.incident_changes.publish(&Envelope::first(change, end.at), None).await?;
    let details = json!({ "to": incident.status, "why": end.why, "resource": incident.anomaly.resource.arn });
    let because = end.at.to_string();
    let fact = Fact::new(FactKind::IncidentChanged, &end.by, incident.id.as_str(), Some(&because), end.at, details);
    context.audit.record(&[fact]).await?;
    Ok(())
}

async fn close(context: &Context, slots: &[Slot], now: Timestamp) -> anyhow::Result<()> {
    for slot in slots {
        context.fingerprints.close(slot, now).await?;
    }
    Ok(())
}
