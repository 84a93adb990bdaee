//! One incident in, at most one run out; and every minute the sweep over the runs that are open.

use anyhow::{Context as _, bail};
use aws_lambda_events::event::sns::SnsEvent;
use jiff::Timestamp;
use nightjar_aws::envelope::envelopes;
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{Claim, ClaimState, subject};
use nightjar_domain::resource::{EC2_INSTANCE, ResourceRef};
use serde::Serialize;
use serde_json::Value;

use crate::advance::{Delivery, advance};
use crate::context::Context;
use crate::{decide, sweep};

/// An incident with the chain of messages it belongs to.
#[derive(Debug, Clone)]
pub struct Case {
    pub incident: Incident,
    pub trace: String,
    /// What is acted on: for an attack not what the incident names, but the instance or user behind it.
    pub subject: ResourceRef,
}

impl Case {
    pub fn new(context: &Context, incident: Incident, trace: String) -> Self {
        let mut subject = subject(&incident);
        // Instances are those of this region; an attack may have been seen in another one first.
        let region = context.fleet.region();
        if incident.security.is_some() && subject.kind == EC2_INSTANCE {
            subject.arn = subject.arn.replacen(&format!(":ec2:{}:", subject.region), &format!(":ec2:{region}:"), 1);
            region.clone_into(&mut subject.region);
        }
        Self { incident, trace, subject }
    }
}

/// What an invocation did: where the claims it looked at stand now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub carried_out: usize,
    pub declined: usize,
    pub rehearsed: usize,
    /// Waiting for a person's approval, or for EC2.
    pub waiting: usize,
    pub healed: usize,
    /// Failed, not healed, or of unknown outcome: a person has to look.
    pub escalated: usize,
}

impl Summary {
    pub(crate) fn count(&mut self, claim: &Claim) {
        match &claim.state {
            ClaimState::Started { .. }
            | ClaimState::Underway { .. }
            | ClaimState::AwaitingApproval { .. }
            | ClaimState::UndoRequested { .. } => self.waiting += 1,
            ClaimState::Finished { .. } | ClaimState::Undone { .. } => self.carried_out += 1,
            ClaimState::Declined(_) => self.declined += 1,
            ClaimState::Rehearsed { .. } => self.rehearsed += 1,
            ClaimState::Healed { .. } => self.healed += 1,
            ClaimState::Failed { .. }
            | ClaimState::Unknown { .. }
            | ClaimState::Escalated { .. }
            | ClaimState::Contained { .. }
            | ClaimState::UndoFailed { .. } => self.escalated += 1,
        }
    }
}

/// Handles an SNS event, or the schedule's. `clock` is read anew for each step: a lease must not be judged by the time at
/// which the invocation began.
pub async fn handle(context: &Context, event: Value, clock: impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    if event.get("Records").is_some() {
        let event = serde_json::from_value(event).context("this is no event of SNS")?;
        return incidents(context, &event, clock).await;
    }
    if event.get("source").and_then(Value::as_str) == Some("aws.events") {
        return sweep::sweep(context, clock).await;
    }
    bail!("the event is neither of SNS (Records) nor of the schedule (source aws.events)")
}

async fn incidents(context: &Context, event: &SnsEvent, clock: impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    for envelope in envelopes::<Incident>(event)? {
        let case = Case::new(context, envelope.body, envelope.trace);
        let claim = match context.remediations.get(&case.incident.id).await? {
            // An attack goes on: what was not worth an answer may be by now.
            Some(claim) if case.incident.security.is_some() && claim.was_left_alone() => {
                Box::pin(decide::decide(context, &case, Some(&claim), &clock)).await?
            }
            Some(claim) => claim,
            None => Box::pin(decide::decide(context, &case, None, &clock)).await?,
        };
        // Boxed: the futures of a run nest deeper than the compiler follows.
        let run = Box::pin(advance(context, &case, claim, Delivery::Message, &clock));
        summary.count(&run.await?);
    }
    Ok(summary)
}
