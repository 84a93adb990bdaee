//! The lines of the anomaly's window beside those of an hour before it and of the same time the day before.

use std::collections::HashSet;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::{LogWindow, compare};
use nightjar_domain::evidence::{Gap, LogEvidence, LogLine, ObservedPattern};
use nightjar_domain::resource::Resource;
use nightjar_log_search::{Found, Search};

use crate::context::Context;

/// Logs are written a little after what they tell of.
const AFTERMATH: SignedDuration = SignedDuration::from_mins(2);
/// How long the baseline is.
const BASELINE: SignedDuration = SignedDuration::from_mins(60);
/// How much is read of trouble that lasts.
const LONGEST: SignedDuration = SignedDuration::from_mins(60);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Lines read of one window: a sample of the newest where there are more. Logs Insights gives at most 10,000.
const ALL_LINES: u32 = 6000;
/// Lines that may be trouble, read besides where the window holds more than the sample.
const TROUBLE: u32 = 3000;

/// Reads the resource's groups and compares the windows. What could not be read is named.
pub(super) async fn read(
    context: &Context,
    anomaly: &Anomaly,
    resource: Option<&Resource>,
    now: Timestamp,
) -> LogEvidence {
    let Some(resource) = resource else { return LogEvidence::default() };
    if resource.log_sources.is_empty() {
        let gap = Gap {
            source: format!("logs of {}", anomaly.resource.id),
            reason: "no log group is known: name them in the log-groups tag".to_owned(),
        };
        return LogEvidence { gaps: vec![gap], ..LogEvidence::default() };
    }
    let spans = spans(anomaly, context.settings.log_window, now);
    let searches: Vec<Search> =
        spans.iter().flat_map(|span| Search::of_all(&resource.log_sources, *span, ALL_LINES)).collect();
    let per_span = searches.len() / spans.len();
    let found = join_all(searches.iter().map(|search| thorough(context, search))).await;
    let mut windows = found.chunks(per_span.max(1)).zip(spans).map(|(parts, span)| Window::of(parts, span));
    let (incident, before, day_before) = (windows.next(), windows.next(), windows.next());
    let mut evidence = LogEvidence::default();
    for part in &found {
        evidence.searches.extend(part.all.search.clone());
        evidence.searches.extend(part.trouble.as_ref().and_then(|trouble| trouble.search.clone()));
        for gap in part.all.gaps.iter().chain(part.trouble.iter().flat_map(|trouble| &trouble.gaps)) {
            if !evidence.gaps.contains(gap) {
                evidence.gaps.push(gap.clone());
            }
        }
    }
    if let Some(incident) = incident {
        let baselines: Vec<Window> =
            [before, day_before].into_iter().flatten().filter(|window| window.readable).collect();
        evidence.patterns = compared(&incident, &baselines);
    }
    evidence
}

/// The anomaly's window, the hour before it, and the same time the day before. Of trouble that lasts the newest hour is read, and
/// the baseline still ends where the trouble began.
fn spans(anomaly: &Anomaly, before: SignedDuration, now: Timestamp) -> [(Timestamp, Timestamp); 3] {
    let onset = anomaly.window_start - before;
    let until = (anomaly.window_end + AFTERMATH).min(now).max(onset + SignedDuration::from_secs(1));
    let from = onset.max(until - LONGEST.max(before));
    [(from, until), (onset - BASELINE, onset), (from - DAY, until - DAY)]
}

/// All lines of a search, and those that may be trouble where all are too many.
#[derive(Debug, Default)]
struct Part {
    all: Found,
    trouble: Option<Found>,
}

/// One window over all groups.
#[derive(Debug)]
struct Window {
    /// All lines, or the newest of them.
    lines: Vec<LogLine>,
    /// How long `lines` were watched.
    covered: SignedDuration,
    /// Lines that may be trouble, of the whole window; `None` where `lines` holds them all.
    trouble: Option<Vec<LogLine>>,
    length: SignedDuration,
    /// Whether it can serve as a baseline.
    readable: bool,
}

impl Window {
    fn of(parts: &[Part], (from, until): (Timestamp, Timestamp)) -> Self {
        let length = until.duration_since(from);
        let is_cut = parts.iter().any(|part| part.all.cut);
        // Where one group is cut, all are looked at over the shorter time: rates must be comparable.
        let cuts = parts.iter().filter(|part| part.all.cut);
        let since = cuts.filter_map(|part| part.all.lines.iter().map(|line| line.at).min()).max().unwrap_or(from);
        let lines: Vec<LogLine> =
            parts.iter().flat_map(|part| &part.all.lines).filter(|line| line.at >= since).cloned().collect();
        let trouble = is_cut.then(|| {
            let found =
                parts.iter().flat_map(|part| part.trouble.as_ref().map_or(&part.all.lines, |found| &found.lines));
            found.cloned().collect()
        });
        Self {
            covered: until.duration_since(since).max(SignedDuration::from_secs(1)),
            // A day before, the resource may not have been there: an empty window says nothing.
            readable: !lines.is_empty(),
            lines,
            trouble,
            length,
        }
    }
}

/// Compares the window with its baselines as if they were one. Where a window was cut, trouble is compared over the whole
/// windows and the rest over what was sampled of them.
fn compared(incident: &Window, baselines: &[Window]) -> Vec<ObservedPattern> {
    let joined = |lines: &dyn Fn(&Window) -> Vec<LogLine>| baselines.iter().flat_map(lines).collect::<Vec<_>>();
    let total = |length: &dyn Fn(&Window) -> SignedDuration| baselines.iter().map(length).sum::<SignedDuration>();
    let pair = |now: &[LogLine], now_for, before: &[LogLine], before_for| {
        let baseline = (!baselines.is_empty()).then_some(LogWindow { lines: before, length: before_for });
        compare(LogWindow { lines: now, length: now_for }, baseline)
    };
    let is_cut = incident.trouble.is_some() || baselines.iter().any(|window| window.trouble.is_some());
    if !is_cut {
        let before = joined(&|window| window.lines.clone());
        return pair(&incident.lines, incident.covered, &before, total(&|window| window.covered));
    }
    let keys: HashSet<(Timestamp, &str)> = std::iter::once(incident)
        .chain(baselines)
        .flat_map(|window| window.trouble.iter().flatten())
        .map(|line| (line.at, line.message.as_str()))
        .collect();
    let ordinary = |window: &Window| -> Vec<LogLine> {
        window.lines.iter().filter(|line| !keys.contains(&(line.at, line.message.as_str()))).cloned().collect()
    };
    let trouble = |window: &Window| window.trouble.clone().unwrap_or_else(|| window.lines.clone());
    let mut patterns =
        pair(&trouble(incident), incident.length, &joined(&|window| trouble(window)), total(&|window| window.length));
    patterns.extend(pair(
        &ordinary(incident),
        incident.covered,
        &joined(&|window| ordinary(window)),
        total(&|window| window.covered),
    ));
    patterns
}

/// All lines, and where they are too many also those that may be trouble.
async fn thorough(context: &Context, search: &Search) -> Part {
    let deadline = context.settings.gather_deadline;
    let started = tokio::time::Instant::now();
    let mut all = within(context, search, deadline).await;
    if !all.cut {
        return Part { all, trouble: None };
    }
    let trouble = Search { filter: Some(context.signals.error_like().to_owned()), limit: TROUBLE, ..search.clone() };
    let found = within(context, &trouble, deadline.saturating_sub(started.elapsed())).await;
    all.gaps.push(search.gap(format!(
        "between {} and {} more than {ALL_LINES} lines were written: the newest were read, and {} that may be trouble",
        search.from,
        search.until,
        found.lines.len()
    )));
    Part { all, trouble: Some(found) }
}

async fn within(context: &Context, search: &Search, deadline: Duration) -> Found {
    nightjar_log_search::within(&context.logs, search, context.settings.scan_limit_bytes, deadline).await
}

#[cfg(test)]
mod tests {
    use nightjar_testkit::{anomaly, at};

    use super::*;

    #[test]
    fn the_windows_lie_before_the_trouble_and_a_day_before() {
        let told = spans(&anomaly(), SignedDuration::from_mins(15), at("2026-11-21T10:05:00Z"));
        let expected = [
            ("2026-11-21T09:40:00Z", "2026-11-21T10:02:00Z"),
            ("2026-11-21T08:40:00Z", "2026-11-21T09:40:00Z"),
            ("2026-11-20T09:40:00Z", "2026-11-20T10:02:00Z"),
        ];
        assert_eq!(told, expected.map(|(from, until)| (at(from), at(until))));
    }

    #[test]
    fn of_trouble_that_lasts_the_newest_hour_is_compared_with_the_time_before_it_all() {
        let lasting = Anomaly { window_end: at("2026-11-21T13:00:00Z"), ..anomaly() };
        let [now, before, _] = spans(&lasting, SignedDuration::from_mins(15), at("2026-11-21T13:05:00Z"));
        assert_eq!(now, (at("2026-11-21T12:02:00Z"), at("2026-11-21T13:02:00Z")));
        assert_eq!(before, (at("2026-11-21T08:40:00Z"), at("2026-11-21T09:40:00Z")));
    }

    #[test]
    fn a_clock_that_is_behind_leaves_a_window_all_the_same() {
        let [now, ..] = spans(&anomaly(), SignedDuration::from_mins(15), at("2026-11-21T09:00:00Z"));
        assert_eq!(now, (at("2026-11-21T09:40:00Z"), at("2026-11-21T09:40:01Z")));
    }
}
