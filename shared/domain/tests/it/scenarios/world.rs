//! A scenario file, read and brought to life: its lines and points are made from its templates and its seed.

#![allow(clippy::panic, reason = "a file that cannot be read fails the test, with its name")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::{Anomaly, ExpectedRange};
use nightjar_domain::diagnosis::{LogWindow, Sibling, calm_until, compare, movement, touches};
use nightjar_domain::evidence::{
    Change, Evidence, Gap, InstanceCondition, LogEvidence, LogLine, LogSearch, MetricMove, Neighbours,
};
use nightjar_domain::metric::Metric;
use nightjar_testkit::{INSTANCE, LOG_GROUP, anomaly, at};
use serde::Deserialize;

/// What `tests/scenarios/README.md` describes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) title: String,
    #[serde(rename = "story")]
    _story: String,
    pub(crate) truth: String,
    seed: u64,
    anomaly: Abnormal,
    metrics: Vec<Series>,
    background: Vec<Chatter>,
    fault: Vec<Chatter>,
    changes: Vec<Changed>,
    unreadable: Vec<Gap>,
    siblings: Option<Siblings>,
    state: Option<InstanceCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Abnormal {
    namespace: String,
    metric: String,
    observed: f64,
    typical: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Series {
    namespace: String,
    metric: String,
    usual: Usual,
    during: Option<f64>,
    #[serde(default)]
    minutes_before: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Usual {
    level: f64,
    daily_swing: f64,
    noise: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chatter {
    per_minute: f64,
    #[serde(default)]
    from_minute: i64,
    lines: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    minutes_before: i64,
    event: String,
    source: String,
    by: String,
    from: String,
    resources: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Siblings {
    count: usize,
    moved: usize,
}

/// The anomaly's window is 09:55 to 10:00; logs are read from 15 minutes before to 2 after, and an hour before that.
const WINDOW_START: &str = "2026-11-21T09:55:00Z";
const INCIDENT_MINUTES: (i64, i64) = (-15, 7);
const BASELINE_MINUTES: (i64, i64) = (-75, -15);
const SECURITY_GROUP: &str = "sg-0a1b2c3d4e5f60718";

/// Every scenario of a folder below `tests/`, with its file's name.
pub(crate) fn all(folder: &str) -> Vec<(String, Scenario)> {
    let dir = Path::new("../../tests").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            (name.clone(), serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")))
        })
        .collect()
}

impl Scenario {
    pub(crate) fn is_unknown(&self) -> bool {
        self.truth == "unknown"
    }

    pub(crate) fn unreadable(&self) -> &[Gap] {
        &self.unreadable
    }

    /// What gathering would bring.
    pub(crate) fn evidence(&self) -> Evidence {
        let mut dice = Dice(self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let anomaly = self.abnormal();
        let metrics = self.metrics.iter().filter(|series| series.metric != self.anomaly.metric);
        let metrics = metrics.filter_map(|series| series.moved(&anomaly, &mut dice)).collect();
        Evidence {
            logs: self.logs(&mut dice),
            changes: self.changes.iter().map(Changed::told).collect(),
            siblings: self.siblings.iter().flat_map(Siblings::told).collect(),
            metrics,
            recent: None,
            state: self.state.clone(),
            history: Vec::new(),
            gaps: self.unreadable.clone(),
            tags: BTreeMap::new(),
            metrics_read: 0,
            anomaly,
        }
    }

    fn abnormal(&self) -> Anomaly {
        let Abnormal { namespace, metric, observed, typical } = &self.anomaly;
        let mut found = anomaly();
        found.metric.namespace.clone_from(namespace);
        found.metric.name.clone_from(metric);
        found.observed = *observed;
        found.expected = ExpectedRange { low: typical * 0.7, typical: *typical, high: typical * 1.3 };
        found
    }

    fn logs(&self, dice: &mut Dice) -> LogEvidence {
        if self.background.is_empty() {
            return LogEvidence::default();
        }
        let incident = self.lines(INCIDENT_MINUTES, dice);
        let baseline = self.lines(BASELINE_MINUTES, dice);
        let window =
            |lines, (from, until): (i64, i64)| LogWindow { lines, length: SignedDuration::from_mins(until - from) };
        let start = at(WINDOW_START);
        LogEvidence {
            patterns: compare(window(&incident, INCIDENT_MINUTES), Some(window(&baseline, BASELINE_MINUTES))),
            searches: vec![LogSearch {
                log_groups: vec![LOG_GROUP.to_owned()],
                from: start + SignedDuration::from_mins(INCIDENT_MINUTES.0),
                until: start + SignedDuration::from_mins(INCIDENT_MINUTES.1),
                query: "fields @timestamp, @message".to_owned(),
                bytes_scanned: 0,
                matched: incident.len() as u64,
            }],
            gaps: Vec::new(),
        }
    }

    fn lines(&self, (from, until): (i64, i64), dice: &mut Dice) -> Vec<LogLine> {
        let mut lines = Vec::new();
        for chatter in &self.background {
            chatter.say(from, until, dice, &mut lines);
        }
        for chatter in &self.fault {
            chatter.say(from.max(chatter.from_minute), until, dice, &mut lines);
        }
        lines.sort_by_key(|line| line.at);
        lines
    }
}

impl Chatter {
    fn say(&self, from: i64, until: i64, dice: &mut Dice, lines: &mut Vec<LogLine>) {
        let seconds = (until - from).max(0) * 60;
        let count = (seconds as f64 / 60.0 * self.per_minute).round() as u64;
        for (_, template) in (0..count).zip(self.lines.iter().cycle()) {
            let at = at(WINDOW_START) + SignedDuration::from_secs(from * 60 + dice.below(seconds as u64) as i64);
            let message = fill(template, at, dice);
            lines.push(LogLine { at, group: LOG_GROUP.to_owned(), stream: "app".to_owned(), message });
        }
    }
}

impl Series {
    fn moved(&self, anomaly: &Anomaly, dice: &mut Dice) -> Option<MetricMove> {
        let metric = Metric {
            namespace: self.namespace.clone(),
            name: self.metric.clone(),
            dimensions: BTreeMap::from([("InstanceId".to_owned(), INSTANCE.to_owned())]),
            statistic: "Average".to_owned(),
            period_seconds: 300,
            scope: None,
        };
        let begin = anomaly.window_start - SignedDuration::from_hours(6);
        let onset = anomaly.window_start - SignedDuration::from_mins(self.minutes_before);
        let points: Vec<_> = (0..73)
            .map(|index| {
                let at = begin + SignedDuration::from_mins(5 * index);
                let day = (at.as_second() % 86_400) as f64 / 86_400.0;
                let usual = self.usual.level
                    + self.usual.daily_swing * (std::f64::consts::TAU * (day - 0.4)).sin()
                    + self.usual.noise * (dice.share() - 0.5) * 2.0;
                let value = match self.during {
                    Some(during) if at >= onset => {
                        let ramp = (anomaly.window_start - onset).total(jiff::Unit::Second).unwrap().max(1.0);
                        let way = ((at - onset).total(jiff::Unit::Second).unwrap() / ramp).clamp(0.0, 1.0);
                        usual + (during - usual) * if self.minutes_before == 0 { 1.0 } else { way }
                    }
                    _ => usual,
                };
                (at, value)
            })
            .collect();
        movement(&metric, &points, calm_until(anomaly), anomaly.window_end)
    }
}

impl Changed {
    fn told(&self) -> Change {
        let resources = self.resources.iter().map(|name| match name.as_str() {
            "$instance" => INSTANCE.to_owned(),
            "$security_group" => SECURITY_GROUP.to_owned(),
            other => other.to_owned(),
        });
        let mut change = Change {
            at: at(WINDOW_START) - SignedDuration::from_mins(self.minutes_before),
            event: self.event.clone(),
            service: self.source.clone(),
            by: self.by.clone(),
            from: self.from.clone(),
            resources: resources.collect(),
            touches: None,
        };
        let names = [(INSTANCE, "the instance itself"), (SECURITY_GROUP, "its security group")];
        let names = names.map(|(name, what)| (name.to_owned(), what.to_owned())).into();
        change.touches = touches(&change, &Neighbours { names });
        change
    }
}

impl Siblings {
    fn told(&self) -> Vec<Sibling> {
        let sibling = |index| Sibling {
            resource: format!("i-{index}"),
            group: Some("web".to_owned()),
            moved: index < self.moved,
        };
        (0..self.count).map(sibling).collect()
    }
}

/// A small generator of numbers that look random: xorshift64* (Vigna 2016).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const USERS: [&str; 6] = ["maria", "deploy", "oracle", "test", "jonas", "admin"];

/// Puts values into the places of a template.
fn fill(template: &str, at: Timestamp, dice: &mut Dice) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        rest = after;
        let named = after.split_once('}').filter(|(name, _)| value(name, at, dice, &mut text));
        match named {
            Some((_, after)) => rest = after,
            // A brace of the line itself, such as JSON has.
            None => text.push('{'),
        }
    }
    text.push_str(rest);
    text
}

/// Writes the value of a place; `false` where there is no such place.
fn value(name: &str, at: Timestamp, dice: &mut Dice, text: &mut String) -> bool {
    match name {
        "ts" => text.push_str(&at.to_string()),
        "n" => text.push_str(&(1000 + dice.below(60_000)).to_string()),
        "d" => text.push_str(&dice.below(10).to_string()),
        "ms" => text.push_str(&(3 + dice.below(180)).to_string()),
        "hex" => write!(text, "{:08x}", dice.below(1 << 32)).unwrap(),
        "ip" => write!(text, "198.51.100.{}", dice.below(250)).unwrap(),
        "user" => text.push_str(USERS[dice.below(6) as usize]),
        "uuid" => write!(
            text,
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            dice.below(1 << 32),
            dice.below(1 << 16),
            dice.below(1 << 12),
            dice.below(1 << 12),
            dice.below(1 << 48)
        )
        .unwrap(),
        _ => return false,
    }
    true
}
