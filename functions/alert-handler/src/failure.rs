//! A notification that did not get through: tried again for a while, then kept in the dead-letter queue.

use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::Disabled;
use nightjar_domain::alert::Bulletin;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::routing::backoff::{AfterFailure, Failures, after_failure};
use nightjar_domain::routing::held::{Claim, Loaded, Settlement};
use serde_json::json;

use crate::channels::ChannelError;
use crate::context::Context;
use crate::flush::{Looked, due_for_arrivals};
use crate::groups::Groups;
use crate::handler::ACTOR;
use crate::http::SendError;

/// Why it did not get through, as far as what comes next goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    problem: String,
    /// What the receiver asked to wait.
    retry_after: Option<SignedDuration>,
    /// The other side says that it is gone (410).
    gone: bool,
    /// Nobody answered, so that the next would wait in vain as well.
    unreachable: bool,
    /// It was disabled before: not worth another try.
    disabled: bool,
}

impl Failed {
    fn because(problem: String) -> Self {
        Self { problem, retry_after: None, gone: false, unreachable: false, disabled: false }
    }

    pub(crate) fn disabled(disabled: &Disabled) -> Self {
        let problem = format!(
            "the channel is disabled since {}: {}; mend it, then: nightjar notify test",
            disabled.since, disabled.because
        );
        Self { disabled: true, ..Self::because(problem) }
    }

    pub(crate) fn not_tried(problem: &str) -> Self {
        Self { unreachable: true, ..Self::because(format!("not tried, because it just failed: {problem}")) }
    }
}

impl Failed {
    /// What an attempt at `now` came to.
    pub(crate) fn of(error: ChannelError, now: Timestamp) -> Self {
        let failed = Self::because(error.to_string());
        let ChannelError::Send(error) = error else { return failed };
        Self {
            retry_after: error.retry_after(now),
            gone: matches!(error, SendError::Gone { .. }),
            unreachable: matches!(error, SendError::Unreachable { .. }),
            ..failed
        }
    }
}

/// Decides what becomes of it, and settles the group so.
pub(crate) async fn failed<G: Groups>(
    context: &Context<G>,
    claim: &Claim,
    loaded: &Loaded,
    bulletin: &Bulletin,
    failed: Failed,
    now: Timestamp,
) -> anyhow::Result<Looked> {
    let destination = bulletin.group.destination();
    let first_at = claim.failures.map_or(now, |failures| failures.first_at);
    let failures = Failures { attempts: claim.failures.map_or(1, |failures| failures.attempts + 1), first_at };
    let next = if failed.gone || failed.disabled {
        AfterFailure::GiveUp
    } else {
        after_failure(failures, context.routes.retry_span, failed.retry_after, bulletin.id.as_str(), now)
    };
    tracing::warn!(%destination, notification = %bulletin.id, attempts = failures.attempts, problem = %failed.problem, ?next, "notification failed");
    let mut state = loaded.state.clone();
    state.last_flush_at = Some(now);
    let due_for_arrivals = due_for_arrivals(context, claim, &state, now);
    let (due_at, failures_kept, looked) = match next {
        AfterFailure::TryAgain { at } => {
            (Some(at), Some(failures), Looked::Failed { problem: failed.problem, unreachable: failed.unreachable })
        }
        AfterFailure::GiveUp => {
            if failed.gone {
                disable(context, &destination, &failed.problem, now).await?;
            }
            abandon(context, bulletin, failures, &failed.problem, now).await?;
            (None, None, Looked::Abandoned)
        }
    };
    // Nothing was told: the state is the one before, and a redrive or the next alert tells all of it.
    let settlement = Settlement { state, due_at, due_for_arrivals, failures: failures_kept };
    context.groups.settle(claim, &settlement, now).await?;
    Ok(looked)
}

async fn disable<G: Groups>(
    context: &Context<G>,
    destination: &str,
    because: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let disabled = Disabled { destination: destination.to_owned(), since: now, because: because.to_owned() };
    context.groups.disable(&disabled).await?;
    let at = now.to_string();
    let details = json!({ "because": because });
    let fact = Fact::new(FactKind::ChannelDisabled, ACTOR, destination, Some(&at), now, details);
    Ok(context.audit.record(&[fact]).await?)
}

/// Keeps the notification in the dead-letter queue, in the form that `nightjar dlq redrive` gives back to the function.
async fn abandon<G: Groups>(
    context: &Context<G>,
    bulletin: &Bulletin,
    failures: Failures,
    problem: &str,
    now: Timestamp,
) -> anyhow::Result<()> {
    let destination = bulletin.group.destination();
    let letter = json!({
        "version": "1.0",
        "timestamp": now,
        "requestContext": { "condition": "DeliveryAbandoned", "approximateInvokeCount": failures.attempts },
        "requestPayload": { "redeliver": { "group": bulletin.group } },
        "responsePayload": {
            "errorMessage": format!("{} was not delivered to {destination}: {problem}", bulletin.id),
        },
    });
    let Some(queue) = &context.dead_letter_queue_url else {
        anyhow::bail!(
            "{} was not delivered to {destination}, and DEAD_LETTER_QUEUE_URL is not set: {problem}",
            bulletin.id
        );
    };
    context.channels.enqueue(queue, &letter.to_string()).await?;
    let details = json!({
        "group": bulletin.group.id,
        "title": bulletin.notice.title,
        "attempts": failures.attempts,
        "since": failures.first_at,
        "problem": problem,
    });
    let kind = FactKind::NotificationAbandoned;
    let fact = Fact::new(kind, ACTOR, &destination, Some(bulletin.id.as_str()), now, details);
    Ok(context.audit.record(&[fact]).await?)
}
