//! Whether the log lines that an incident came with are still written after a step.
//!
//! | lines of a kind since the step | judged |
//! |---|---|
//! | none, or for a kind that was there before no more than twice as often as then | gone |
//! | at half the rate of the incident, or more | not healed |
//! | in between | not yet; not healed once nobody waits any longer |
//! | its logs could not be read | nothing: a gap that is told, for it and against it |

use jiff::{SignedDuration, Timestamp};
use nightjar_logs::fixed_parts;

use super::verify::{Judgement, PATIENCE};
use crate::diagnosis::{LogPattern, PatternChange, SAMPLE_CHARS, messages};
use crate::evidence::{Gap, LogLine};
use crate::incident::Incident;
use crate::severity::Severity;

/// Kinds of lines that are asked for again, most telling first.
const MOST: usize = 10;
/// Characters that a kind must have in one run, so that it can be told from others.
const TELLING: usize = 6;
/// The share of the incident's rate at which lines still come as they did.
const AS_BEFORE: f64 = 0.5;
/// How much more often than before the incident a kind may come and be ordinary.
const ORDINARY: f64 = 2.0;
/// The shortest window of an incident that gives a rate.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// A kind of log line that was new or surged with the incident, and is an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Symptom {
    pub template: String,
    pub group: String,
    /// Text that every such line holds: letters, digits, spaces, `_` and `-`. At least six characters.
    pub keyword: String,
    fixed: Vec<String>,
    /// Lines a second during the incident.
    during: f64,
    /// Lines a second before it.
    before: f64,
}

/// The logs after a step, as far as they could be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogsAgain {
    pub lines: Vec<LogLine>,
    /// How long was looked at.
    pub length: SignedDuration,
    pub gaps: Vec<Gap>,
}

/// What the finding named of new or surged errors, and the kinds that are too general to be asked for again.
pub fn symptoms(incident: &Incident) -> (Vec<Symptom>, Vec<Gap>) {
    let (mut symptoms, mut gaps) = (Vec::new(), Vec::new());
    let telling = incident.finding.patterns.iter().filter(|pattern| is_telling(pattern)).take(MOST);
    for pattern in telling {
        match symptom(incident, pattern) {
            Some(symptom) => symptoms.push(symptom),
            None => gaps.push(Gap {
                source: format!("lines like {:?} in {}", pattern.template, pattern.log_group),
                reason: "too little of them is the same every time to ask for them again".to_owned(),
            }),
        }
    }
    (symptoms, gaps)
}

/// Without a baseline nobody knows what is ordinary: those kinds are no symptom.
fn is_telling(pattern: &LogPattern) -> bool {
    pattern.severity >= Severity::Medium && matches!(pattern.change, PatternChange::New | PatternChange::Surged)
}

fn symptom(incident: &Incident, pattern: &LogPattern) -> Option<Symptom> {
    let mut fixed: Vec<String> = fixed_parts(&pattern.template).into_iter().map(str::to_owned).collect();
    if pattern.template.chars().count() >= SAMPLE_CHARS {
        // What was cut may end within a mask.
        fixed.pop();
    }
    let keyword = fixed.iter().flat_map(|part| part.split(|c| !is_plain(c))).map(str::trim);
    let keyword = keyword.max_by_key(|run| run.len()).filter(|run| run.len() >= TELLING)?.to_owned();
    let during = pattern.count as f64 / window_of(incident, &pattern.log_group).as_secs_f64();
    let ratio = pattern.ratio.filter(|ratio| *ratio > 0.0 && pattern.change == PatternChange::Surged);
    Some(Symptom {
        template: pattern.template.clone(),
        group: pattern.log_group.clone(),
        keyword,
        fixed,
        during,
        before: ratio.map_or(0.0, |ratio| during / ratio),
    })
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-')
}

/// How long the incident's lines of a group were looked at: the latest search of it, else the anomaly's own window.
fn window_of(incident: &Incident, group: &str) -> SignedDuration {
    let of_group = incident.finding.searches.iter().filter(|search| search.log_groups.iter().any(|name| name == group));
    let (from, until) = of_group
        .max_by_key(|search| (search.until, search.from))
        .map_or((incident.anomaly.window_start, incident.anomaly.window_end), |search| (search.from, search.until));
    until.duration_since(from).max(SHORTEST)
}

impl Symptom {
    /// Whether `message` is of this kind: all that does not vary is in it, in order.
    pub fn is(&self, message: &str) -> bool {
        let mut rest = message;
        self.fixed.iter().all(|part| match rest.find(part.as_str()) {
            Some(at) => {
                rest = rest.get(at + part.len()..).unwrap_or_default();
                true
            }
            None => false,
        })
    }
}

/// Judges what the logs say of a step whose effect settles until `settled_by`.
pub fn judge_logs(symptoms: &[Symptom], again: &LogsAgain, settled_by: Timestamp, now: Timestamp) -> Judgement {
    let seconds = again.length.as_secs_f64().max(1.0);
    let messages = messages(&again.lines);
    let mut fewer = None;
    for symptom in symptoms {
        let lines = messages.iter().filter(|(line, text)| line.group == symptom.group && symptom.is(text)).count();
        let rate = lines as f64 / seconds;
        let why = || {
            format!(
                "{lines} lines like {:?} were written to {} within {:.0} minutes",
                symptom.template,
                symptom.group,
                seconds / 60.0
            )
        };
        if lines == 0 || rate <= symptom.before * ORDINARY {
            continue;
        }
        if rate >= symptom.during * AS_BEFORE {
            return Judgement::NotHealed { why: why() };
        }
        fewer.get_or_insert_with(why);
    }
    match fewer {
        None => Judgement::Healed,
        Some(why) if now >= settled_by + PATIENCE => Judgement::NotHealed { why },
        Some(why) => Judgement::NotYet { why },
    }
}
