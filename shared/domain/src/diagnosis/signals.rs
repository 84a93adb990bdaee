//! What programs say when something is wrong, and what it points to: `config/log_signals.json`.

use std::collections::BTreeMap;

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::concept::Concept;
use super::phrase::Phrase;
use crate::severity::Severity;

/// Logs Insights refuses longer queries (10,000 characters); the rest of the query needs some of them.
const MAX_FILTER_CHARS: usize = 8000;
/// What a signal without `strength` counts for.
const ORDINARY_STRENGTH: f64 = 0.6;

/// The document `config/log_signals.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalsDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A regular expression that keeps what may be trouble, for the log service to filter with where a window holds more
    /// lines than are read. Without flags, look-around or `/`; letters match in either case.
    pub error_like: String,
    /// Where to read on, by kind of cause: an address or a file of your own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runbooks: BTreeMap<String, String>,
    /// Tried in order: the first that matches a line says what it is.
    pub signals: Vec<SignalDocument>,
}

/// One kind of line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalDocument {
    pub name: String,
    /// Words as programs write them, in either case. `*` stands for anything within 80 characters; without it a phrase
    /// begins and ends where a word does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
    /// What such lines are about, for words that no phrase foresees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concepts: Vec<ConceptDocument>,
    /// A regular expression without flags or look-around, for what phrases cannot say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    pub severity: Severity,
    /// The cause such a line points to; absent where it tells only that something failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How surely such a line, seen for the first time and often, points to the cause: 0 to 1, 0.6 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    pub why: String,
}

/// A line has the concept when it has a phrase of each of its groups, in whatever order, within 60 characters.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConceptDocument {
    /// What the line names, such as `memory` and `heap`.
    pub about: Vec<String>,
    /// What it says of it, such as `exhaust*` and `used up`.
    pub says: Vec<String>,
    /// What it must have besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Vec<String>>,
}

/// The signals, compiled.
#[derive(Debug, Clone)]
pub struct LogSignals {
    error_like: String,
    runbooks: BTreeMap<String, String>,
    signals: Vec<Signal>,
}

/// A signal, compiled.
#[derive(Debug, Clone)]
pub struct Signal {
    pub name: String,
    pub severity: Severity,
    pub cause: Option<String>,
    /// 0 to 1.
    pub strength: f64,
    phrases: Vec<Phrase>,
    concepts: Vec<Concept>,
    pattern: Option<Regex>,
}

impl Signal {
    fn is_in(&self, lowercase: &str) -> bool {
        self.phrases.iter().any(|phrase| phrase.is_in(lowercase))
            || self.concepts.iter().any(|concept| concept.is_in(lowercase))
            || self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(lowercase))
    }
}

/// What is wrong with the document.
#[derive(Debug, thiserror::Error)]
pub enum SignalsError {
    #[error("log_signals.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    /// Everything that cannot be used, with its place.
    #[error("log_signals.json: {}", .0.join("; "))]
    Content(Vec<String>),
    #[error("log_signals.json: signals is empty: with no signals no log line is ever an error")]
    Empty,
}

impl LogSignals {
    /// Reads and compiles the document.
    pub fn parse(json: &str) -> Result<Self, SignalsError> {
        let document: SignalsDocument = serde_json::from_str(json)?;
        if document.signals.is_empty() {
            return Err(SignalsError::Empty);
        }
        let (mut signals, mut problems) = (Vec::new(), Vec::new());
        problems.extend(filter_problem(&document.error_like));
        for (index, signal) in document.signals.into_iter().enumerate() {
            match compile(index, signal) {
                Ok(signal) => signals.push(signal),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { error_like: document.error_like, runbooks: document.runbooks, signals })
        } else {
            Err(SignalsError::Content(problems))
        }
    }

    /// The signals that ship with Nightjar.
    pub fn bundled() -> Result<Self, SignalsError> {
        Self::parse(include_str!("../../../../config/log_signals.json"))
    }

    /// Every signal in the message, in the document's order: the first says what the line is.
    pub fn read(&self, message: &str) -> Vec<&Signal> {
        let lowercase = message.to_lowercase();
        self.signals.iter().filter(|signal| signal.is_in(&lowercase)).collect()
    }

    /// The first signal in the message.
    pub fn classify(&self, message: &str) -> Option<&Signal> {
        let lowercase = message.to_lowercase();
        self.signals.iter().find(|signal| signal.is_in(&lowercase))
    }

    /// Every cause that a signal names, in the document's order.
    pub fn causes(&self) -> Vec<&str> {
        let mut causes: Vec<&str> = Vec::new();
        for cause in self.signals.iter().filter_map(|signal| signal.cause.as_deref()) {
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        causes
    }

    /// How severe a kind of cause is: its worst signal.
    pub fn severity_of(&self, cause: &str) -> Option<Severity> {
        let of_cause = self.signals.iter().filter(|signal| signal.cause.as_deref() == Some(cause));
        of_cause.map(|signal| signal.severity).max()
    }

    /// Where to read on about a kind of cause.
    pub fn runbook(&self, cause: &str) -> Option<&str> {
        self.runbooks.get(cause).map(String::as_str)
    }

    /// What the log service filters with where all lines would be too many.
    pub fn error_like(&self) -> &str {
        &self.error_like
    }
}

/// Why the filter cannot stand in a Logs Insights query, if it cannot.
fn filter_problem(pattern: &str) -> Option<String> {
    let problem = if pattern.contains('/') {
        SLASH.to_owned()
    } else if pattern.chars().count() > MAX_FILTER_CHARS {
        format!("longer than {MAX_FILTER_CHARS} characters, which Logs Insights would refuse")
    } else {
        one_line(&Regex::new(&format!("(?i){pattern}")).err()?.to_string())
    };
    Some(format!("error_like: {problem}"))
}

const SLASH: &str = "a slash would end the pattern inside a Logs Insights query; use . instead";

fn compile(index: usize, signal: SignalDocument) -> Result<Signal, String> {
    let fail = |problem: String| Err(format!("signals[{index}] ({}): {problem}", signal.name));
    let mut phrases = Vec::new();
    for phrase in &signal.phrases {
        match Phrase::new(phrase) {
            Some(phrase) => phrases.push(phrase),
            None => return fail(format!("the phrase {phrase:?} is empty and would match every line")),
        }
    }
    let mut concepts = Vec::new();
    for concept in &signal.concepts {
        match Concept::new(&concept.about, &concept.says, concept.with.as_deref()) {
            Ok(concept) => concepts.push(concept),
            Err(problem) => return fail(problem),
        }
    }
    if phrases.is_empty() && concepts.is_empty() && signal.pattern.is_none() {
        return fail("neither phrases nor concepts nor a pattern: nothing would ever match".to_owned());
    }
    let strength = signal.strength.unwrap_or(ORDINARY_STRENGTH);
    if !(0.0..=1.0).contains(&strength) {
        return fail(format!("strength {strength} is not between 0 and 1"));
    }
    let pattern = match signal.pattern.as_deref().map(|pattern| Regex::new(&format!("(?i){pattern}"))).transpose() {
        Ok(pattern) => pattern,
        Err(error) => {
            let source = signal.pattern.as_deref().unwrap_or_default();
            return fail(format!("pattern {source:?}: {}", one_line(&error.to_string())));
        }
    };
    Ok(Signal {
        name: signal.name,
        severity: signal.severity,
        cause: signal.cause,
        strength,
        phrases,
        concepts,
        pattern,
    })
}

/// A regular expression's error spans several lines.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
