//! The evidence, prepared: what every engine looks at.

use jiff::{SignedDuration, Timestamp};

use super::PatternChange;
use super::blast::BlastRadius;
use super::change::{self, ChangeKind};
use super::family::Family;
use super::reading::{Mark, Reading, read};
use super::signals::LogSignals;
use crate::anomaly::Anomaly;
use crate::evidence::{Change, Evidence, Gap, InstanceCondition, MetricMove, ObservedPattern};
use crate::severity::Severity;

/// Trouble in the logs may precede the metric by this much; what is older belongs to something else.
const LEAD: SignedDuration = SignedDuration::from_mins(30);
/// A pattern needs as many events before to say how ordinary work grew.
const ENOUGH_EVENTS: u64 = 5;

/// What engines read.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) readings: Vec<Reading<'a>>,
    pub(super) anomaly: Option<&'a Anomaly>,
    pub(super) moves: Vec<(Family, MetricMove)>,
    pub(super) changes: &'a [Change],
    pub(super) blast: BlastRadius,
    pub(super) gaps: Vec<&'a Gap>,
    /// What EC2 says of the instance.
    pub(super) state: Option<&'a InstanceCondition>,
    /// When the trouble began, as far as the metric and the logs tell.
    pub(super) onset: Option<Timestamp>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(evidence: &'a Evidence, signals: &'a LogSignals) -> Self {
        let readings = read(&evidence.logs.patterns, signals);
        let mut moves: Vec<_> =
            evidence.metrics.iter().map(|found| (Family::of(&found.metric), found.clone())).collect();
        moves.insert(0, (Family::of(&evidence.anomaly.metric), MetricMove::of(&evidence.anomaly)));
        Self {
            onset: Some(onset(&evidence.anomaly, &readings)),
            readings,
            anomaly: Some(&evidence.anomaly),
            moves,
            changes: &evidence.changes,
            blast: BlastRadius::of(&evidence.siblings),
            gaps: evidence.logs.gaps.iter().chain(&evidence.gaps).collect(),
            state: evidence.state.as_ref(),
        }
    }

    /// Logs alone, as files hold them.
    pub(super) fn of_patterns(patterns: &'a [ObservedPattern], signals: &'a LogSignals) -> Self {
        let readings = read(patterns, signals);
        Self {
            readings,
            anomaly: None,
            moves: Vec::new(),
            changes: &[],
            blast: BlastRadius::Unknown,
            gaps: Vec::new(),
            state: None,
            onset: None,
        }
    }

    /// The move of a family's metric that went farthest; `None` where it is not measured.
    pub(super) fn of_family(&self, family: Family) -> Option<&MetricMove> {
        let moves = self.moves.iter().filter(|(other, _)| *other == family).map(|(_, found)| found);
        moves.max_by(|a, b| a.z.abs().total_cmp(&b.z.abs()))
    }

    /// The family's metric, where it left its band upwards.
    pub(super) fn rose(&self, family: Family) -> Option<&MetricMove> {
        self.of_family(family).filter(|found| found.moved_at.is_some() && found.z > 0.0)
    }

    /// The family's metric, where it left its band downwards.
    pub(super) fn fell(&self, family: Family) -> Option<&MetricMove> {
        self.of_family(family).filter(|found| found.moved_at.is_some() && found.z < 0.0)
    }

    /// Whether another metric than the anomalous one moved before it.
    pub(super) fn moved_first(&self, found: &MetricMove) -> bool {
        let start = self.anomaly.map(|anomaly| anomaly.window_start);
        found.moved_at.zip(start).is_some_and(|(moved, start)| moved < start)
    }

    /// Changes of one of `kinds` before the onset, with how near they are (0 to 1), heaviest first.
    pub(super) fn changes_of(&self, kinds: &[ChangeKind]) -> Vec<(&'a Change, f64)> {
        let Some(onset) = self.onset else { return Vec::new() };
        let mut found: Vec<_> = self
            .changes
            .iter()
            .filter(|change| kinds.contains(&ChangeKind::of(change)))
            .map(|change| (change, change::nearness(change, onset)))
            .filter(|(_, nearness)| *nearness > 0.05)
            .collect();
        found.sort_by(|a, b| {
            b.0.touches.is_some().cmp(&a.0.touches.is_some()).then(b.1.total_cmp(&a.1)).then(a.0.event.cmp(&b.0.event))
        });
        found
    }

    /// How long the instance had run when the trouble began.
    pub(super) fn age_at_onset(&self) -> Option<SignedDuration> {
        let age = self.onset?.duration_since(self.state?.launched_at?);
        (age >= SignedDuration::ZERO).then_some(age)
    }

    /// The first line of such a mark that was not there before, and how often it came.
    pub(super) fn mark(&self, mark: Mark) -> Option<(&str, u64)> {
        let marks = self.readings.iter().filter(|reading| reading.marks(mark) && reading.news >= 0.4);
        let first = marks.min_by(|a, b| {
            a.pattern.first_at.cmp(&b.pattern.first_at).then_with(|| a.pattern.template.cmp(&b.pattern.template))
        })?;
        Some((first.pattern.template.as_str(), first.pattern.count))
    }

    /// Events of new errors, whatever their cause.
    pub(super) fn new_error_events(&self) -> u64 {
        self.readings.iter().filter(|reading| reading.is_new_error()).map(|reading| reading.pattern.count).sum()
    }

    /// How much of a cause's patterns is news, over all of them: 0 to 1.
    pub(super) fn log_support(&self, cause: &str) -> f64 {
        1.0 - self.readings.iter().map(|reading| 1.0 - reading.supports(cause)).product::<f64>()
    }

    /// How the rate of ordinary lines grew, and which share of them (by weight before) at least nearly doubled.
    pub(super) fn ordinary_growth(&self) -> Option<(f64, f64)> {
        let (mut before, mut grown, mut weighted) = (0.0, 0.0, 0.0);
        for reading in &self.readings {
            let pattern = reading.pattern;
            let Some(baseline) = pattern.baseline_count.filter(|count| *count >= ENOUGH_EVENTS) else { continue };
            if reading.severity().is_some_and(|severity| severity >= Severity::Medium) {
                continue;
            }
            let ratio = match pattern.change {
                PatternChange::Vanished => 0.0,
                _ => pattern.ratio.filter(|ratio| ratio.is_finite()).unwrap_or(1.0),
            };
            before += baseline as f64;
            weighted += baseline as f64 * ratio;
            if ratio >= 1.7 {
                grown += baseline as f64;
            }
        }
        (before > 0.0).then(|| (weighted / before, grown / before))
    }

    /// Whether something of a kind could not be read, by a word of the gap's source.
    pub(super) fn could_not_read(&self, word: &str) -> bool {
        self.gaps.iter().any(|gap| gap.source.to_lowercase().contains(word))
    }
}

fn onset(anomaly: &Anomaly, readings: &[Reading<'_>]) -> Timestamp {
    let earliest = anomaly.window_start - LEAD;
    let told = readings.iter().filter(|reading| reading.is_new_error()).filter_map(|reading| reading.pattern.first_at);
    told.filter(|at| *at >= earliest).min().map_or(anomaly.window_start, |at| at.min(anomaly.window_start))
}
