//! Messages in: each alert into its groups, each change of an incident to its alerts.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_domain::id::GroupId;
use nightjar_domain::incident_change::IncidentChange;
use nightjar_domain::routing::group::due_for_arrival;
use nightjar_domain::routing::held::{Change, Place};
use nightjar_domain::routing::{AlertState, Decision, Group, Member, Settings, route};

use crate::context::Context;
use crate::groups::Groups;
use crate::message::Raised;

/// Groups that an event has touched, with when they are due.
pub(crate) type Touched = BTreeMap<GroupId, (Group, Timestamp)>;

/// Puts an alert into its groups. Doing so again, on a redelivery, changes nothing.
pub(crate) async fn alert<G: Groups>(
    context: &Context<G>,
    raised: &Raised,
    touched: &mut Touched,
    now: Timestamp,
) -> anyhow::Result<()> {
    let routes = &context.routes;
    let alert = raised.alert.clone();
    let alert = if let Some(inventory) = context.inventory.as_ref().filter(|_| routes.looks_at_tags()) {
        let known = inventory.get(&raised.resource.arn).await?;
        alert.of_resource(&known.map(|resource| resource.tags).unwrap_or_default(), &routes.products)
    } else {
        alert.of_resource(&BTreeMap::new(), &routes.products)
    };
    let member = Member::of(&alert);
    let ways: Vec<(Group, &Settings, Decision)> = route(&alert, routes, &AlertState::default(), now)
        .into_iter()
        .filter(|way| context.channels.is_set_up(&way.group))
        .map(|way| (way.group, &way.node.settings, way.decision))
        .collect();
    if ways.is_empty() {
        tracing::debug!(alert = %alert.id, "no channel of its receivers is set up; email goes through SNS");
        return Ok(());
    }
    let place = |group: &Group| Place { group: group.id.clone(), fingerprint: member.fingerprint.clone() };
    let places: Vec<Place> = ways.iter().map(|(group, ..)| place(group)).collect();
    let change = context.groups.note(&alert.incident, &places, now).await?;
    if routes.inhibit_rules.iter().any(|rule| rule.can_inhibit(&alert.labels)) {
        context.groups.activate(&member, &alert.incident, now).await?;
        if let Some(change) = &change {
            context.groups.alter_active(&member.fingerprint, change).await?;
        }
    }
    for (group, settings, decision) in ways {
        context.groups.join(&group.id, &member, &alert.incident, &raised.envelope, now).await?;
        if let Some(change) = change.as_ref().filter(|_| !alert.once) {
            // Somebody was faster than this delivery.
            context.groups.alter(&place(&group), change).await?;
        }
        arrive(context, &group, settings, touched, now).await?;
        tracing::info!(alert = %alert.id, group = %group.id, destination = group.destination(), ?decision, "alert routed");
    }
    Ok(())
}

/// Applies what somebody did to an incident to all of its alerts.
pub(crate) async fn change<G: Groups>(
    context: &Context<G>,
    changed: &IncidentChange,
    touched: &mut Touched,
    now: Timestamp,
) -> anyhow::Result<()> {
    let change: Change = changed.change();
    for place in context.groups.change(&change, changed.incident.version, now).await? {
        context.groups.alter(&place, &change).await?;
        context.groups.alter_active(&place.fingerprint, &change).await?;
        let group = context.groups.group(&place.group).await?;
        let group = group.with_context(|| format!("the group {} has no header", place.group))?;
        let settings = context.settings_of(&group);
        arrive(context, &group, settings, touched, now).await?;
    }
    Ok(())
}

/// Has a group looked at again.
pub(crate) async fn arrive<G: Groups>(
    context: &Context<G>,
    group: &Group,
    settings: &Settings,
    touched: &mut Touched,
    now: Timestamp,
) -> anyhow::Result<()> {
    let due_at = context.groups.arrive(group, now, &|last| due_for_arrival(last, settings, now)).await?;
    touched.insert(group.id.clone(), (group.clone(), due_at));
    Ok(())
}
