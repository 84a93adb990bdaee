//! One notification: what a channel tells of a group at a time.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Notice;
use super::deed::Deed;
use crate::id::NotificationId;
use crate::routing::group::SUMMARY;
use crate::routing::held::Thread;
use crate::routing::{Because, Group, Labels, Member};
use crate::severity::Severity;

/// Alerts of a group that a message lists; the rest is counted.
const LISTED: usize = 20;

/// Where the group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Firing,
    Acknowledged,
    Resolved,
}

/// One alert of a notification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub fingerprint: String,
    /// The id of its newest message.
    pub id: String,
    pub title: String,
    pub severity: Severity,
    pub labels: Labels,
    pub resolved: bool,
    pub starts_at: Timestamp,
}

/// A notification before it takes a channel's form.
#[derive(Debug, Clone, PartialEq)]
pub struct Bulletin {
    /// The same for the same content: the receiver's and our own sign of a repeat.
    pub id: NotificationId,
    pub group: Group,
    pub standing: Standing,
    pub because: Because,
    /// Where the group's first message is, for a channel that refers to it. `None` for the first, and for other channels.
    pub thread: Option<Thread>,
    /// What it says, whatever the channel.
    pub notice: Notice,
    /// Firing first, most severe first.
    pub lines: Vec<Line>,
    /// The message on SNS, where the notification is about one alert alone.
    pub body: Option<Value>,
    pub sent_at: Timestamp,
}

impl Bulletin {
    /// A notification of `firing` and `resolved`, of which at least one has a member. `single` is the notice and message of
    /// the only alert, if there is but one.
    pub fn new(
        group: &Group,
        because: Because,
        (firing, resolved): (&[&Member], &[&Member]),
        last_notified_at: Option<Timestamp>,
        single: Option<(Notice, Value)>,
        now: Timestamp,
    ) -> Self {
        let mut lines: Vec<Line> = firing.iter().chain(resolved).map(|member| line(member)).collect();
        lines.sort_by(|a, b| {
            (a.resolved, b.severity, &a.labels, &a.id).cmp(&(b.resolved, a.severity, &b.labels, &b.id))
        });
        let standing = match (firing.is_empty(), firing.iter().all(|member| member.acknowledged)) {
            (true, _) => Standing::Resolved,
            (false, true) => Standing::Acknowledged,
            (false, false) => Standing::Firing,
        };
        let (notice, body) = match single {
            Some((notice, body)) => (notice, Some(body)),
            None => (notice(group, &lines, now), None),
        };
        let mut notice = Notice { title: format!("{}{}", mark(standing, because), notice.title), ..notice };
        notice
            .deeds
            .retain(|deed| standing == Standing::Firing || (standing != Standing::Resolved && *deed == Deed::Silence));
        let id = identify(group, because, &lines, last_notified_at);
        Self { id, group: group.clone(), standing, because, thread: None, notice, lines, body, sent_at: now }
    }

    /// What the other side tells repeats of the same trouble by, over all notifications of the group.
    pub fn dedup_key(&self) -> &str {
        self.group.id.as_str()
    }
}

fn line(member: &Member) -> Line {
    Line {
        fingerprint: member.fingerprint.clone(),
        id: member.message.clone(),
        title: member.title.clone(),
        severity: member.severity,
        labels: member.labels.clone(),
        resolved: member.resolved,
        starts_at: member.starts_at,
    }
}

/// From content: who looks at the same group at the same state names the same notification.
fn identify(group: &Group, because: Because, lines: &[Line], last_notified_at: Option<Timestamp>) -> NotificationId {
    let before = last_notified_at.map(|at| at.to_string()).unwrap_or_default();
    let because = format!("{because:?}");
    let alerts = lines.iter().map(|line| format!("{}:{}:{}", line.fingerprint, line.id, line.resolved));
    let parts: Vec<String> = [group.id.to_string(), because, before].into_iter().chain(alerts).collect();
    NotificationId::derive(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn mark(standing: Standing, because: Because) -> &'static str {
    match (standing, because) {
        (Standing::Resolved, _) => "Resolved: ",
        (Standing::Acknowledged, _) => "Acknowledged: ",
        (Standing::Firing, Because::Repeat) => "Still firing: ",
        (Standing::Firing, Because::SilenceEnded) => "Firing after its silence: ",
        (Standing::Firing, _) => "",
    }
}

/// The notice of a group of several alerts.
fn notice(group: &Group, lines: &[Line], now: Timestamp) -> Notice {
    let (over, firing): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.resolved);
    let shown = if firing.is_empty() { &over } else { &firing };
    let severity = shown.iter().map(|line| line.severity).max().unwrap_or(Severity::Info);
    let mut by_severity: BTreeMap<Severity, usize> = BTreeMap::new();
    for line in shown {
        *by_severity.entry(line.severity).or_default() += 1;
    }
    let counts: Vec<String> = by_severity.iter().rev().map(|(severity, count)| format!("{count} {severity}")).collect();
    let common = if group.labels.is_empty() { String::new() } else { format!(" ({})", group.labels) };
    let since = lines.iter().map(|line| line.starts_at).min().unwrap_or(now);
    let mut findings: Vec<String> = lines
        .iter()
        .take(LISTED)
        .map(|line| format!("{}{}: {}", if line.resolved { "resolved: " } else { "" }, line.severity, line.title))
        .collect();
    if lines.len() > LISTED {
        findings.push(format!("and {} more", lines.len() - LISTED));
    }
    let mut facts = vec![("Alerts", counts.join(", ")), ("Since", since.to_string())];
    if !group.labels.is_empty() {
        facts.insert(0, ("Group", group.labels.to_string()));
    }
    if !over.is_empty() && !firing.is_empty() {
        facts.push(("Resolved", over.len().to_string()));
    }
    Notice {
        id: group.id.to_string(),
        kind: "group",
        severity,
        title: if group.route == SUMMARY {
            format!("{} notifications were held back by the rate limit", shown.len())
        } else {
            format!("{} alerts{common}", shown.len())
        },
        summary: shown.first().map(|line| format!("The most severe: {}", line.title)).unwrap_or_default(),
        facts,
        findings,
        occurred_at: now,
        resource_id: group.labels.get("resource").to_owned(),
        incident_id: group.labels.get("incident").to_owned(),
        link: None,
        // Of the one incident that all of it is about; without one there is no link either.
        deeds: vec![Deed::Acknowledge, Deed::Silence],
    }
}
