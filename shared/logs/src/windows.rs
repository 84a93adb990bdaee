//! Two windows of events, mined together and compared.

use crate::compare::{self, Context, Pattern};
use crate::header::HeaderModel;
use crate::level::Level;
use crate::miner::{Miner, MinerOptions, TemplateId};
use crate::record::Record;

/// Seconds from a window's first to its last event that are needed to tell a rate. Lines of one burst say how many there were
/// beside each other, not how often they come.
const LEAST_SPAN: f64 = 10.0;
/// The shortest window that is believed when it is told, in seconds.
const LEAST_TOLD: f64 = 1.0;
/// Characters of a sample that are kept.
const SAMPLE_CHARS: usize = 500;

/// Which window an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Incident,
    Baseline,
}

/// Counts the templates of an incident's window and of its baseline. Memory is bounded by the miner's options, whatever
/// the number of events.
#[derive(Debug)]
pub struct Windows {
    miner: Miner,
    incident: Window,
    baseline: Window,
    samples: Vec<Option<Sample>>,
}

#[derive(Debug, Default)]
struct Window {
    counts: Vec<u64>,
    levels: Vec<Option<Level>>,
    events: u64,
    timed: u64,
    first: Option<f64>,
    last: Option<f64>,
    seconds: Option<f64>,
}

#[derive(Debug)]
struct Sample {
    text: Box<str>,
    side: Side,
}

/// What two windows say.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The most suspicious first.
    pub patterns: Vec<Pattern>,
    /// Events in the incident's window and in the baseline.
    pub events: (u64, u64),
    /// How the rates were made comparable.
    pub exposure: Exposure,
    /// Events of kinds that came after the bound of the miner.
    pub overflowed: u64,
    pattern_of: Vec<u32>,
}

/// What the rates are relative to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Exposure {
    /// The windows' lengths in seconds.
    Seconds { incident: f64, baseline: f64 },
    /// The windows' events: times are not known, or lie within [`LEAST_SPAN`]. A rate that all templates share cannot be seen.
    Events,
}

impl Comparison {
    /// The place in `patterns` of the events that [`Windows::add`] gave this id.
    pub fn pattern_of(&self, id: TemplateId) -> Option<usize> {
        self.pattern_of.get(id.0 as usize).map(|&place| place as usize).filter(|&place| place < self.patterns.len())
    }
}

impl Windows {
    pub fn new(options: MinerOptions) -> Self {
        Self {
            miner: Miner::new(options),
            incident: Window::default(),
            baseline: Window::default(),
            samples: Vec::new(),
        }
    }

    /// Counts one event, which may have many lines.
    pub fn add(&mut self, side: Side, text: &str, headers: &HeaderModel) -> TemplateId {
        let record = Record::parse(text, headers);
        self.add_record(side, &record, text)
    }

    /// Counts an event that was read already; `text` is how it was written.
    pub fn add_record(&mut self, side: Side, record: &Record<'_>, text: &str) -> TemplateId {
        let id = self.miner.observe(&record.message);
        let at = id.0 as usize;
        if self.samples.len() <= at {
            self.samples.resize_with(self.miner.ids(), || None);
        }
        // The incident's own words are the better sample.
        if self.samples[at].as_ref().is_none_or(|sample| sample.side == Side::Baseline && side == Side::Incident) {
            let text = text.trim().chars().take(SAMPLE_CHARS).collect::<String>().into_boxed_str();
            self.samples[at] = Some(Sample { text, side });
        }
        self.window(side).count(at, record);
        id
    }

    /// Says how long a window was, in seconds (1 at least). Else the time from its first to its last event counts.
    pub fn set_seconds(&mut self, side: Side, seconds: f64) {
        self.window(side).seconds = Some(if seconds > LEAST_TOLD { seconds } else { LEAST_TOLD });
    }

    fn window(&mut self, side: Side) -> &mut Window {
        match side {
            Side::Incident => &mut self.incident,
            Side::Baseline => &mut self.baseline,
        }
    }

    /// Compares what was counted so far.
    pub fn compare(&mut self) -> Comparison {
        self.miner.refine();
        let ids = self.miner.ids();
        let mut totals: Vec<Total> = vec![Total::default(); ids];
        for id in 0..ids {
            let root = self.miner.current(TemplateId(id as u32)).0 as usize;
            totals[root].add(&self.incident, &self.baseline, id);
            if root != id && self.better_sample(root, id) {
                self.samples[root] = self.samples[id].take();
            }
        }
        let exposure = self.exposure();
        let (incident, baseline) = match exposure {
            Exposure::Seconds { incident, baseline } => (incident, baseline),
            Exposure::Events => (self.incident.events as f64, self.baseline.events as f64),
        };
        let seen: Vec<usize> = (0..ids).filter(|&id| totals[id].now + totals[id].before > 0).collect();
        let context = Context::new(incident, baseline, seen.len());
        let mut patterns: Vec<(Pattern, usize)> = seen
            .into_iter()
            .map(|id| {
                let total = totals[id];
                let sample = self.samples.get(id).and_then(Option::as_ref).map(|sample| sample.text.to_string());
                let template = self.miner.template(TemplateId(id as u32));
                (context.pattern(template, total.now, total.before, total.level, sample.unwrap_or_default()), id)
            })
            .collect();
        patterns.sort_by(|(a, first), (b, second)| compare::order(a, b).then(first.cmp(second)));
        let mut place_of = vec![u32::MAX; ids];
        for (place, (_, id)) in patterns.iter().enumerate() {
            place_of[*id] = place as u32;
        }
        Comparison {
            patterns: patterns.into_iter().map(|(pattern, _)| pattern).collect(),
            events: (self.incident.events, self.baseline.events),
            exposure,
            overflowed: self.miner.overflowed(),
            pattern_of: (0..ids).map(|id| place_of[self.miner.current(TemplateId(id as u32)).0 as usize]).collect(),
        }
    }

    fn better_sample(&self, root: usize, id: usize) -> bool {
        let side = |at: usize| self.samples.get(at).and_then(Option::as_ref).map(|sample| sample.side);
        matches!((side(root), side(id)), (None, Some(_)) | (Some(Side::Baseline), Some(Side::Incident)))
    }

    fn exposure(&self) -> Exposure {
        match (self.incident.length(), self.baseline.length()) {
            (Some(incident), Some(baseline)) => Exposure::Seconds { incident, baseline },
            _ => Exposure::Events,
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Total {
    now: u64,
    before: u64,
    level: Option<Level>,
}

impl Total {
    fn add(&mut self, incident: &Window, baseline: &Window, id: usize) {
        self.now += incident.counts.get(id).copied().unwrap_or(0);
        self.before += baseline.counts.get(id).copied().unwrap_or(0);
        for window in [incident, baseline] {
            self.level = self.level.max(window.levels.get(id).copied().flatten());
        }
    }
}

impl Window {
    fn count(&mut self, at: usize, record: &Record<'_>) {
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
            self.levels.resize(at + 1, None);
        }
        self.counts[at] += 1;
        self.levels[at] = self.levels[at].max(record.level);
        self.events += 1;
        if let Some(seconds) = record.seconds {
            self.timed += 1;
            self.first = Some(self.first.map_or(seconds, |first| first.min(seconds)));
            self.last = Some(self.last.map_or(seconds, |last| last.max(seconds)));
        }
    }

    /// As told, or from the first to the last event, if nearly all have a time. The mean distance of two events is
    /// added: a window is a little longer than what happened in it.
    fn length(&self) -> Option<f64> {
        if self.seconds.is_some() {
            return self.seconds;
        }
        if self.events == 0 {
            return Some(0.0);
        }
        let span = self.last? - self.first?;
        (self.timed * 10 >= self.events * 8 && self.timed > 1 && span >= LEAST_SPAN)
            .then(|| span * self.timed as f64 / (self.timed - 1) as f64)
    }
}
