//! What becomes of an alert that has just arrived.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Alert;
use super::group::{Group, GroupState, Member, due_for_arrival};
use super::inhibition::Active;
use super::silence::Silence;
use super::suppression::{SuppressedBy, held_back, outside_hours};
use super::tree::{Node, Routes, Settings};
use crate::id::GroupId;

/// What is known besides the alert.
#[derive(Debug, Clone, Default)]
pub struct AlertState {
    pub silences: Vec<Silence>,
    /// What fires and may inhibit.
    pub active: Vec<Active>,
    /// Groups that have told something.
    pub groups: BTreeMap<GroupId, GroupState>,
}

/// What happens to the alert on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// It opens a group, or is news in one: told at `at`.
    Notify { at: Timestamp },
    /// The group has told it already: told again only when `repeat_interval` has passed, or it becomes worse.
    Merge { into: GroupId },
    /// It is in its group, and told if it still fires when nothing holds it back any more.
    Suppressed(SuppressedBy),
}

/// One way of an alert through the tree, down to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way<'a> {
    pub node: &'a Node,
    pub group: Group,
    pub decision: Decision,
}

/// Every way of `alert`: one per matching route and channel. None is lost: there is always at least one route, and each way
/// has a decision with its reason.
pub fn route<'a>(alert: &Alert, routes: &'a Routes, state: &AlertState, now: Timestamp) -> Vec<Way<'a>> {
    let member = Member::of(alert);
    let held = held_back(routes, &state.silences, &state.active, &member, now);
    let mut ways = Vec::new();
    for (node, group) in destinations(alert, routes) {
        let settings = &node.settings;
        let group_state = state.groups.get(&group.id);
        let told = group_state.and_then(|state| state.told.get(&member.fingerprint));
        let decision = if let Some(by) = outside_hours(routes, settings, now).or_else(|| held.clone()) {
            Decision::Suppressed(by)
        } else if told.is_some_and(|(_, severity)| *severity >= alert.severity) {
            Decision::Merge { into: group.id.clone() }
        } else {
            let last_flush_at = group_state.and_then(|state| state.last_flush_at);
            Decision::Notify { at: due_for_arrival(last_flush_at, settings, now) }
        };
        ways.push(Way { node, group, decision });
    }
    ways
}

/// The groups of an alert, one per matching route and channel.
fn destinations<'a>(alert: &Alert, routes: &'a Routes) -> Vec<(&'a Node, Group)> {
    let mut found = Vec::new();
    for node in routes.matching(&alert.labels) {
        let receiver = receiver_of(alert, routes, &node.settings);
        found.extend(groups(routes, receiver, &node.path, &node.settings, alert).map(|group| (node, group)));
    }
    found
}

/// The groups of an alert that a receiver has on a route, one per channel.
pub fn groups<'a>(
    routes: &'a Routes,
    receiver: &'a str,
    path: &'a str,
    settings: &'a Settings,
    alert: &'a Alert,
) -> impl Iterator<Item = Group> + 'a {
    let channels = routes.receivers.get(receiver).map_or(&[][..], |receiver| receiver.channels.as_slice());
    channels
        .iter()
        .map(move |channel| Group::new(path, receiver, channel.name(), settings.group_by.labels(&alert.labels)))
}

fn receiver_of<'a>(alert: &Alert, routes: &'a Routes, settings: &'a Settings) -> &'a str {
    let name = alert.labels.get("product");
    let product = routes.products.iter().find(|product| product.name == name).filter(|_| settings.to_owner);
    // A product that was stored before its receiver left the routes: better the route's receiver than nobody.
    let channel = product.and_then(|product| product.channel.as_deref());
    channel.filter(|name| routes.receivers.contains_key(*name)).unwrap_or(&settings.receiver)
}

impl Member {
    /// The alert as it enters a group.
    pub fn of(alert: &Alert) -> Self {
        Self {
            fingerprint: alert.fingerprint(),
            labels: alert.labels.clone(),
            severity: alert.severity,
            title: alert.title.clone(),
            message: alert.id.clone(),
            once: alert.once,
            resolved: false,
            acknowledged: false,
            suppressed_until: None,
            starts_at: alert.starts_at,
        }
    }
}
