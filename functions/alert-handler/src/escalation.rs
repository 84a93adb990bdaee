//! Nobody acknowledged: the next receiver is told.

use jiff::Timestamp;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::routing::Group;
use nightjar_domain::routing::held::{Loaded, Place};
use nightjar_domain::routing::tree::EscalationStep;
use serde_json::json;

use crate::context::Context;
use crate::groups::Groups;
use crate::handler::ACTOR;

/// Puts alerts into the groups of the step's receiver, due at once. Doing so twice changes nothing.
pub(crate) async fn escalate<G: Groups>(
    context: &Context<G>,
    from: &Group,
    step: &EscalationStep,
    who: &[String],
    loaded: &Loaded,
    now: Timestamp,
) -> anyhow::Result<()> {
    let channels: Vec<Group> = context
        .channels
        .of(&step.receiver)
        .map(|channel| Group::new(&from.route, &step.receiver, channel, from.labels.clone()))
        .collect();
    for member in loaded.members.iter().filter(|member| who.contains(&member.fingerprint)) {
        let envelope = context.groups.envelope(&from.id, &member.fingerprint).await?.unwrap_or_default();
        let incident = member.labels.get("incident");
        let place = |group: &Group| Place { group: group.id.clone(), fingerprint: member.fingerprint.clone() };
        let places: Vec<Place> = channels.iter().map(place).collect();
        if places.is_empty() {
            continue;
        }
        let change = context.groups.note(incident, &places, now).await?;
        for group in &channels {
            context.groups.join(&group.id, member, incident, &envelope, now).await?;
            if let Some(change) = &change {
                context.groups.alter(&place(group), change).await?;
            }
        }
    }
    for group in &channels {
        context.groups.arrive(group, now, &|_| now).await?;
    }
    let details = json!({ "from": from.destination(), "to": step.receiver, "after": step.after, "alerts": who.len() });
    let because_of = format!("{}:{}:{}", from.id, step.receiver, loaded.state.alarmed_at.unwrap_or(now));
    let fact = Fact::new(FactKind::NotificationEscalated, ACTOR, &step.receiver, Some(&because_of), now, details);
    Ok(context.audit.record(&[fact]).await?)
}
