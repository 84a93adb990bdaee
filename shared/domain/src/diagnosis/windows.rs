//! From two windows of log lines to the patterns that changed between them.

use jiff::{SignedDuration, Timestamp};
use nightjar_logs::{Event, HeaderModel, Joiner, MinerOptions, Pattern, PatternKind, Side, Windows};

use super::PatternChange;
use crate::evidence::{LogLine, ObservedPattern};

/// The lines of one window, and how long it was watched.
#[derive(Debug, Clone, Copy)]
pub struct LogWindow<'a> {
    pub lines: &'a [LogLine],
    pub length: SignedDuration,
}

/// Lines learnt from, to know how the headers of a group look.
const HEADER_LINES: usize = 500;

#[derive(Debug, Clone)]
struct Seen {
    group: String,
    first_at: Timestamp,
    last_at: Timestamp,
}

/// Mines both windows together and compares them. Without a baseline nothing is called new.
pub fn compare(incident: LogWindow<'_>, baseline: Option<LogWindow<'_>>) -> Vec<ObservedPattern> {
    let mut windows = Windows::new(MinerOptions::default());
    let mut seen: std::collections::BTreeMap<u32, Seen> = std::collections::BTreeMap::new();
    for (side, window) in [(Side::Baseline, baseline), (Side::Incident, Some(incident))] {
        let Some(window) = window else { continue };
        for (event, first) in events(window.lines) {
            let id = windows.add_record(side, &nightjar_logs::Record::parse(&event.text, &first.1), &event.text);
            if side == Side::Incident {
                note(&mut seen, id.0, first.0);
            }
        }
        windows.set_seconds(side, window.length.as_secs_f64());
    }
    let comparison = windows.compare();
    let mut places: Vec<Option<Seen>> = vec![None; comparison.patterns.len()];
    for (id, when) in seen {
        let Some(place) = comparison.pattern_of(nightjar_logs::TemplateId(id)).and_then(|place| places.get_mut(place))
        else {
            continue;
        };
        *place = Some(match place.take() {
            None => when,
            Some(known) => Seen {
                first_at: known.first_at.min(when.first_at),
                last_at: known.last_at.max(when.last_at),
                group: known.group,
            },
        });
    }
    let observed = comparison.patterns.into_iter().zip(places);
    observed
        .map(|(pattern, place)| {
            let mut observed = ObservedPattern::from(pattern);
            if baseline.is_none() {
                observed.change = PatternChange::Uncompared;
                observed.baseline_count = None;
                observed.ratio = None;
            }
            if let Some(place) = place {
                observed.group = place.group;
                observed.first_at = Some(place.first_at);
                observed.last_at = Some(place.last_at);
            }
            observed
        })
        .collect()
}

fn note(seen: &mut std::collections::BTreeMap<u32, Seen>, id: u32, line: &LogLine) {
    seen.entry(id)
        .and_modify(|seen| {
            seen.first_at = seen.first_at.min(line.at);
            seen.last_at = seen.last_at.max(line.at);
        })
        .or_insert_with(|| Seen { group: line.group.clone(), first_at: line.at, last_at: line.at });
}

/// What each event says, without header, with the line that it begins with.
pub(crate) fn messages(lines: &[LogLine]) -> Vec<(&LogLine, String)> {
    let events = events(lines);
    let read = |(event, (line, headers)): &(Event, (_, HeaderModel))| {
        let record = nightjar_logs::Record::parse(&event.text, headers);
        (*line, record.message.into_owned())
    };
    events.iter().map(read).collect()
}

/// Joins the lines of each stream to events, since a stack trace may arrive a line at a time; each with the line it begins
/// with and with how its group writes headers.
fn events(lines: &[LogLine]) -> Vec<(Event, (&LogLine, HeaderModel))> {
    let mut streams: std::collections::BTreeMap<(&str, &str), Vec<&LogLine>> = std::collections::BTreeMap::new();
    for line in lines {
        streams.entry((&line.group, &line.stream)).or_default().push(line);
    }
    let mut events = Vec::new();
    for mut lines in streams.into_values() {
        lines.sort_by_key(|line| line.at);
        let sample: Vec<&str> = lines.iter().take(HEADER_LINES).flat_map(|line| line.message.lines().take(1)).collect();
        let headers = HeaderModel::learn(sample.iter().copied());
        let mut joiner = Joiner::new(headers);
        let texts: Vec<(usize, &str)> = lines
            .iter()
            .enumerate()
            .flat_map(|(index, line)| line.message.lines().map(move |text| (index, text)))
            .collect();
        let begins = |event: &Event| {
            let index = (event.line as usize).checked_sub(1).and_then(|at| texts.get(at)).map_or(0, |text| text.0);
            lines.get(index).copied()
        };
        let mut finished: Vec<Event> = Vec::new();
        for (_, text) in &texts {
            finished.extend(joiner.push(text));
        }
        finished.extend(joiner.finish());
        for event in finished {
            if let Some(line) = begins(&event) {
                events.push((event, (line, headers)));
            }
        }
    }
    events
}

impl From<PatternKind> for PatternChange {
    fn from(kind: PatternKind) -> Self {
        match kind {
            PatternKind::New => Self::New,
            PatternKind::Surged => Self::Surged,
            PatternKind::Vanished => Self::Vanished,
            PatternKind::Steady => Self::Steady,
        }
    }
}

impl From<Pattern> for ObservedPattern {
    fn from(pattern: Pattern) -> Self {
        Self {
            change: pattern.kind.into(),
            count: pattern.count,
            baseline_count: Some(pattern.baseline_count),
            ratio: Some(pattern.ratio),
            level: pattern.level.map(|level| level.as_str().to_owned()),
            template: pattern.template,
            sample: pattern.sample,
            group: String::new(),
            first_at: None,
            last_at: None,
        }
    }
}
