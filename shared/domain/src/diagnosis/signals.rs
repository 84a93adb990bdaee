//! Which log lines are errors, how severe, and what they point to: `config/log_signals.json`.

use regex_lite::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::severity::Severity;

/// The document `config/log_signals.json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalsDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Tried in order: the first that matches a line decides.
    pub signals: Vec<SignalDocument>,
}

/// One kind of error line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalDocument {
    pub name: String,
    /// A regular expression without flags, look-around or `/`; letters match in either case.
    pub pattern: String,
    pub severity: Severity,
    /// The cause such a line points to; absent where it tells only that something failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    pub why: String,
}

/// The signals, compiled.
#[derive(Debug, Clone)]
pub struct LogSignals {
    signals: Vec<Signal>,
}

/// A signal, compiled.
#[derive(Debug, Clone)]
pub struct Signal {
    pub name: String,
    pub severity: Severity,
    pub cause: Option<String>,
    source: String,
    pattern: Regex,
}

/// What is wrong with the document.
#[derive(Debug, thiserror::Error)]
pub enum SignalsError {
    #[error("log_signals.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    /// Every pattern that cannot be used, with its place.
    #[error("log_signals.json: {}", .0.join("; "))]
    Patterns(Vec<String>),
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
        for (index, signal) in document.signals.into_iter().enumerate() {
            match compile(index, signal) {
                Ok(signal) => signals.push(signal),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { signals }) } else { Err(SignalsError::Patterns(problems)) }
    }

    /// The signals that ship with Nightjar.
    pub fn bundled() -> Result<Self, SignalsError> {
        Self::parse(include_str!("../../../../config/log_signals.json"))
    }

    /// The first signal that matches.
    pub fn classify(&self, message: &str) -> Option<&Signal> {
        self.signals.iter().find(|signal| signal.pattern.is_match(message))
    }

    /// The alternatives of all signals, for a server-side filter.
    pub fn alternation(&self) -> String {
        self.signals.iter().map(|signal| signal.source.as_str()).collect::<Vec<_>>().join("|")
    }

    /// A Logs Insights query that filters on the server, newest first. `stream_prefix` narrows it to one resource's
    /// streams where a group is shared.
    pub fn insights_query(&self, stream_prefix: Option<&str>, limit: u32) -> String {
        let streams = stream_prefix
            .map(|prefix| format!("| filter @logStream like /^{}/ ", regex_escape(prefix)))
            .unwrap_or_default();
        format!(
            "fields @timestamp, @message, @logStream, @log {streams}| filter @message like /(?i)({})/ | sort @timestamp desc | limit {limit}",
            self.alternation()
        )
    }
}

fn compile(index: usize, signal: SignalDocument) -> Result<Signal, String> {
    let fail = |problem: String| {
        // A regular expression's error spans several lines.
        let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("signals[{index}] ({}): pattern {:?}: {problem}", signal.name, signal.pattern)
    };
    if signal.pattern.contains('/') {
        return Err(fail("a slash would end the pattern inside a Logs Insights query; use . instead".to_owned()));
    }
    let pattern = Regex::new(&format!("(?i){}", signal.pattern)).map_err(|error| fail(error.to_string()))?;
    Ok(Signal { pattern, source: signal.pattern, name: signal.name, severity: signal.severity, cause: signal.cause })
}

fn regex_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
