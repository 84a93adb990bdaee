//! How bad a line says it is.

use serde::{Deserialize, Serialize};

/// The level of an event, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

/// What loggers call their levels. Syslog's `notice` is information; its `alert`, `crit` and `emerg` are fatal.
const NAMES: [(&str, Level); 25] = [
    ("trace", Level::Trace),
    ("verbose", Level::Trace),
    ("finest", Level::Trace),
    ("finer", Level::Trace),
    ("debug", Level::Debug),
    ("fine", Level::Debug),
    ("dbg", Level::Debug),
    ("info", Level::Info),
    ("information", Level::Info),
    ("informational", Level::Info),
    ("notice", Level::Info),
    ("config", Level::Info),
    ("log", Level::Info),
    ("warn", Level::Warn),
    ("warning", Level::Warn),
    ("error", Level::Error),
    ("err", Level::Error),
    ("severe", Level::Error),
    ("failure", Level::Error),
    ("fatal", Level::Fatal),
    ("critical", Level::Fatal),
    ("crit", Level::Fatal),
    ("alert", Level::Fatal),
    ("emerg", Level::Fatal),
    ("panic", Level::Fatal),
];

impl Level {
    /// Reads a level's name in any case.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, level)| level)
    }

    /// The level of a numeric scale: pino and bunyan write 10 (trace) to 60 (fatal).
    pub fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            10 => Self::Trace,
            20 => Self::Debug,
            30 => Self::Info,
            40 => Self::Warn,
            50 => Self::Error,
            60 => Self::Fatal,
            _ => return None,
        })
    }

    /// `error`, as it is written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// What the words of a message suggest where no level is written. Only the first 512 bytes are read.
    pub fn of_words(message: &str) -> Option<Self> {
        let mut worst = None;
        let head = &message.as_bytes()[..message.len().min(512)];
        for word in head.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| word.len() >= 3) {
            worst = worst.max(word_level(word));
        }
        worst
    }
}

impl std::fmt::Display for Level {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Beginnings of words that tell of trouble, in lower case.
const TROUBLE: [(&[u8], Level); 42] = [
    (b"panic", Level::Fatal),
    (b"fatal", Level::Fatal),
    (b"critical", Level::Fatal),
    (b"segfault", Level::Fatal),
    (b"segmentation", Level::Fatal),
    (b"oom", Level::Fatal),
    (b"outofmemory", Level::Fatal),
    (b"corrupt", Level::Fatal),
    (b"error", Level::Error),
    (b"fail", Level::Error),
    (b"exception", Level::Error),
    (b"refus", Level::Error),
    (b"denied", Level::Error),
    (b"unable", Level::Error),
    (b"cannot", Level::Error),
    (b"abort", Level::Error),
    (b"crash", Level::Error),
    (b"killed", Level::Error),
    (b"unreachable", Level::Error),
    (b"unavailable", Level::Error),
    (b"exhaust", Level::Error),
    (b"deadlock", Level::Error),
    (b"reject", Level::Error),
    (b"forbidden", Level::Error),
    (b"unauthorized", Level::Error),
    (b"invalid", Level::Error),
    (b"lost", Level::Error),
    (b"broken", Level::Error),
    (b"expired", Level::Error),
    (b"exceed", Level::Error),
    (b"timeout", Level::Error),
    (b"violat", Level::Error),
    (b"traceback", Level::Error),
    (b"warn", Level::Warn),
    (b"retry", Level::Warn),
    (b"slow", Level::Warn),
    (b"deprecat", Level::Warn),
    (b"delay", Level::Warn),
    (b"degraded", Level::Warn),
    (b"missing", Level::Warn),
    (b"throttl", Level::Warn),
    (b"unexpected", Level::Warn),
];

fn word_level(word: &[u8]) -> Option<Level> {
    // `IOException`, `NullPointerError`: the kind stands last.
    let ends = |end: &[u8]| word.len() > end.len() && word[word.len() - end.len()..].eq_ignore_ascii_case(end);
    let starts = TROUBLE
        .iter()
        .find(|(start, _)| word.len() >= start.len() && word[..start.len()].eq_ignore_ascii_case(start))
        .map(|&(_, level)| level);
    starts.max((ends(b"exception") || ends(b"error")).then_some(Level::Error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::plain("WARN", Some(Level::Warn))]
    #[case::long("Warning", Some(Level::Warn))]
    #[case::syslog("emerg", Some(Level::Fatal))]
    #[case::no_level("started", None)]
    fn reads_names(#[case] name: &str, #[case] level: Option<Level>) {
        assert_eq!(Level::parse(name), level);
    }

    #[rstest::rstest]
    #[case::ordinary("user 7 logged in", None)]
    #[case::kind_last("java.io.IOException at x", Some(Level::Error))]
    #[case::worst_wins("warning: kernel panic", Some(Level::Fatal))]
    #[case::beginnings_only("breakfast is served", None)]
    fn reads_words(#[case] message: &str, #[case] level: Option<Level>) {
        assert_eq!(Level::of_words(message), level);
    }
}
