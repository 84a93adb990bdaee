//! From the document to the tree: every problem at once, with its place.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{EscalationEntry, InhibitEntry, ReceiverEntry, RouteEntry, RoutesDocument};
use super::inhibition::InhibitRule;
use super::lenient::{Lenient, take_all};
use super::product::Product;
use super::tree::{EscalationStep, GroupBy, Node, RateLimit, Receiver, Routes, Settings};
use super::{Labels, Span};

/// The tree of a document; what is wrong with it goes to `problems`.
pub(super) fn check(document: RoutesDocument, products: Vec<Product>, problems: &mut Vec<String>) -> Routes {
    let receivers: BTreeMap<String, Receiver> = document
        .receivers
        .into_iter()
        .map(|(name, entry)| {
            let receiver = check_receiver(&format!("receivers.{name}"), entry, problems);
            (name, receiver)
        })
        .collect();
    let time_intervals = document
        .time_intervals
        .into_iter()
        .map(|(name, list)| {
            let list = take_all(list, &format!("time_intervals.{name}"), problems);
            (name, list)
        })
        .collect();
    if document.route.receiver.is_none() {
        problems.push("route.receiver: is missing: the top of the tree has to tell somebody".to_owned());
    }
    if !document.route.matchers.is_empty() || document.route.continues {
        problems.push("route: the top of the tree takes every alert: it has neither matchers nor continue".to_owned());
    }
    if !document.route.mute_time_intervals.is_empty() || !document.route.active_time_intervals.is_empty() {
        problems.push("route: the top of the tree has no time intervals: put them into a route below".to_owned());
    }
    let mut taken = BTreeSet::new();
    let root = check_node(document.route, "route", "", &Settings::defaults(), &mut taken, problems);
    let inhibit_rules = document
        .inhibit_rules
        .into_iter()
        .enumerate()
        .map(|(index, entry)| check_inhibition(&format!("inhibit_rules[{index}]"), entry, problems))
        .collect();
    let mut span = |entry: Option<Lenient<Span>>, path: &str, default: Span| {
        entry.and_then(|span| span.take(path, problems)).unwrap_or(default)
    };
    let max_silence = span(document.silences.max_length, "silences.max_length", Span::minutes(30 * 24 * 60));
    let retry_span = span(document.delivery.retry_span, "delivery.retry_span", Span::minutes(60));
    let resend = document.silences.resend.unwrap_or(true);
    let routes = Routes { root, receivers, inhibit_rules, time_intervals, products, max_silence, resend, retry_span };
    check_references(&routes, problems);
    routes
}

/// Whether everything that is named exists.
fn check_references(routes: &Routes, problems: &mut Vec<String>) {
    let mut nodes = vec![("route".to_owned(), &routes.root)];
    while let Some((path, node)) = nodes.pop() {
        let settings = &node.settings;
        let steps = settings.escalation.iter().enumerate();
        let named = std::iter::once((format!("{path}.receiver"), settings.receiver.as_str()))
            .chain(steps.map(|(index, step)| (format!("{path}.escalation[{index}].receiver"), &*step.receiver)));
        for (path, receiver) in named {
            if !receiver.is_empty() && !routes.receivers.contains_key(receiver) {
                problems.push(format!("{path}: there is no receiver {receiver:?}"));
            }
        }
        let lists = [
            ("mute_time_intervals", &settings.mute_time_intervals),
            ("active_time_intervals", &settings.active_time_intervals),
        ];
        for (list, names) in lists {
            for name in names.iter().filter(|name| !routes.time_intervals.contains_key(*name)) {
                problems.push(format!("{path}.{list}: there is no time interval {name:?}"));
            }
        }
        let below = node.routes.iter().enumerate();
        nodes.extend(below.map(|(index, node)| (format!("{path}.routes[{index}]"), node)));
    }
    for product in &routes.products {
        if let Some(channel) = product.channel.as_ref().filter(|name| !routes.receivers.contains_key(*name)) {
            problems
                .push(format!("products.json: products.{}.channel: there is no receiver {channel:?}", product.name));
        }
    }
    problems.dedup();
}

fn check_node(
    entry: RouteEntry,
    json_path: &str,
    above: &str,
    inherited: &Settings,
    taken: &mut BTreeSet<String>,
    problems: &mut Vec<String>,
) -> Node {
    let matchers = take_all(entry.matchers, &format!("{json_path}.matchers"), problems);
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    let mut path = if json_path == "route" { "root".to_owned() } else { format!("{above}/{{{}}}", texts.join(",")) };
    while !taken.insert(path.clone()) {
        path = format!("{path}'");
    }
    let mut span = |entry: Option<Lenient<Span>>, name: &str, inherited: Span| {
        entry.and_then(|span| span.take(&format!("{json_path}.{name}"), problems)).unwrap_or(inherited)
    };
    let group_wait = span(entry.group_wait, "group_wait", inherited.group_wait);
    let group_interval = span(entry.group_interval, "group_interval", inherited.group_interval);
    let repeat_interval = span(entry.repeat_interval, "repeat_interval", inherited.repeat_interval);
    for (name, span) in [("group_wait", group_wait), ("group_interval", group_interval)] {
        if span == Span::Never {
            problems.push(format!("{json_path}.{name}: never would hold every alert back for ever"));
        }
    }
    if repeat_interval == Span::ZERO {
        problems.push(format!("{json_path}.repeat_interval: must be longer than 0s"));
    }
    let settings = Settings {
        receiver: entry.receiver.unwrap_or_else(|| inherited.receiver.clone()),
        group_by: entry
            .group_by
            .map_or_else(|| inherited.group_by.clone(), |names| check_group_by(names, json_path, problems)),
        group_wait,
        group_interval,
        repeat_interval,
        mute_time_intervals: entry.mute_time_intervals,
        active_time_intervals: entry.active_time_intervals,
        escalation: entry
            .escalation
            .map_or_else(|| inherited.escalation.clone(), |steps| check_escalation(steps, json_path, problems)),
        to_owner: entry.to_owner.unwrap_or(inherited.to_owner),
    };
    let routes = entry
        .routes
        .into_iter()
        .enumerate()
        .map(|(index, below)| {
            check_node(below, &format!("{json_path}.routes[{index}]"), &path, &settings, taken, problems)
        })
        .collect();
    Node { path, matchers, continues: entry.continues, settings, routes }
}

fn check_group_by(names: Vec<String>, json_path: &str, problems: &mut Vec<String>) -> GroupBy {
    if names == ["..."] {
        return GroupBy::Everything;
    }
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let path = format!("{json_path}.group_by[{index}]");
        if name == "..." {
            problems.push(format!("{path}: \"...\" stands alone"));
        } else if !Labels::is_known(name) {
            problems.push(format!("{path}: {name:?} is no label of an alert"));
        } else if !seen.insert(name) {
            problems.push(format!("{path}: {name:?} is named twice"));
        }
    }
    GroupBy::Labels(names)
}

fn check_escalation(steps: Vec<EscalationEntry>, json_path: &str, problems: &mut Vec<String>) -> Vec<EscalationStep> {
    let mut checked: Vec<EscalationStep> = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        let path = format!("{json_path}.escalation[{index}].after");
        let Some(after) = step.after.take(&path, problems) else { continue };
        if after == Span::ZERO || after == Span::Never || checked.last().is_some_and(|last| after <= last.after) {
            problems.push(format!("{path}: must be longer than 0s, and than the step before; never is not accepted"));
        }
        checked.push(EscalationStep { after, receiver: step.receiver });
    }
    checked
}

fn check_receiver(path: &str, entry: ReceiverEntry, problems: &mut Vec<String>) -> Receiver {
    let channels = take_all(entry.channels, &format!("{path}.channels"), problems);
    let mut names = BTreeSet::new();
    for (index, channel) in channels.iter().enumerate() {
        let name = channel.name();
        if !names.insert(name.to_owned()) {
            problems.push(format!("{path}.channels[{index}]: another channel is called {name:?}: set its name"));
        }
        if name.is_empty() || name.contains('/') {
            problems.push(format!("{path}.channels[{index}].name: must not be empty, nor hold a slash"));
        }
        problems.extend(channel.problems().into_iter().map(|problem| format!("{path}.channels[{index}].{problem}")));
    }
    let rate_limit = entry.rate_limit.and_then(|limit| {
        let per = limit.per.take(&format!("{path}.rate_limit.per"), problems)?;
        if limit.notifications == 0 || per < Span::Seconds(1) || per == Span::Never {
            problems.push(format!("{path}.rate_limit: at least 1 notification per 1s or longer"));
        }
        Some(RateLimit { notifications: limit.notifications, per })
    });
    Receiver { channels, rate_limit }
}

fn check_inhibition(path: &str, entry: InhibitEntry, problems: &mut Vec<String>) -> InhibitRule {
    for (index, name) in entry.equal.iter().enumerate().filter(|(_, name)| !Labels::is_known(name)) {
        problems.push(format!("{path}.equal[{index}]: {name:?} is no label of an alert"));
    }
    if entry.source_matchers.is_empty() || entry.target_matchers.is_empty() {
        problems.push(format!("{path}: needs source_matchers and target_matchers: else it would hold back everything"));
    }
    InhibitRule {
        name: entry.name,
        source: take_all(entry.source_matchers, &format!("{path}.source_matchers"), problems),
        target: take_all(entry.target_matchers, &format!("{path}.target_matchers"), problems),
        equal: entry.equal,
    }
}
