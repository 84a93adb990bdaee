//! Trouble that shows in logs while no metric moves: the rules of `config/log_watch.json` over counts of five minutes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nightjar_logs::{HeaderModel, Level, Record, stats};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::anomaly::{Anomaly, ExpectedRange};
use crate::diagnosis::{LogSignals, Phrase};
use crate::metric::Metric;
use crate::recovery::Calm;
use crate::resource::{LogSource, ResourceRef};
use crate::severity::Severity;

/// What [`Anomaly::detector`] says where a rule over log lines raised it.
pub const DETECTOR: &str = "log-watch";
/// The namespace of the series that such rules make of lines.
pub const NAMESPACE: &str = "Nightjar/Logs";
/// Seconds that are counted together.
pub const SLICE_SECONDS: i64 = 300;
/// Slices that are remembered of a log group: six hours.
const SLICES: usize = 72;
/// Slices before the window that are needed to say what is usual.
const ENOUGH_SLICES: usize = 6;
/// One chance in a million a look: with a thousand groups every five minutes, about two false alarms a week.
const LEAST_P: f64 = 1e-6;
/// What holds on is told again after this many slices: one hour.
const TOLD_AGAIN: usize = 12;
/// Characters of a line that are read and shown.
const READ_CHARS: usize = 4000;
const SAMPLE_CHARS: usize = 300;

/// The document `config/log_watch.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogWatchDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub rules: Vec<LogRule>,
}

/// One rule: so many lines of a kind within a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRule {
    pub name: String,
    /// Log groups; `*` stands for anything.
    pub groups: Vec<String>,
    /// Which lines are counted.
    pub counts: Counts,
    /// 5 to 60, a multiple of 5.
    pub window_minutes: u32,
    /// Fewer lines in the window are no trouble.
    pub at_least: u64,
    /// The rate in the window over the rate in the hours before, at least. Without it the number alone decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times_usual: Option<f64>,
    pub severity: Severity,
    pub why: String,
}

/// Which lines a rule counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Errors by the program's level or by `log_signals.json` (medium and worse).
    Errors,
    /// Lines that `log_signals.json` counts to one of these causes.
    Causes(Vec<String>),
    /// Lines with one of these phrases: plain words, `*` for anything within 80 characters, in either case.
    Phrases(Vec<String>),
}

/// What is wrong with the document.
#[derive(Debug, thiserror::Error)]
pub enum LogWatchError {
    #[error("log_watch.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("log_watch.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

/// The rules, ready to count with.
#[derive(Debug, Clone)]
pub struct LogWatch {
    rules: Vec<(LogRule, Vec<Phrase>)>,
}

/// Lines of one slice, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// By rule; a rule without lines is absent.
    pub counts: BTreeMap<String, u64>,
}

/// What is remembered of one log group (and stream prefix).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The end of the newest slice.
    pub until: Timestamp,
    /// Oldest first, without gaps; those that could not be read are `None`.
    pub slices: Vec<Option<Slice>>,
    /// When each rule last held, and when it was last told.
    #[serde(default)]
    pub held: BTreeMap<String, Held>,
}

/// A rule that held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub until: Timestamp,
    pub told: Timestamp,
}

/// The lines of a slice, counted, with the first of each rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    pub slice: Slice,
    pub samples: BTreeMap<String, String>,
}

impl LogWatch {
    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, LogWatchError> {
        let document: LogWatchDocument = serde_json::from_str(json)?;
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        let mut rules = Vec::new();
        for (index, rule) in document.rules.into_iter().enumerate() {
            let at = format!("rules[{index}] ({})", rule.name);
            if rule.name.trim().is_empty() || !names.insert(rule.name.clone()) {
                problems.push(format!("{at}: the name is empty or taken: it names the series"));
            }
            if !(5..=60).contains(&rule.window_minutes) || rule.window_minutes % 5 != 0 {
                problems
                    .push(format!("{at}: window_minutes {} is not a multiple of 5 from 5 to 60", rule.window_minutes));
            }
            if rule.at_least == 0 {
                problems.push(format!("{at}: at_least 0 would always hold"));
            }
            if rule.times_usual.is_some_and(|times| !(times > 1.0 && times.is_finite())) {
                problems.push(format!("{at}: times_usual is not a number above 1"));
            }
            if rule.groups.is_empty() {
                problems.push(format!("{at}: groups is empty; [\"*\"] is every group"));
            }
            let texts = if let Counts::Phrases(texts) = &rule.counts { texts.as_slice() } else { &[] };
            if matches!(&rule.counts, Counts::Causes(causes) if causes.is_empty())
                || matches!(&rule.counts, Counts::Phrases(phrases) if phrases.is_empty())
            {
                problems.push(format!("{at}: counts names nothing to count"));
            }
            let mut phrases = Vec::new();
            for text in texts {
                match Phrase::new(text) {
                    Some(phrase) => phrases.push(phrase),
                    None => problems.push(format!("{at}: the phrase {text:?} is empty and would match every line")),
                }
            }
            rules.push((rule, phrases));
        }
        if problems.is_empty() { Ok(Self { rules }) } else { Err(LogWatchError::Content(problems)) }
    }

    /// The rules that ship with Nightjar.
    pub fn bundled() -> Result<Self, LogWatchError> {
        Self::parse(include_str!("../../../config/log_watch.json"))
    }

    /// Whether a rule looks at the group.
    pub fn looks_at(&self, group: &str) -> bool {
        self.rules.iter().any(|(rule, _)| rule.looks_at(group))
    }

    /// What the log service filters with, so that only lines which may count are read.
    pub fn filter(&self, group: &str, signals: &LogSignals) -> String {
        let mut parts = vec![signals.error_like().to_owned()];
        let rules = self.rules.iter().filter(|(rule, _)| rule.looks_at(group));
        parts.extend(rules.flat_map(|(_, phrases)| phrases).map(Phrase::pattern));
        parts.join("|")
    }

    /// Counts the lines of one slice of a group.
    pub fn count<'l>(&self, group: &str, lines: impl IntoIterator<Item = &'l str>, signals: &LogSignals) -> Counted {
        let mut counted = Counted::default();
        let rules: Vec<_> = self.rules.iter().filter(|(rule, _)| rule.looks_at(group)).collect();
        let headers = HeaderModel::default();
        for line in lines {
            let text: String = line.chars().take(READ_CHARS).collect();
            let level = Record::parse(&text, &headers).level;
            let lowercase = text.to_lowercase();
            let mut found = None;
            for (rule, phrases) in &rules {
                let mut signals_of = || found.get_or_insert_with(|| signals.read(&text)).clone();
                let counts = match &rule.counts {
                    Counts::Errors => match level {
                        Some(level) if level < Level::Warn => false,
                        Some(level) if level >= Level::Error => true,
                        _ => signals_of().iter().any(|signal| signal.severity >= Severity::Medium),
                    },
                    Counts::Causes(causes) => {
                        let first = signals_of().into_iter().find_map(|signal| signal.cause.clone());
                        first.is_some_and(|cause| causes.contains(&cause))
                    }
                    Counts::Phrases(_) => phrases.iter().any(|phrase| phrase.is_in(&lowercase)),
                };
                if counts {
                    *counted.slice.counts.entry(rule.name.clone()).or_default() += 1;
                    let sample = || text.trim().chars().take(SAMPLE_CHARS).collect();
                    counted.samples.entry(rule.name.clone()).or_insert_with(sample);
                }
            }
        }
        counted
    }

    /// Takes the newest slice into what is remembered, and says what must be told. `cost_usd` is what reading it cost.
    pub fn judge(
        &self,
        watched: &mut Watched,
        counted: &Counted,
        source: &LogSource,
        resource: &ResourceRef,
        cost_usd: f64,
    ) -> Vec<Anomaly> {
        watched.push(counted.slice.clone());
        let mut found = Vec::new();
        for (rule, _) in self.rules.iter().filter(|(rule, _)| rule.looks_at(&source.group)) {
            let Some(rates) = watched.rates(rule).filter(|rates| rates.is_trouble(rule)) else { continue };
            let held = watched.held.get(&rule.name).copied();
            let again = SignedDuration::from_secs(SLICE_SECONDS * TOLD_AGAIN as i64);
            // What held in the slice before is the same story.
            let goes_on = held.is_some_and(|held| watched.until.duration_since(held.until).as_secs() <= SLICE_SECONDS);
            let due = held.is_none_or(|held| !goes_on || watched.until.duration_since(held.told) >= again);
            let told = if due { watched.until } else { held.map_or(watched.until, |held| held.told) };
            watched.held.insert(rule.name.clone(), Held { until: watched.until, told });
            if due {
                let sample = counted.samples.get(&rule.name).map(String::as_str);
                found.push(rule.anomaly(&rates, source, resource, watched.until, sample, cost_usd));
            }
        }
        found
    }
}

/// A rule's lines in its window and before it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rates {
    now: u64,
    now_slices: usize,
    before: u64,
    before_slices: usize,
}

impl Rates {
    fn usual(&self) -> f64 {
        if self.before_slices == 0 {
            0.0
        } else {
            self.before as f64 / self.before_slices as f64 * self.now_slices as f64
        }
    }

    fn is_trouble(&self, rule: &LogRule) -> bool {
        let Some(times) = rule.times_usual else { return self.now >= rule.at_least };
        let rare = || {
            let (now, before) = (self.now_slices as f64, self.before_slices as f64);
            stats::at_least(self.now, self.before, now / (now + before)) <= LEAST_P
        };
        self.now >= rule.at_least
            && self.before_slices >= ENOUGH_SLICES
            && self.now as f64 >= times * self.usual()
            && rare()
    }
}

impl Watched {
    /// A group that is watched from now on; `until` is the end of the slice before the first.
    pub fn from(until: Timestamp) -> Self {
        Self { until, slices: Vec::new(), held: BTreeMap::new() }
    }

    /// The end of the newest slice that has ended `lag` before `now`.
    pub fn newest_end(now: Timestamp, lag: SignedDuration) -> Timestamp {
        let second = (now - lag).as_second().div_euclid(SLICE_SECONDS) * SLICE_SECONDS;
        Timestamp::from_second(second).unwrap_or(now)
    }

    /// Slices up to `end` that were not looked at.
    pub fn missing(&self, end: Timestamp) -> usize {
        usize::try_from(end.duration_since(self.until).as_secs() / SLICE_SECONDS).unwrap_or(0)
    }

    /// Leaves `count` slices out, as what nobody read.
    pub fn skip(&mut self, count: usize) {
        for _ in 0..count.min(SLICES) {
            self.slices.push(None);
        }
        self.until += SignedDuration::from_secs(SLICE_SECONDS * count as i64);
        self.trim();
    }

    /// How long a rule has not held, in its own windows. Slices that nobody read end it.
    pub fn calm(&self, rule: &str, period_seconds: u32) -> Option<Calm> {
        let read = self.slices.iter().rposition(Option::is_some)?;
        let unread = (self.slices.len() - 1 - read) as i64;
        let until = self.until - SignedDuration::from_secs(SLICE_SECONDS * unread);
        let period = SignedDuration::from_secs(i64::from(period_seconds.max(1)));
        let oldest = self.until - SignedDuration::from_secs(SLICE_SECONDS * self.slices.len() as i64);
        let held = self.held.get(rule).map_or(oldest, |held| held.until);
        let periods = until.duration_since(held).as_secs() / period.as_secs();
        let periods = u32::try_from(periods).ok().filter(|periods| *periods > 0)?;
        Some(Calm { periods, since: held + period, until })
    }

    fn push(&mut self, slice: Slice) {
        self.slices.push(Some(slice));
        self.until += SignedDuration::from_secs(SLICE_SECONDS);
        self.trim();
    }

    fn trim(&mut self) {
        let surplus = self.slices.len().saturating_sub(SLICES);
        self.slices.drain(..surplus);
    }

    fn rates(&self, rule: &LogRule) -> Option<Rates> {
        let window = (rule.window_minutes / 5) as usize;
        let split = self.slices.len().checked_sub(window)?;
        let (before, now) = self.slices.split_at_checked(split)?;
        let sum = |slices: &[Option<Slice>]| -> (u64, usize) {
            let read = slices.iter().flatten();
            let count = |slice: &Slice| slice.counts.get(&rule.name).copied().unwrap_or(0);
            (read.clone().map(count).sum(), read.count())
        };
        let ((now, now_slices), (before, before_slices)) = (sum(now), sum(before));
        (now_slices > 0).then_some(Rates { now, now_slices, before, before_slices })
    }
}

impl LogRule {
    fn looks_at(&self, group: &str) -> bool {
        self.groups.iter().any(|pattern| matches_glob(pattern, group))
    }

    /// The series that the rule makes of a group's lines.
    fn metric(&self, source: &LogSource) -> Metric {
        let mut dimensions = BTreeMap::from([("LogGroup".to_owned(), source.group.clone())]);
        if let Some(prefix) = &source.stream_prefix {
            dimensions.insert("StreamPrefix".to_owned(), prefix.clone());
        }
        Metric {
            namespace: NAMESPACE.to_owned(),
            name: self.name.clone(),
            dimensions,
            statistic: "Sum".to_owned(),
            period_seconds: self.window_minutes * 60,
        }
    }

    fn anomaly(
        &self,
        rates: &Rates,
        source: &LogSource,
        resource: &ResourceRef,
        until: Timestamp,
        sample: Option<&str>,
        cost_usd: f64,
    ) -> Anomaly {
        let metric = self.metric(source);
        let usual = rates.usual();
        let minutes = self.window_minutes;
        let compared = match self.times_usual {
            Some(_) => format!(", where {usual:.1} are usual"),
            None => format!(", and {} are taken to be trouble", self.at_least),
        };
        let mut reasons =
            vec![format!("{} lines of {} in {minutes} minutes in {}{compared}", rates.now, self.name, source.group)];
        reasons.extend(sample.map(|sample| format!("such as: {sample}")));
        reasons.push(format!("reading these five minutes cost {cost_usd:.6} USD"));
        let high = self.times_usual.map_or(self.at_least as f64, |times| (usual * times).max(self.at_least as f64));
        Anomaly {
            id: Anomaly::identify(&metric, until),
            resource: resource.clone(),
            window_start: until - SignedDuration::from_mins(i64::from(minutes)),
            window_end: until,
            observed: rates.now as f64,
            expected: ExpectedRange { low: 0.0, typical: usual, high },
            score: if self.severity >= Severity::High { 0.97 } else { 0.9 },
            severity: self.severity,
            reasons,
            detector: DETECTOR.to_owned(),
            metric,
        }
    }
}

/// The log group and the rule that a series of this module was made of; `None` for any other series.
pub fn source_of(series: &str) -> Option<(LogSource, &str)> {
    let mut fields = series.split('|');
    (fields.next()? == NAMESPACE).then_some(())?;
    let rule = fields.next()?;
    let dimensions = fields.next()?.strip_prefix("LogGroup=")?;
    let (group, prefix) = match dimensions.split_once(",StreamPrefix=") {
        Some((group, prefix)) => (group, Some(prefix.to_owned())),
        None => (dimensions, None),
    };
    Some((LogSource { group: group.to_owned(), stream_prefix: prefix }, rule))
}

/// `*` stands for anything, also for nothing.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("*", "anything", true)]
    #[case("/aws/*", "/aws/x", true)]
    #[case("/aws/*/a*z", "/aws/b/abcz", true)]
    #[case("/aws/*/a*z", "/aws/b/abc", false)]
    #[case("/aws/x", "/aws/xy", false)]
    fn globs(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches_glob(pattern, text), expected);
    }
}
