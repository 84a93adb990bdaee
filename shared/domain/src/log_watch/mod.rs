//! Trouble that shows in logs while no metric moves: the rules of `config/log_watch.json` over counts of five minutes.

mod metric_filters;
mod rules;
mod watched;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use nightjar_logs::{HeaderModel, Level, Record};

pub use metric_filters::{MetricFilterRule, MetricFilters};
pub use rules::{Counts, LogRule, LogWatchDocument, LogWatchError};
pub use watched::{Held, Slice, Watched};

use crate::anomaly::Anomaly;
use crate::diagnosis::{LogSignals, Phrase};
use crate::resource::{LogSource, ResourceRef};
use crate::severity::Severity;

/// What [`Anomaly::detector`] says where a rule over log lines raised it.
pub const DETECTOR: &str = "log-watch";
/// The namespace of the series that such rules make of lines.
pub const NAMESPACE: &str = "Nightjar/Logs";
/// Seconds that are counted together.
pub const SLICE_SECONDS: i64 = 300;
/// What holds on is told again after this many slices: one hour.
const TOLD_AGAIN: usize = 12;
/// Characters of a line that are read and shown.
const READ_CHARS: usize = 4000;
const SAMPLE_CHARS: usize = 300;

/// The rules, ready to count with.
#[derive(Debug, Clone)]
pub struct LogWatch {
    rules: Vec<(LogRule, Vec<Phrase>)>,
    /// Which lines are counted as CloudWatch metrics.
    pub metric_filters: MetricFilters,
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
        let mut problems = document.metric_filters.problems();
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
        let metric_filters = document.metric_filters;
        if problems.is_empty() { Ok(Self { rules, metric_filters }) } else { Err(LogWatchError::Content(problems)) }
    }

    /// The rules that ship with Nightjar.
    pub fn bundled() -> Result<Self, LogWatchError> {
        Self::parse(include_str!("../../../../config/log_watch.json"))
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
