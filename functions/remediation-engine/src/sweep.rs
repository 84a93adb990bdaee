//! The sweep: every minute, every run that is open is taken as far as it can go.

use anyhow::bail;
use jiff::Timestamp;

use crate::advance::{Delivery, advance};
use crate::context::Context;
use crate::handler::{Case, Summary};

/// Takes up every open run. One that cannot go on does not keep the others from it; it fails the invocation at the end.
pub async fn sweep(context: &Context, clock: impl Fn() -> Timestamp) -> anyhow::Result<Summary> {
    let mut summary = Summary::default();
    let mut problems = Vec::new();
    for open in context.remediations.ledger().await?.runs {
        if let Err(problem) = take_up(context, &open.incident, &mut summary, &clock).await {
            tracing::error!(incident = %open.incident, problem = %format!("{problem:#}"), "a run cannot go on");
            problems.push(format!("{}: {problem:#}", open.incident));
        }
    }
    if !problems.is_empty() {
        bail!("{} of the open runs cannot go on: {}", problems.len(), problems.join("; "));
    }
    Ok(summary)
}

async fn take_up(
    context: &Context,
    incident: &nightjar_domain::id::IncidentId,
    summary: &mut Summary,
    clock: &impl Fn() -> Timestamp,
) -> anyhow::Result<()> {
    let Some(claim) = context.remediations.get(incident).await? else { bail!("its claim is not stored") };
    let Some(stored) = context.incidents.get(incident).await? else { bail!("the incident is not stored any more") };
    let trace = claim.run.as_ref().map(|run| run.trace.clone()).unwrap_or_default();
    let case = Case::new(context, stored.incident, trace);
    let claim = Box::pin(advance(context, &case, claim, Delivery::Sweep, clock)).await?;
    summary.count(&claim);
    Ok(())
}
