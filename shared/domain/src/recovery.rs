//! What keeps an incident open and what ends it: its sources, evidence that joins, and calm that lasts.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::alarm::{AlarmChange, AlarmState};
use crate::anomaly::{Anomaly, FoundBy};
use crate::diagnosis::number;
use crate::escalation::Decision;
use crate::incident::{Incident, Status, StatusChange};

/// Evidence in a timeline, at most: what is older makes room. Changes of status stay.
const MAX_EVIDENCE: usize = 60;
/// What stands for evidence in an entry that brings none: without any it would be a change of status.
const REMARK: &str = "remark";
/// Sources of one incident, at most.
const MAX_SOURCES: usize = 20;
/// Characters of a timeline entry.
const WHY_CHARS: usize = 400;
/// After so many flaps calm need not last longer still: eight times the ordinary time.
const MAX_DOUBLINGS: u32 = 3;
/// Trouble that comes back within this flaps.
pub const FLAP_MEMORY: SignedDuration = SignedDuration::from_hours(24);
/// A datapoint comes a period late, and the run that judges it up to five minutes later.
const LATENESS: SignedDuration = SignedDuration::from_mins(15);

/// One thing that is abnormal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = IncidentSource)]
pub struct Source {
    pub found_by: FoundBy,
    /// The series, the alarm's ARN, or the series of a rule over log lines.
    pub name: String,
    pub period_seconds: u32,
    /// The end of the last window that was abnormal.
    pub last_at: Timestamp,
    /// How many anomalies it brought.
    pub count: u64,
    /// Since when its alarm is OK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_at: Option<Timestamp>,
}

impl Source {
    /// The source that an anomaly comes from.
    pub fn of(anomaly: &Anomaly) -> Self {
        Self {
            found_by: anomaly.found_by(),
            name: anomaly.metric.series().to_string(),
            period_seconds: anomaly.metric.period_seconds.max(60),
            last_at: anomaly.window_end,
            count: 1,
            over_at: None,
        }
    }
}

/// How long a series has been within its expected range, as its judge knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calm {
    /// Datapoints in a row within the range.
    pub periods: u32,
    /// The end of the first of them.
    pub since: Timestamp,
    /// The end of the newest.
    pub until: Timestamp,
}

impl Calm {
    /// What another datapoint that ends at `at` makes of it; `None` where it is outside of the range.
    #[must_use]
    pub fn after(known: Option<Self>, at: Timestamp, is_within: bool) -> Option<Self> {
        match known {
            _ if !is_within => None,
            None => Some(Self { periods: 1, since: at, until: at }),
            Some(calm) => Some(Self { periods: calm.periods.saturating_add(1), until: at, ..calm }),
        }
    }
}

/// What an anomaly does to the newest incident of its fingerprint.
#[derive(Debug, Clone, PartialEq)]
pub enum Joining {
    /// It is part of the incident already.
    Known,
    /// The incident with it.
    Joined(Box<Incident>),
    /// The incident is over: another one begins, of trouble that flapped so often.
    Over { flaps: u32 },
}

impl Incident {
    /// Whether the anomaly, or the alarm's change, opened the incident or joined it.
    pub fn knows(&self, evidence: &str) -> bool {
        self.anomaly.id.as_str() == evidence
            || self.timeline.iter().any(|entry| entry.evidence.as_deref() == Some(evidence))
    }

    /// When it was resolved, if it is.
    pub fn resolved_at(&self) -> Option<Timestamp> {
        let end = self.timeline.iter().rev().find(|entry| entry.to == Status::Resolved && entry.evidence.is_none());
        end.filter(|_| self.status == Status::Resolved).map(|entry| entry.at)
    }

    /// Joins an anomaly. `decision` is what the rules make of it beside the incident's finding: evidence may raise the severity
    /// and have people told, and never takes either back.
    pub fn join(&self, anomaly: &Anomaly, decision: &Decision, by: &str, now: Timestamp) -> Joining {
        if self.knows(anomaly.id.as_str()) {
            return Joining::Known;
        }
        if let Some(resolved) = self.resolved_at() {
            // What was over before it was resolved, and is told late, belongs to it; the end stays the end.
            if anomaly.window_end > resolved {
                let flaps = if anomaly.window_end.duration_since(resolved) <= FLAP_MEMORY { self.flaps + 1 } else { 0 };
                return Joining::Over { flaps };
            }
        } else if self.is_forgotten(anomaly) {
            return Joining::Known;
        }
        let mut incident = self.clone();
        let band = match anomaly.found_by() {
            FoundBy::Alarm => String::new(),
            _ => format!(": {} where {} is expected", number(anomaly.observed), anomaly.expected.text()),
        };
        let first = anomaly.reasons.first().map(|reason| format!("; {reason}")).unwrap_or_default();
        let what = if anomaly.fingerprint() == self.anomaly.fingerprint() { "abnormal again" } else { "abnormal too" };
        incident.note(anomaly.id.as_str(), &format!("{} is {what}{band}{first}", anomaly.metric.name), by, now);
        incident.source(Source::of(anomaly));
        if self.status != Status::Resolved {
            incident.severity = incident.severity.max(decision.severity);
            if decision.escalation.is_escalated() && !incident.escalation.is_escalated() {
                incident.escalation = decision.escalation.clone();
            }
        }
        Joining::Joined(Box::new(incident))
    }

    /// The incident with the alarm's return to OK; `None` where that changes nothing.
    pub fn calmed(&self, change: &AlarmChange, by: &str, now: Timestamp) -> Option<Self> {
        let anomaly = change.anomaly(None);
        let evidence = anomaly.id.as_str();
        if change.state != AlarmState::Ok || self.status == Status::Resolved || self.knows(evidence) {
            return None;
        }
        let name = anomaly.metric.series().to_string();
        let of_alarm =
            |source: &Source| source.found_by == FoundBy::Alarm && source.name == name && source.last_at <= change.at;
        let place = self.sources.iter().position(of_alarm)?;
        let mut incident = self.clone();
        incident.sources.get_mut(place)?.over_at = Some(change.at);
        incident.note(evidence, &format!("the alarm {} is OK again: {}", change.name, change.reason), by, now);
        Some(incident)
    }

    /// The incident after calm has ended it; `None` where it is over already.
    pub fn over(&self, why: &str, by: &str, now: Timestamp) -> Option<Self> {
        if self.status == Status::Resolved {
            return None;
        }
        let mut incident = self.clone();
        incident.status = Status::Resolved;
        incident.version += 1;
        let (by, why) = (by.to_owned(), why.chars().take(WHY_CHARS).collect());
        incident.timeline.push(StatusChange {
            at: now,
            by,
            to: Status::Resolved,
            why,
            until: None,
            evidence: None,
            assignee: None,
        });
        Some(incident)
    }

    /// Evidence that is older than the oldest that is kept was forgotten, not missed.
    fn is_forgotten(&self, anomaly: &Anomaly) -> bool {
        let mut evidence = self.timeline.iter().filter(|entry| entry.evidence.is_some());
        let full = evidence.clone().count() >= MAX_EVIDENCE;
        full && evidence.next().is_some_and(|oldest| anomaly.window_end < oldest.at - LATENESS)
    }

    fn note(&mut self, evidence: &str, why: &str, by: &str, now: Timestamp) {
        self.version += 1;
        self.tell(evidence, why, by, now);
    }

    /// Notes what is no evidence of its own.
    pub(crate) fn remark(&mut self, why: &str, now: Timestamp) {
        let by = self.timeline.first().map(|entry| entry.by.clone()).unwrap_or_default();
        self.tell(REMARK, why, &by, now);
    }

    fn tell(&mut self, evidence: &str, why: &str, by: &str, now: Timestamp) {
        self.timeline.push(StatusChange {
            at: now,
            by: by.to_owned(),
            to: self.status,
            why: why.chars().take(WHY_CHARS).collect(),
            until: self.timeline.last().and_then(|entry| entry.until),
            evidence: Some(evidence.to_owned()),
            assignee: None,
        });
        let surplus =
            self.timeline.iter().filter(|entry| entry.evidence.is_some()).count().saturating_sub(MAX_EVIDENCE);
        for _ in 0..surplus {
            if let Some(oldest) = self.timeline.iter().position(|entry| entry.evidence.is_some()) {
                self.timeline.remove(oldest);
            }
        }
    }

    fn source(&mut self, new: Source) {
        let same = |known: &&mut Source| known.name == new.name && known.found_by == new.found_by;
        if let Some(known) = self.sources.iter_mut().find(same) {
            known.count += 1;
            known.last_at = known.last_at.max(new.last_at);
            // An OK that came before this window does not end it.
            known.over_at = known.over_at.filter(|over| *over > new.last_at);
        } else if self.sources.len() < MAX_SOURCES {
            self.sources.push(new);
        }
    }

    /// The sources; of an incident from before they were kept, its anomaly's.
    pub fn all_sources(&self) -> Vec<Source> {
        if self.sources.is_empty() { vec![Source::of(&self.anomaly)] } else { self.sources.clone() }
    }
}

/// Whether an incident is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// All that was abnormal is calm; in words.
    Over { why: String },
    /// Not yet; what is waited for.
    NotYet { because: String },
}

/// Judges from every source's calm, by its name. `periods` is how many calm periods end an incident that did not flap.
/// Missing data is no calm.
pub fn recovery(incident: &Incident, calm: &BTreeMap<String, Calm>, periods: u32, now: Timestamp) -> Recovery {
    let needed = periods.max(1) << incident.flaps.min(MAX_DOUBLINGS);
    let mut told = Vec::new();
    for source in incident.all_sources() {
        match ended(&source, calm.get(&source.name), needed, now) {
            Ok(why) => told.push(why),
            Err(because) => return Recovery::NotYet { because },
        }
    }
    let flapped = match incident.flaps {
        0 => String::new(),
        times => format!(" (it had come back {times} time{} within a day)", if times == 1 { "" } else { "s" }),
    };
    Recovery::Over { why: format!("{}{flapped}", told.join("; ")) }
}

/// In words: why the source is calm, or what is missing.
fn ended(source: &Source, calm: Option<&Calm>, needed: u32, now: Timestamp) -> Result<String, String> {
    let name = short(&source.name);
    let period = SignedDuration::from_secs(i64::from(source.period_seconds));
    if source.found_by == FoundBy::Alarm {
        let over = source.over_at.ok_or_else(|| format!("the alarm on {name} is not OK"))?;
        let lasted = now.duration_since(over) >= period * needed.cast_signed();
        return if lasted {
            Ok(format!("the alarm on {name} is OK since {over}"))
        } else {
            Err(format!("the alarm on {name} is OK only since {over}"))
        };
    }
    let calm = calm.ok_or_else(|| format!("{name} is not back in its expected range"))?;
    if now.duration_since(calm.until) > period * 2 + LATENESS {
        return Err(format!("{name} brought no datapoint since {}: that is not calm", calm.until));
    }
    // Only what came after the last abnormal window counts.
    let since = calm.since.max(source.last_at);
    let after = calm.until.duration_since(since).as_secs() / period.as_secs().max(1);
    let after = if calm.since > source.last_at { after + 1 } else { after }.clamp(0, i64::from(calm.periods));
    if after >= i64::from(needed) {
        Ok(format!("{name} was as expected for {after} periods, since {since}"))
    } else {
        Err(format!("{name} was as expected for {after} of {needed} periods"))
    }
}

/// `AWS/EC2|CPUUtilization|…` → `CPUUtilization`.
fn short(series: &str) -> &str {
    series.split('|').nth(1).unwrap_or(series)
}
