//! A group of alerts on its way through one channel, and what was told of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::tree::{GroupBy, Settings};
use super::{Labels, Span};
use crate::id::GroupId;
use crate::severity::Severity;

/// The route of the groups that hold summaries of what a rate limit held back.
pub const SUMMARY: &str = "(held back by the rate limit)";

/// Alerts that go out together: those of one route that are equal in its `group_by`, on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: GroupId,
    /// The route's path.
    pub route: String,
    pub receiver: String,
    pub channel: String,
    /// The labels that its alerts have in common.
    pub labels: Labels,
}

impl Group {
    pub fn new(route: &str, receiver: &str, channel: &str, labels: Labels) -> Self {
        let id = GroupId::derive(&[route, receiver, channel, &labels.to_string()]);
        Self { id, route: route.to_owned(), receiver: receiver.to_owned(), channel: channel.to_owned(), labels }
    }

    /// `receiver/channel`, as people are told.
    pub fn destination(&self) -> String {
        format!("{}/{}", self.receiver, self.channel)
    }
}

impl GroupBy {
    /// The labels by which an alert finds its group.
    pub fn labels(&self, alert: &Labels) -> Labels {
        match self {
            Self::Everything => alert.iter().filter(|(name, _)| *name != super::labels::INCIDENT).collect(),
            Self::Labels(names) => names.iter().map(|name| (name.as_str(), alert.get(name))).collect(),
        }
    }
}

/// One alert in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub fingerprint: String,
    pub labels: Labels,
    pub severity: Severity,
    pub title: String,
    /// The id of its newest message.
    pub message: String,
    /// Told once, then forgotten.
    pub once: bool,
    /// Whether nothing of it is open any more.
    pub resolved: bool,
    pub acknowledged: bool,
    /// Held back by somebody until then.
    pub suppressed_until: Option<Timestamp>,
    pub starts_at: Timestamp,
}

/// What was last told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToldAs {
    Firing,
    Acknowledged,
    /// It was told, then silenced: it is told again when the silence ends.
    Silenced,
}

/// What was told, and when. Rests in the store between notifications.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// When the group was last looked at, which is when its next interval began.
    pub last_flush_at: Option<Timestamp>,
    pub last_notified_at: Option<Timestamp>,
    /// Since when alerts of the group fire that nobody has acknowledged, counted from their first notification.
    pub alarmed_at: Option<Timestamp>,
    /// Steps of the escalation that were taken since `alarmed_at`.
    pub escalated: usize,
    /// By fingerprint.
    pub told: BTreeMap<String, (ToldAs, Severity)>,
}

/// When a group has to be looked at because an alert has arrived.
///
/// A new group waits `group_wait`, one that has been looked at for the end of its interval.
pub fn due_for_arrival(last_flush_at: Option<Timestamp>, settings: &Settings, now: Timestamp) -> Timestamp {
    match last_flush_at {
        None => settings.group_wait.after(now).unwrap_or(now),
        Some(last) => next_interval(last, settings.group_interval, now),
    }
}

/// The first end of an interval at `earliest` or later, counted from `last`.
pub(super) fn next_interval(last: Timestamp, interval: Span, earliest: Timestamp) -> Timestamp {
    let Span::Seconds(seconds @ 1..) = interval else { return earliest };
    let passed = (earliest.as_second() - last.as_second()).max(1);
    let intervals = passed.div_euclid(seconds) + i64::from(passed % seconds != 0);
    Span::Seconds(intervals.saturating_mul(seconds)).after(last).unwrap_or(earliest)
}
