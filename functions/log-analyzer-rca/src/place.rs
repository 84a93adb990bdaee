//! Where an anomaly belongs: into the open incident of its fingerprint (an alarm's and a log rule's into any of its resource), or
//! into a new one.

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::{IncidentFilter, StoredIncident};
use nightjar_domain::alarm::AlarmChange;
use nightjar_domain::anomaly::{Anomaly, FoundBy};
use nightjar_domain::diagnosis::{Finding, diagnose};
use nightjar_domain::escalation::Decision;
use nightjar_domain::evidence::{Evidence, MetricMove};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, IncidentKind, Status};
use nightjar_domain::metric::Metric;
use nightjar_domain::recovery::Joining;

use crate::context::Context;
use crate::publish::ACTOR;
use crate::{gather, publish};

/// Deliveries of the same fingerprint at the same moment: each attempt that loses has let another one win.
const ATTEMPTS: u32 = 8;
/// How far back an open incident of the resource, or one that knows a late anomaly, is looked for.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Incidents of the resource that are looked at, newest first.
const LOOKED_AT: usize = 50;

/// The incident of the anomaly as it is stored, also when another delivery was faster.
pub(crate) async fn place(context: &Context, anomaly: &Anomaly, now: Timestamp) -> anyhow::Result<StoredIncident> {
    if let Some(stored) = context.incidents.get(&Incident::identify(anomaly)).await? {
        return Ok(stored);
    }
    let (mut found, mut again) = (None, None);
    for _ in 0..ATTEMPTS {
        let slot = context.fingerprints.get(&anomaly.fingerprint()).await?;
        let previous = slot.map(|slot| slot.incident);
        let flaps = match nearest(context, anomaly, previous.as_ref(), now).await? {
            None => 0,
            Some(stored) => match join(context, anomaly, stored, &mut again, now).await? {
                Some(Outcome::Joined(stored)) => return Ok(*stored),
                Some(Outcome::Over { flaps }) => flaps,
                None => continue,
            },
        };
        let (finding, decision) = match found.take() {
            Some(found) => found,
            None => look(context, anomaly, now).await,
        };
        let mut incident = Incident::open(anomaly.clone(), finding.clone(), decision.clone(), ACTOR, now);
        incident.flaps = flaps;
        if context.fingerprints.open(&incident, previous.as_ref(), context.settings.retention).await? {
            tracing::info!(id = %incident.id, severity = %incident.severity, summary = %incident.finding.summary, "incident");
            return Ok(StoredIncident { incident, published_at: None });
        }
        // A crash after storing: the same delivery again finds what it stored.
        if let Some(stored) = context.incidents.get(&incident.id).await? {
            return Ok(stored);
        }
        found = Some((finding, decision));
    }
    bail!("{ATTEMPTS} attempts to find the incident of {} lost to other deliveries", anomaly.id)
}

/// Gathers and judges.
async fn look(context: &Context, anomaly: &Anomaly, now: Timestamp) -> (Finding, Decision) {
    let evidence = Box::pin(gather::evidence(context, anomaly, now)).await;
    judge(context, anomaly, &evidence)
}

/// Gathers anew for an incident that goes on, around all of it; the anomaly that joins is a part of the evidence.
async fn look_again(context: &Context, around: &Anomaly, joins: &Anomaly, now: Timestamp) -> Finding {
    let mut evidence = Box::pin(gather::evidence(context, around, now)).await;
    let is_known = |metric: &Metric| metric.namespace == joins.metric.namespace && metric.name == joins.metric.name;
    if !is_known(&around.metric) && !evidence.metrics.iter().any(|found| is_known(&found.metric)) {
        evidence.metrics.push(MetricMove::of(joins));
    }
    diagnose(&evidence, &context.signals)
}

fn judge(context: &Context, anomaly: &Anomaly, evidence: &Evidence) -> (Finding, Decision) {
    let finding = diagnose(evidence, &context.signals);
    let decision = context.escalation.decide(anomaly, &finding, &evidence.tags);
    (finding, decision)
}

/// The incident that the anomaly may belong to.
async fn nearest(
    context: &Context,
    anomaly: &Anomaly,
    of_fingerprint: Option<&IncidentId>,
    now: Timestamp,
) -> anyhow::Result<Option<StoredIncident>> {
    let newest = match of_fingerprint {
        Some(id) => context.incidents.get(id).await?,
        None => None,
    };
    let is_open = newest.as_ref().is_some_and(|stored| stored.incident.status != Status::Resolved);
    if !is_open && anomaly.found_by() != FoundBy::Metric {
        let open = |incident: &Incident| incident.status != Status::Resolved;
        if let Some(stored) = of_resource(context, anomaly, now, open).await? {
            return Ok(Some(stored));
        }
    }
    // Older than the incident that has its place now: a redelivery from days ago may belong to one before.
    let is_late = newest.as_ref().is_some_and(|stored| anomaly.window_end < stored.incident.anomaly.window_start);
    if is_late && let Some(stored) = of_resource(context, anomaly, now, |past| past.knows(anomaly.id.as_str())).await? {
        return Ok(Some(stored));
    }
    Ok(newest)
}

/// The newest incident of the resource that is `wanted`, as it is stored now: the index lags behind.
async fn of_resource(
    context: &Context,
    anomaly: &Anomaly,
    now: Timestamp,
    wanted: impl Fn(&Incident) -> bool,
) -> anyhow::Result<Option<StoredIncident>> {
    let filter = IncidentFilter {
        kind: Some(IncidentKind::Anomaly),
        status: None,
        severity: None,
        resource_id: Some(anomaly.resource.id.clone()),
        since: now - BEFORE,
        until: now,
    };
    let page = context.incidents.list(&filter, LOOKED_AT, None).await?;
    let same = |incident: &&Incident| incident.anomaly.resource.arn == anomaly.resource.arn && wanted(incident);
    let Some(incident) = page.incidents.iter().find(same) else { return Ok(None) };
    let stored = context.incidents.get(&incident.id).await?;
    Ok(stored.filter(|stored| wanted(&stored.incident)))
}

enum Outcome {
    Joined(Box<StoredIncident>),
    Over { flaps: u32 },
}

/// Joins the anomaly to the incident, after another look where it is worth one; `None` where somebody changed the incident in
/// between. `again` keeps what was found for the next attempt.
async fn join(
    context: &Context,
    anomaly: &Anomaly,
    mut stored: StoredIncident,
    again: &mut Option<Finding>,
    now: Timestamp,
) -> anyhow::Result<Option<Outcome>> {
    if let Some(around) = stored.incident.second_look(anomaly, now) {
        let finding = match again.take() {
            Some(finding) => finding,
            None => look_again(context, &around, anomaly, now).await,
        };
        stored.incident = stored.incident.looked_again(finding.clone(), now);
        *again = Some(finding);
    }
    let tags = context.inventory.get(&anomaly.resource.arn).await?.map(|resource| resource.tags).unwrap_or_default();
    let decision = context.escalation.decide(anomaly, &stored.incident.finding, &tags);
    let stored = match stored.incident.join(anomaly, &decision, ACTOR, now) {
        Joining::Known => stored,
        Joining::Over { flaps } => return Ok(Some(Outcome::Over { flaps })),
        Joining::Joined(incident) => {
            if !context.incidents.save(&incident).await? {
                return Ok(None);
            }
            tracing::info!(id = %incident.id, anomaly = %anomaly.id, "evidence joined an incident");
            StoredIncident { incident: *incident, ..stored }
        }
    };
    let fingerprint = anomaly.fingerprint();
    if fingerprint != stored.incident.anomaly.fingerprint() && stored.incident.status != Status::Resolved {
        context.fingerprints.point(&fingerprint, &stored.incident.id).await?;
    }
    Ok(Some(Outcome::Joined(Box::new(stored))))
}

/// Notes that an alarm is OK again. Whether there was an incident that knew it.
pub(crate) async fn calm(
    context: &Context,
    change: &AlarmChange,
    raised: &Anomaly,
    now: Timestamp,
) -> anyhow::Result<bool> {
    for _ in 0..ATTEMPTS {
        let Some(slot) = context.fingerprints.get(&raised.fingerprint()).await? else { return Ok(false) };
        let Some(stored) = context.incidents.get(&slot.incident).await? else { return Ok(false) };
        if let Some(calmed) = stored.incident.calmed(change, ACTOR, now) {
            if !context.incidents.save(&calmed).await? {
                continue;
            }
            publish::record_joined(context, &calmed, raised.id.as_str(), now).await?;
            return Ok(true);
        }
        // A redelivery repairs what a crash left out.
        let known = stored.incident.knows(raised.id.as_str());
        if known {
            publish::record_joined(context, &stored.incident, raised.id.as_str(), now).await?;
        }
        return Ok(known);
    }
    bail!("{ATTEMPTS} attempts to note that the alarm {} is OK lost to other deliveries", change.name)
}
