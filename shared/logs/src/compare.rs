//! What an incident's window has that its baseline has not.

use serde::{Deserialize, Serialize};

use crate::level::Level;
use crate::stats;

/// A surge is at least this many times the usual rate: less is the daily up and down.
const SURGE: f64 = 2.0;
/// How often a window with nothing unusual may show one surged or vanished template: the error rate of the whole family, divided
/// by the number of templates (Bonferroni).
const FAMILY_ERROR: f64 = 0.01;

/// How a template's rate changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PatternKind {
    /// Never in the baseline.
    New,
    /// At least twice as often as in the baseline, and that is no accident.
    Surged,
    /// Often enough in the baseline that its silence is no accident.
    Vanished,
    /// As ever, as far as the counts can tell.
    Steady,
}

impl PatternKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Surged => "surged",
            Self::Vanished => "vanished",
            Self::Steady => "steady",
        }
    }
}

/// A kind of message in both windows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pattern {
    /// The message with a mask where something varies.
    pub template: String,
    pub kind: PatternKind,
    /// Events in the incident's window.
    pub count: u64,
    /// Events in the baseline.
    pub baseline_count: u64,
    /// Rate in the incident's window over rate in the baseline, with half an event added to both counts so that it is
    /// finite. Above 1: more often than before.
    pub ratio: f64,
    /// The worst level written in a header, or what the words suggest where none is.
    pub level: Option<Level>,
    /// One message as it was written, cut to 500 characters.
    pub sample: String,
    /// How suspicious, from 0 to 1.
    pub score: f64,
}

/// One template's events in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    pub template: String,
    pub count: u64,
    pub level: Option<Level>,
    pub sample: String,
}

/// All that was counted in one window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowCounts {
    pub templates: Vec<Counted>,
    /// How much was watched: the length of the window in seconds, or the number of its lines where no times are known. Both
    /// windows in the same unit. An empty window has 0.
    pub exposure: f64,
}

/// Compares template by template, the most suspicious first. Templates are the same when their text is.
pub fn compare(incident: &WindowCounts, baseline: &WindowCounts) -> Vec<Pattern> {
    let mut both: std::collections::BTreeMap<&str, (Option<&Counted>, Option<&Counted>)> =
        std::collections::BTreeMap::new();
    for counted in &incident.templates {
        both.entry(&counted.template).or_default().0 = Some(counted);
    }
    for counted in &baseline.templates {
        both.entry(&counted.template).or_default().1 = Some(counted);
    }
    let context = Context::new(incident.exposure, baseline.exposure, both.len());
    let mut patterns: Vec<Pattern> = both
        .into_iter()
        .map(|(template, (now, before))| {
            let seen = now.or(before);
            let level = now.and_then(|counted| counted.level).max(before.and_then(|counted| counted.level));
            let sample = seen.map(|counted| counted.sample.clone()).unwrap_or_default();
            let count = |counted: Option<&Counted>| counted.map_or(0, |counted| counted.count);
            context.pattern(template.to_owned(), count(now), count(before), level, sample)
        })
        .collect();
    patterns.sort_by(order);
    patterns
}

/// The most suspicious first; equals by count, then by text, so that the order never depends on chance.
pub(crate) fn order(a: &Pattern, b: &Pattern) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(b.count.cmp(&a.count)).then_with(|| a.template.cmp(&b.template))
}

/// What the judgement of one template needs to know of the windows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    /// The incident's part of both exposures.
    share: f64,
    /// Below this a p-value is no accident.
    bar: f64,
    has_baseline: bool,
}

impl Context {
    pub(crate) fn new(incident: f64, baseline: f64, templates: usize) -> Self {
        let (incident, baseline) = (incident.max(0.0), baseline.max(0.0));
        let all = incident + baseline;
        Self {
            share: if all > 0.0 { incident / all } else { 0.5 },
            bar: FAMILY_ERROR / templates.max(1) as f64,
            has_baseline: baseline > 0.0,
        }
    }

    pub(crate) fn pattern(
        &self,
        template: String,
        now: u64,
        before: u64,
        level: Option<Level>,
        sample: String,
    ) -> Pattern {
        let share = self.share.clamp(1e-9, 1.0 - 1e-9);
        let ratio = (now as f64 + 0.5) / share / ((before as f64 + 0.5) / (1.0 - share));
        let more = stats::at_least(now, before, share);
        let fewer = stats::at_most(now, before, share);
        let kind = if now > 0 && before == 0 {
            PatternKind::New
        } else if now > 0 && ratio >= SURGE && more <= self.bar {
            PatternKind::Surged
        } else if now == 0 && fewer <= self.bar {
            PatternKind::Vanished
        } else {
            PatternKind::Steady
        };
        let level = level.or_else(|| Level::of_words(&sample));
        let score = self.score(kind, now, level, more);
        Pattern { template, kind, count: now, baseline_count: before, ratio, level, sample, score }
    }

    /// Kind and level decide the class, how often and how surely it happened the place within it.
    fn score(&self, kind: PatternKind, now: u64, level: Option<Level>, more: f64) -> f64 {
        let severity = match level {
            Some(Level::Fatal) => 1.0,
            Some(Level::Error) => 0.85,
            Some(Level::Warn) => 0.5,
            Some(Level::Info) | None => 0.25,
            Some(Level::Debug | Level::Trace) => 0.15,
        };
        let kind = match kind {
            // Without a baseline nothing is known to be new.
            PatternKind::New if self.has_baseline => 1.0,
            PatternKind::New => 0.6,
            PatternKind::Surged => 0.8,
            PatternKind::Vanished => 0.45,
            PatternKind::Steady => 0.05,
        };
        // −log10 p, saturating: 0 at an even chance, 1 from one in 10^12 on.
        let surprise = (-more.max(1e-300).log10() / 12.0).clamp(0.0, 1.0);
        let often = ((now as f64).ln_1p() / 10_000_f64.ln_1p()).min(1.0);
        (severity * kind * (0.7 + 0.2 * surprise + 0.1 * often)).clamp(0.0, 1.0)
    }
}
