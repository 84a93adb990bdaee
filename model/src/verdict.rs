//! What goes into the detector and what comes out of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::calendar;

/// One value of one series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Datapoint {
    /// Start of the period the value stands for, in seconds since the Unix epoch (UTC).
    pub at: i64,
    /// The value, in the metric's own unit. Anything that is not a finite number is ignored, and says so.
    pub value: f64,
}

/// What the detector says of one datapoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// How surprising the datapoint is once the alert policy has had its say, 0..=1. The verdict is `Anomalous` where it
    /// reaches the threshold ([`crate::Config::alert_at`]).
    pub score: f64,
    /// The same before the alert policy: what the members alone say, 0..=1.
    pub surprise: f64,
    /// The range the value was expected in; `None` while the series is being learnt.
    pub expected: Option<Expected>,
    /// The decision.
    pub verdict: Verdict,
}

/// The decision on one datapoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Too little history to judge: `have` of `need` slots of history.
    Learning {
        /// Slots of history so far.
        have: u32,
        /// Slots of history needed.
        need: u32,
    },
    /// As expected, or not surprising enough to wake anybody.
    Normal,
    /// Worth an alert.
    Anomalous(Anomaly),
    /// Not judged and not learnt from.
    Ignored {
        /// Why.
        reason: IgnoreReason,
    },
}

/// Why a datapoint was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IgnoreReason {
    /// NaN or infinite.
    NotFinite,
    /// The series already has a value for this time.
    Repeated,
    /// Older than the newest value of the series.
    TooLate,
    /// Further from the newest value than any clock error or gap explains.
    ImpossibleTime,
}

impl fmt::Display for IgnoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "the value is not a finite number",
            Self::Repeated => "the series already has a value for this time",
            Self::TooLate => "the value is older than the newest one",
            Self::ImpossibleTime => "the time is impossible",
        })
    }
}

/// An abnormal datapoint and why it is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Start of the datapoint's period, epoch seconds.
    pub at: i64,
    /// The value seen.
    pub observed: f64,
    /// The value expected.
    pub expected: Expected,
    /// As in [`Observation::score`], 0..=1.
    pub score: f64,
    /// How much it matters.
    pub severity: Severity,
    /// What the members found, strongest first; never empty.
    pub reasons: Vec<Reason>,
}

/// The range a value was expected in. `low <= typical <= high`, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Middle: a median, not a mean.
    pub typical: f64,
}

/// The suite's five severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Slightly out of the ordinary.
    Low,
    /// Out of the ordinary.
    Medium,
    /// Far out of the ordinary.
    High,
    /// Unlike anything the series did.
    Critical,
}

/// One member's finding; `Display` says it in a plain sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// The value against the same time of earlier days.
    TimeOfDay {
        /// When, epoch seconds.
        at: i64,
        /// The value seen.
        observed: f64,
        /// The median of that time of day.
        typical: f64,
        /// Distance in robust standard deviations, signed.
        deviations: f64,
    },
    /// The newest rows against the ones just before them.
    Step {
        /// Rows averaged.
        over_rows: u32,
        /// The value seen.
        observed: f64,
        /// The value to be expected after the rows before.
        typical: f64,
        /// Distance in typical errors, signed.
        deviations: f64,
    },
    /// The last minutes against the trailing window.
    Level {
        /// Length of the short mean, seconds.
        over_seconds: u32,
        /// The short mean.
        observed: f64,
        /// The trailing median.
        typical: f64,
        /// Distance in robust standard deviations, signed.
        deviations: f64,
    },
    /// The value against everything remembered of the series.
    Range {
        /// The value seen.
        observed: f64,
        /// Distance from the median in robust standard deviations, signed.
        deviations: f64,
    },
    /// The shape of the last minutes or hours against every earlier one.
    Novelty {
        /// Length of the shape, seconds.
        over_seconds: u32,
    },
    /// The joint picture is unlike the telemetry the forest was trained on.
    Forest {
        /// The forest's own score, 0..=1.
        score: f64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimeOfDay { at, observed, typical, deviations } => {
                let (day, time) = (calendar::weekday(*at), calendar::time_of_day(*at));
                let ratio = observed / typical;
                if ratio.is_finite() && ratio >= 1.5 {
                    write!(f, "{ratio:.1} times the usual for {day} {time} UTC")
                } else if *deviations < 0.0 {
                    write!(f, "{} below the usual {} for {day} {time} UTC", sigmas(*deviations), plain(*typical))
                } else {
                    write!(f, "{} above the usual {} for {day} {time} UTC", sigmas(*deviations), plain(*typical))
                }
            }
            Self::Step { over_rows, observed, typical, deviations } => {
                let side = if *deviations < 0.0 { "below" } else { "above" };
                let (value, far, usual) = (plain(*observed), sigmas(*deviations), plain(*typical));
                let what = if *over_rows == 1 { "is" } else { "is the mean of the newest datapoints," };
                write!(f, "{value} {what} {far} {side} the {usual} that the datapoints just before it lead to expect")
            }
            Self::Level { over_seconds, observed, typical, deviations } => {
                let side = if *deviations < 0.0 { "below" } else { "above" };
                let (mean, over) = (plain(*observed), duration(*over_seconds));
                let (far, usual) = (sigmas(*deviations), plain(*typical));
                write!(f, "the mean of the last {over} is {mean}, {far} {side} the recent median {usual}")
            }
            Self::Range { observed, deviations } => {
                let side = if *deviations < 0.0 { "below" } else { "above" };
                let (value, far) = (plain(*observed), sigmas(*deviations));
                write!(f, "{value} lies {far} {side} the middle of all that is remembered of the series")
            }
            Self::Novelty { over_seconds } => {
                write!(f, "the course of the last {} resembles nothing in the series' past", duration(*over_seconds))
            }
            Self::Forest { score } => {
                write!(
                    f,
                    "the combination of level, change and rhythm is rare in healthy telemetry (isolation {score:.2})"
                )
            }
        }
    }
}

fn sigmas(deviations: f64) -> String {
    let size = deviations.abs();
    if size >= 100.0 { "more than 100 deviations".into() } else { format!("{size:.1} deviations") }
}

fn duration(seconds: u32) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// Four significant digits: enough for a person, the number itself is in the field.
fn plain(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        "0".into()
    } else if !(1e-3..1e7).contains(&size) {
        format!("{value:.3e}")
    } else {
        let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        let text = format!("{value:.digits$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }
}
