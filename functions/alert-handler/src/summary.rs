//! More than a channel's limit: what is above goes out as one summary at the end of the window.

use jiff::Timestamp;
use nightjar_domain::alert::Bulletin;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::routing::group::SUMMARY;
use nightjar_domain::routing::{Group, Labels, Member};
use serde_json::json;

use crate::context::Context;
use crate::groups::Groups;
use crate::handler::ACTOR;

/// Whether `bulletin` is above the limit of its channel. It is in the summary then.
pub(crate) async fn holds_back<G: Groups>(
    context: &Context<G>,
    bulletin: &Bulletin,
    now: Timestamp,
) -> anyhow::Result<bool> {
    let group = &bulletin.group;
    let limit = context.routes.receivers.get(&group.receiver).and_then(|receiver| receiver.rate_limit);
    let Some(limit) = limit.filter(|_| group.route != SUMMARY) else { return Ok(false) };
    let window = limit.window(now);
    let destination = group.destination();
    if context.groups.count(&destination, window, limit.notifications).await? {
        return Ok(false);
    }
    let summary = Group::new(SUMMARY, &group.receiver, &group.channel, Labels::default());
    let member = Member {
        fingerprint: bulletin.id.to_string(),
        labels: group.labels.clone(),
        severity: bulletin.notice.severity,
        title: bulletin.notice.title.clone(),
        message: bulletin.id.to_string(),
        once: true,
        resolved: false,
        acknowledged: false,
        suppressed_until: None,
        starts_at: now,
    };
    context.groups.join(&summary.id, &member, bulletin.id.as_str(), "", now).await?;
    context.groups.arrive(&summary, now, &|_| window.ends_at).await?;
    let details = json!({ "title": bulletin.notice.title, "until": window.ends_at });
    let kind = FactKind::NotificationHeldBack;
    let fact = Fact::new(kind, ACTOR, &destination, Some(bulletin.id.as_str()), now, details);
    context.audit.record(&[fact]).await?;
    Ok(true)
}
