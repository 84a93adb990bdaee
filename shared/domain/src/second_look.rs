//! A second look at an incident that goes on: when it is worth one, around what, and what becomes of the finding.

use jiff::{SignedDuration, Timestamp};

use crate::anomaly::Anomaly;
use crate::diagnosis::Finding;
use crate::incident::{Incident, IncidentKind, Status};
use crate::recovery::Source;

/// The least time between two looks: CloudTrail tells of a change within 15 minutes.
const BETWEEN: SignedDuration = SignedDuration::from_mins(15);
/// What could not be found or read at first is looked for so long.
const UNSETTLED: SignedDuration = SignedDuration::from_hours(2);
/// So much farther from what is typical is worse.
const WORSE: f64 = 1.25;

impl Incident {
    /// What to gather evidence around, where the anomaly that joins is worth another look: it is of another source, or worse, or
    /// the finding left something open. The looks grow rarer, so that a long incident costs little more than a short one.
    pub fn second_look(&self, anomaly: &Anomaly, now: Timestamp) -> Option<Anomaly> {
        let last = self.looked_at.unwrap_or(self.opened_at);
        let pause = BETWEEN.max(last.duration_since(self.opened_at) / 2);
        let is_part = self.status != Status::Resolved && self.kind == IncidentKind::Anomaly;
        let is_later = anomaly.window_end > self.anomaly.window_end;
        if !is_part || !is_later || self.knows(anomaly.id.as_str()) || now.duration_since(last) < pause {
            return None;
        }
        let is_same = anomaly.fingerprint() == self.anomaly.fingerprint();
        let source = Source::of(anomaly);
        let is_other = !is_same && !self.all_sources().iter().any(|known| known.name == source.name);
        let is_worse = is_same && distance(anomaly) > distance(&self.anomaly) * WORSE;
        let is_open = self.finding.likeliest().is_none() || !self.finding.gaps.is_empty();
        let is_unsettled = is_open && now.duration_since(self.opened_at) <= UNSETTLED;
        (is_other || is_worse || is_unsettled).then(|| Anomaly {
            window_end: anomaly.window_end,
            observed: if is_worse { anomaly.observed } else { self.anomaly.observed },
            ..self.anomaly.clone()
        })
    }

    /// The incident after another look, not yet stored: the version grows with the evidence that joins.
    #[must_use]
    pub fn looked_again(&self, finding: Finding, now: Timestamp) -> Self {
        let told = finding.summary.clone();
        let finding = self.finding.clone().or_better(finding);
        let mut incident = Self { finding, looked_at: Some(now), ..self.clone() };
        if incident.finding.summary != self.finding.summary {
            incident.remark(&format!("looked again: {told}"), now);
        }
        incident
    }
}

impl Finding {
    /// Which of two findings about the same trouble stands. A cause that is named gives way only to one that is at least as sure;
    /// what was learnt besides, and what it cost, is kept in any case.
    #[must_use]
    pub fn or_better(self, newer: Self) -> Self {
        let is_better = match (self.likeliest(), newer.likeliest()) {
            (Some(known), Some(found)) => found.confidence >= known.confidence,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let cost_usd = self.cost_usd + newer.cost_usd;
        let (mut kept, other) = if is_better { (newer, self) } else { (self, newer) };
        for change in other.changes.into_iter().filter(|change| change.touches.is_some()) {
            if !kept.changes.contains(&change) {
                kept.changes.insert(0, change);
                let surplus = kept.changes.len().saturating_sub(Self::MAX_CHANGES);
                kept.changes.truncate(Self::MAX_CHANGES);
                kept.changes_cut += surplus as u64;
            }
        }
        kept.cost_usd = cost_usd;
        kept
    }
}

fn distance(anomaly: &Anomaly) -> f64 {
    (anomaly.observed - anomaly.expected.typical).abs()
}
