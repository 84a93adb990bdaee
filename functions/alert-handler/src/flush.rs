//! Looking at a group: claim → load → decide → tell → settle.

use std::fmt;

use jiff::Timestamp;
use nightjar_aws::stores::Delivery;
use nightjar_domain::alert::Bulletin;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::held::{Claim, Loaded, Settlement, Thread};
use nightjar_domain::routing::inhibition::Active;
use nightjar_domain::routing::{Because, Flush, Look, Member, Silence, Verdict, flush};
use serde_json::json;

use crate::context::Context;
use crate::failure;
use crate::groups::Groups;
use crate::handler::ACTOR;
use crate::{escalation, message, summary};

/// What is the same for all groups that an invocation looks at.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    pub(crate) silences: Vec<Silence>,
    pub(crate) active: Vec<Active>,
}

impl Surroundings {
    pub(crate) async fn load<G: Groups>(context: &Context<G>) -> anyhow::Result<Self> {
        let active = if context.routes.inhibit_rules.is_empty() { Vec::new() } else { context.groups.active().await? };
        Ok(Self { silences: context.silences.all().await?, active })
    }
}

/// How a look at a group ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Looked {
    Sent,
    /// Had been sent by somebody who did not come to say so.
    AlreadySent,
    /// There was nothing to tell.
    Quiet,
    /// Above the channel's limit: it goes out in a summary.
    HeldBack,
    /// It failed, and is tried again.
    Failed {
        problem: String,
        unreachable: bool,
    },
    /// It failed for too long, and lies in the dead-letter queue.
    Abandoned,
    /// It is not due, or somebody else looks at it.
    Elsewhere,
}

/// Looks at a group if it is due. `dead` says that its channel has just failed for others: it is not tried then.
pub(crate) async fn look<G: Groups>(
    context: &Context<G>,
    group: &GroupId,
    surroundings: &Surroundings,
    dead: Option<&str>,
    now: Timestamp,
) -> anyhow::Result<Looked> {
    let Some(claim) = context.groups.claim(group, context.publish_lease, now).await? else {
        return Ok(Looked::Elsewhere);
    };
    let loaded = context.groups.load(group).await?;
    let decided = decide(context, &claim, &loaded, surroundings, now);
    if let Some((step, who)) = &decided.escalate {
        escalation::escalate(context, &claim.group, step, who, &loaded, now).await?;
    }
    let Verdict::Notify { because, firing, resolved } = &decided.verdict else {
        settle(context, &claim, &loaded, &decided, now).await?;
        return Ok(Looked::Quiet);
    };
    let find = |names: &[String]| -> Vec<&Member> {
        loaded.members.iter().filter(|member| names.contains(&member.fingerprint)).collect()
    };
    let bulletin = bulletin(context, &claim, &loaded, *because, (&find(firing), &find(resolved)), now).await?;
    if summary::holds_back(context, &bulletin, now).await? {
        settle(context, &claim, &loaded, &decided, now).await?;
        return Ok(Looked::HeldBack);
    }
    match tell(context, &bulletin, dead, now).await? {
        Told::Now => settle(context, &claim, &loaded, &decided, now).await.map(|()| Looked::Sent),
        Told::Before => settle(context, &claim, &loaded, &decided, now).await.map(|()| Looked::AlreadySent),
        Told::InFlight => Ok(Looked::Elsewhere),
        Told::Failed(failed) => failure::failed(context, &claim, &loaded, &bulletin, failed, now).await,
    }
}

fn decide<G: Groups>(
    context: &Context<G>,
    claim: &Claim,
    loaded: &Loaded,
    surroundings: &Surroundings,
    now: Timestamp,
) -> Flush {
    flush(&Look {
        routes: &context.routes,
        settings: context.settings_of(&claim.group),
        group: &claim.group,
        state: &loaded.state,
        members: &loaded.members,
        silences: &surroundings.silences,
        active: &surroundings.active,
        now,
    })
}

/// What is told: with all that is known of an alert, if it is the only one.
async fn bulletin<G: Groups>(
    context: &Context<G>,
    claim: &Claim,
    loaded: &Loaded,
    because: Because,
    (firing, resolved): (&[&Member], &[&Member]),
    now: Timestamp,
) -> anyhow::Result<Bulletin> {
    let single = match [firing, resolved].concat()[..] {
        [member] => context.groups.envelope(&claim.group.id, &member.fingerprint).await?,
        _ => None,
    };
    let single = single.and_then(|text| message::notice(&text));
    let last = loaded.state.last_notified_at;
    let mut bulletin = Bulletin::new(&claim.group, because, (firing, resolved), last, single, now);
    // What an emptied group said before is another story.
    if last.is_some() && context.channels.keeps_thread(&claim.group) {
        bulletin.thread = context.groups.thread(&claim.group.id).await?;
    }
    bulletin.notice.facts.extend(of_product(context, firing.iter().chain(resolved)));
    let incident = &bulletin.notice.incident_id;
    if !incident.is_empty() {
        bulletin.notice.link = context.link_base.as_ref().map(|base| format!("{base}{incident}"));
    }
    Ok(bulletin)
}

/// Who owns what it is about, and what to do: where all alerts belong to the same product.
fn of_product<'a, G: Groups>(
    context: &Context<G>,
    mut members: impl Iterator<Item = &'a &'a Member>,
) -> Vec<(&'static str, String)> {
    let Some(name) = members.next().map(|member| member.labels.get("product")) else { return Vec::new() };
    let Some(product) = context.routes.products.iter().find(|product| product.name == name) else { return Vec::new() };
    if !members.all(|member| member.labels.get("product") == name) {
        return Vec::new();
    }
    let owner = ("Product", format!("{name}, of {}", product.owner));
    std::iter::once(owner).chain(product.runbook.clone().map(|runbook| ("Runbook", runbook))).collect()
}

/// How telling a channel ended.
enum Told {
    Now,
    Before,
    InFlight,
    Failed(failure::Failed),
}

/// Tells the channel, and records that it was told. A second record of the same fact changes nothing, and mends a crash
/// between sending and recording.
async fn tell<G: Groups>(
    context: &Context<G>,
    bulletin: &Bulletin,
    dead: Option<&str>,
    now: Timestamp,
) -> anyhow::Result<Told> {
    let destination = bulletin.group.destination();
    if let Some(disabled) = context.groups.disabled(&destination).await? {
        return Ok(Told::Failed(failure::Failed::disabled(&disabled)));
    }
    if let Some(problem) = dead {
        return Ok(Told::Failed(failure::Failed::not_tried(problem)));
    }
    let told = match context.notifications.claim(&bulletin.id, &destination, context.publish_lease, now).await? {
        Delivery::InFlight => return Ok(Told::InFlight),
        Delivery::AlreadySent => Told::Before,
        Delivery::Claimed => {
            match context.channels.send(bulletin).await {
                Ok(None) => {}
                Ok(Some(thread)) => keep(context, bulletin, &thread, now).await,
                Err(error) => {
                    if let Err(unreleased) = context.notifications.release(&bulletin.id).await {
                        tracing::warn!(notification = %bulletin.id, error = %unreleased, "the claim was not given back; it ends with its lease");
                    }
                    return Ok(Told::Failed(failure::Failed::of(error, now)));
                }
            }
            context.notifications.sent(&bulletin.id, now).await?;
            tracing::info!(%destination, notification = %bulletin.id, because = ?bulletin.because, "notification sent");
            Told::Now
        }
    };
    context.audit.record(&[sent_fact(bulletin, now)]).await?;
    Ok(told)
}

/// Remembers a group's first message. It is out: failing here would send it twice, and without its place the next one stands
/// alone, which is the smaller harm.
async fn keep<G: Groups>(context: &Context<G>, bulletin: &Bulletin, thread: &Thread, now: Timestamp) {
    if let Err(error) = context.groups.keep_thread(&bulletin.group.id, thread, now).await {
        tracing::warn!(group = %bulletin.group.id, %error, "where the first message is could not be kept; the next stands alone");
    }
}

async fn settle<G: Groups>(
    context: &Context<G>,
    claim: &Claim,
    loaded: &Loaded,
    decided: &Flush,
    now: Timestamp,
) -> anyhow::Result<()> {
    let settlement = Settlement {
        state: decided.next.clone(),
        due_at: decided.due_at,
        due_for_arrivals: due_for_arrivals(context, claim, &decided.next, now),
        failures: None,
    };
    if !context.groups.settle(claim, &settlement, now).await? {
        tracing::warn!(group = %claim.group.id, "the lease ended before the group was settled; whoever took over finds what was sent");
        return Ok(());
    }
    for member in loaded.members.iter().filter(|member| decided.forget.contains(&member.fingerprint)) {
        context.groups.forget(&claim.group.id, member).await?;
    }
    Ok(())
}

pub(crate) fn due_for_arrivals<G>(
    context: &Context<G>,
    claim: &Claim,
    state: &nightjar_domain::routing::GroupState,
    now: Timestamp,
) -> Timestamp {
    let settings = context.settings_of(&claim.group);
    nightjar_domain::routing::group::due_for_arrival(state.last_flush_at, settings, now)
}

fn sent_fact(bulletin: &Bulletin, now: Timestamp) -> Fact {
    let notice = &bulletin.notice;
    let details = json!({
        "notification": bulletin.id,
        "group": bulletin.group.id,
        "because": bulletin.because,
        "kind": notice.kind,
        "severity": notice.severity,
        "incident": notice.incident_id,
        "resource": notice.resource_id,
        "alerts": bulletin.lines.len(),
    });
    let first = bulletin.because == Because::NewAlerts && bulletin.body.is_some();
    let because_of = if first { notice.id.as_str() } else { bulletin.id.as_str() };
    Fact::new(FactKind::NotificationSent, ACTOR, &bulletin.group.destination(), Some(because_of), now, details)
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
