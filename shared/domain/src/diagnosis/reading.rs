//! Log patterns as evidence: what each says, and how much of it is news.

use super::signals::{LogSignals, Signal};
use super::{LogPattern, PatternChange};
use crate::evidence::ObservedPattern;
use crate::severity::Severity;

/// The pseudo cause of lines that tell of a start or a release. It is no fault, only a mark in time.
const DEPLOY_MARK: &str = "deploy_marker";
/// The same of lines that tell of a setting or a switch that was changed.
const SETTING_MARK: &str = "setting_marker";

/// A mark in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Deploy,
    Setting,
}

/// Whether the cause of a signal is a mark in time and no fault.
pub(super) fn is_mark(cause: &str) -> bool {
    [DEPLOY_MARK, SETTING_MARK].contains(&cause)
}
/// What a signal that is not the first of its line counts for: a line about a full disk may also say "failed".
const SECONDARY: f64 = 0.3;
/// What a pattern that is as frequent as before counts for.
const STEADY_NEWS: f64 = 0.02;
/// Without a baseline nobody knows what is new.
const UNCOMPARED_NEWS: f64 = 0.6;
/// Doubt that remains after each further event of a pattern that was never seen before.
const DOUBT_PER_EVENT: f64 = 0.55;
/// Characters of a sample that are read. A stack trace's cause stands far down.
const READ_CHARS: usize = 4000;
/// Characters of a sample that are kept.
pub(crate) const SAMPLE_CHARS: usize = 500;

/// A pattern, read.
#[derive(Debug, Clone)]
pub(super) struct Reading<'a> {
    pub(super) pattern: &'a ObservedPattern,
    signals: Vec<&'a Signal>,
    /// 0 (as always) to 1 (certainly new).
    pub(super) news: f64,
    /// What the level the program itself gave makes of it.
    gravity: f64,
}

impl Reading<'_> {
    /// The first cause that the line points to.
    pub(super) fn cause(&self) -> Option<&str> {
        self.causes().next().map(|(cause, _)| cause)
    }

    /// Causes with their signal's strength, in the order of the configuration, each once.
    fn causes(&self) -> impl Iterator<Item = (&str, f64)> {
        let named = self.signals.iter().filter_map(|signal| Some((signal.cause.as_deref()?, signal.strength)));
        named.filter(|(cause, _)| !is_mark(cause))
    }

    /// How much the pattern says for `cause`, 0 to 1.
    pub(super) fn supports(&self, cause: &str) -> f64 {
        let first = self.cause();
        let strength = self
            .causes()
            .filter(|(kind, _)| *kind == cause)
            .map(|(kind, strength)| if first == Some(kind) { strength } else { strength * SECONDARY })
            .fold(0.0, f64::max);
        strength * self.news * self.gravity
    }

    pub(super) fn marks(&self, mark: Mark) -> bool {
        let name = match mark {
            Mark::Deploy => DEPLOY_MARK,
            Mark::Setting => SETTING_MARK,
        };
        self.signals.iter().any(|signal| signal.cause.as_deref() == Some(name))
    }

    /// How bad such a line is; `None` for an ordinary one.
    pub(super) fn severity(&self) -> Option<Severity> {
        let found = self.signals.iter().find(|signal| signal.cause.as_deref().is_none_or(|cause| !is_mark(cause)))?;
        Some(if self.gravity < 1.0 { found.severity.min(Severity::Low) } else { found.severity })
    }

    /// An error by the program's word or by ours, that was not there before.
    pub(super) fn is_new_error(&self) -> bool {
        self.news >= 0.5 && self.severity().is_some_and(|severity| severity >= Severity::Medium)
    }

    /// A warning or an error that was not there before.
    pub(super) fn is_new_trouble(&self) -> bool {
        self.news >= 0.5 && self.gravity >= 1.0 && self.severity().is_some_and(|severity| severity >= Severity::Low)
    }

    /// As the finding shows it.
    pub(super) fn shown(&self, unknown_time: jiff::Timestamp) -> LogPattern {
        let pattern = self.pattern;
        let first_at = pattern.first_at.unwrap_or(unknown_time);
        LogPattern {
            template: pattern.template.chars().take(SAMPLE_CHARS).collect(),
            severity: self.severity().unwrap_or(Severity::Info),
            cause: self.cause().map(str::to_owned),
            count: pattern.count,
            baseline_count: pattern.baseline_count,
            ratio: pattern.ratio.filter(|ratio| ratio.is_finite()),
            change: pattern.change,
            sample: pattern.sample.chars().take(SAMPLE_CHARS).collect(),
            log_group: pattern.group.clone(),
            first_at,
            last_at: pattern.last_at.unwrap_or(first_at),
        }
    }
}

/// Reads every pattern.
pub(super) fn read<'a>(patterns: &'a [ObservedPattern], signals: &'a LogSignals) -> Vec<Reading<'a>> {
    let mut readings: Vec<Reading<'a>> = patterns
        .iter()
        .map(|pattern| {
            let text: String = pattern.sample.chars().take(READ_CHARS).collect();
            let gravity = gravity(pattern.level.as_deref());
            Reading { pattern, signals: signals.read(&text), news: news(pattern), gravity }
        })
        .collect();
    doubt_what_comes_and_goes(&mut readings);
    readings
}

fn gravity(level: Option<&str>) -> f64 {
    match level.map(str::to_ascii_uppercase).as_deref() {
        Some("INFO" | "NOTICE" | "INFORMATION") => 0.6,
        Some("DEBUG" | "TRACE" | "VERBOSE" | "FINE") => 0.4,
        _ => 1.0,
    }
}

fn news(pattern: &ObservedPattern) -> f64 {
    let by_count = 1.0 - DOUBT_PER_EVENT.powf(pattern.count.min(100) as f64);
    match pattern.change {
        PatternChange::New => by_count,
        PatternChange::Surged => {
            let ratio = pattern.ratio.filter(|ratio| ratio.is_finite()).unwrap_or(2.0).max(1.0);
            by_count * (1.0 - 1.0 / ratio)
        }
        PatternChange::Uncompared => by_count * UNCOMPARED_NEWS,
        PatternChange::Steady => STEADY_NEWS,
        PatternChange::Vanished => 0.0,
    }
}

/// Real logs have patterns that come and go without meaning. How many of a pattern's size went tells how many of that
/// size came by chance (a false discovery rate with the vanished as the null): what is left is news.
fn doubt_what_comes_and_goes(readings: &mut [Reading<'_>]) {
    let scale = window_scale(readings.iter().map(|reading| reading.pattern));
    let sized = |change: PatternChange, readings: &[Reading<'_>]| -> Vec<f64> {
        let of_change = readings.iter().filter(|reading| reading.pattern.change == change && reading.cause().is_some());
        of_change
            .map(|reading| match change {
                PatternChange::Vanished => reading.pattern.baseline_count.unwrap_or(0) as f64 * scale,
                _ => reading.pattern.count as f64,
            })
            .collect()
    };
    let (came, went) = (sized(PatternChange::New, readings), sized(PatternChange::Vanished, readings));
    let at_least = |sizes: &[f64], size: f64| sizes.iter().filter(|other| **other >= size).count() as f64;
    for reading in readings.iter_mut().filter(|reading| reading.pattern.change == PatternChange::New) {
        let size = reading.pattern.count as f64;
        let (came, went) = (at_least(&came, size) + 0.5, at_least(&went, size));
        reading.news *= came / (came + went);
    }
}

/// How long the anomaly's window is, as a share of the baseline: read back from counts and rate ratios.
fn window_scale<'a>(patterns: impl Iterator<Item = &'a ObservedPattern>) -> f64 {
    let (mut now, mut before) = (0.0, 0.0);
    for pattern in patterns {
        if let (Some(ratio), Some(baseline)) = (pattern.ratio, pattern.baseline_count)
            && ratio > 0.0
            && ratio.is_finite()
        {
            now += pattern.count as f64 / ratio;
            before += baseline as f64;
        }
    }
    if before > 0.0 { now / before } else { 1.0 }
}
