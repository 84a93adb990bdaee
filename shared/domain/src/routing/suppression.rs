//! What keeps an alert from being told, with the reason.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::group::Member;
use super::inhibition::Active;
use super::silence::Silence;
use super::tree::{Routes, Settings};

/// Why an alert is not told now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum SuppressedBy {
    Silence {
        id: String,
        owner: String,
        reason: String,
        until: Timestamp,
    },
    /// Somebody suppressed its incident.
    Incident {
        until: Timestamp,
    },
    Inhibition {
        rule: String,
        source: String,
    },
    /// A `mute_time_intervals` of the route that holds now.
    MuteTime {
        interval: String,
    },
    /// None of the route's `active_time_intervals` holds now.
    InactiveTime {
        intervals: Vec<String>,
    },
}

impl SuppressedBy {
    /// Whether a person said so until a certain time, after which it is told again.
    pub fn is_for_a_while(&self) -> bool {
        self.until().is_some()
    }

    /// When it ends, where that is known.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Silence { until, .. } | Self::Incident { until } => Some(*until),
            Self::Inhibition { .. } | Self::MuteTime { .. } | Self::InactiveTime { .. } => None,
        }
    }
}

impl fmt::Display for SuppressedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silence { id, owner, reason, until } => {
                write!(f, "silence {id} of {owner} until {until}: {reason}")
            }
            Self::Incident { until } => write!(f, "its incident is suppressed until {until}"),
            Self::Inhibition { rule, source } => write!(f, "inhibition {rule:?}, because of: {source}"),
            Self::MuteTime { interval } => write!(f, "mute time interval {interval:?}"),
            Self::InactiveTime { intervals } => {
                write!(f, "it is none of the active time intervals {}", intervals.join(", "))
            }
        }
    }
}

/// Whether the route says nothing at this time of the week.
pub(super) fn outside_hours(routes: &Routes, settings: &Settings, now: Timestamp) -> Option<SuppressedBy> {
    let holds = |name: &&String| {
        routes.time_intervals.get(*name).is_some_and(|list| list.iter().any(|interval| interval.contains(now)))
    };
    if let Some(interval) = settings.mute_time_intervals.iter().find(holds) {
        return Some(SuppressedBy::MuteTime { interval: interval.clone() });
    }
    let active = &settings.active_time_intervals;
    (!active.is_empty() && !active.iter().any(|name| holds(&name)))
        .then(|| SuppressedBy::InactiveTime { intervals: active.clone() })
}

/// What holds one alert back, whatever the route.
pub(super) fn held_back(
    routes: &Routes,
    silences: &[Silence],
    active: &[Active],
    member: &Member,
    now: Timestamp,
) -> Option<SuppressedBy> {
    if let Some(until) = member.suppressed_until.filter(|until| *until > now) {
        return Some(SuppressedBy::Incident { until });
    }
    let silence =
        silences.iter().filter(|silence| silence.mutes(&member.labels, now)).max_by_key(|silence| silence.ends_at);
    if let Some(silence) = silence {
        return Some(SuppressedBy::Silence {
            id: silence.id.to_string(),
            owner: silence.owner.clone(),
            reason: silence.reason.clone(),
            until: silence.ends_at,
        });
    }
    routes.inhibit_rules.iter().find_map(|rule| {
        let source = rule.source_of(&member.fingerprint, &member.labels, active)?;
        Some(SuppressedBy::Inhibition { rule: rule.name.clone(), source: source.title.clone() })
    })
}
