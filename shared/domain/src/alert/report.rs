//! A finding in plain sentences: what every channel and the command line tell of an incident.

use super::attack;
use super::sparkline::sparkline;
use crate::diagnosis::{Cause, Finding, LogPattern, PatternChange, UNKNOWN, number};
use crate::incident::Incident;

/// Causes told; the rest is in the incident.
const CAUSES: usize = 3;
const ARGUMENTS: usize = 3;
const PATTERNS: usize = 5;
const CHANGES: usize = 3;
const METRICS: usize = 3;
/// Characters of a sample or a template that fit a line.
const LINE: usize = 160;

/// One part of the report: a heading and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub heading: &'static str,
    pub lines: Vec<String>,
}

impl Section {
    /// The heading, with what it heads on the same line or below it.
    pub fn text(&self) -> String {
        match self.lines.as_slice() {
            [only] => format!("{}: {only}", self.heading),
            lines => format!("{}:\n      {}", self.heading, lines.join("\n      ")),
        }
    }
}

/// The report, in the order in which somebody woken at night wants to know. Empty sections are left out.
pub fn report(incident: &Incident) -> Vec<Section> {
    if let Some(story) = &incident.security {
        return attack::report(story);
    }
    let finding = &incident.finding;
    let sections = [
        ("Metric", metric(incident)),
        ("Likeliest causes", causes(finding)),
        ("Next step", finding.causes.first().map(next_step).into_iter().collect()),
        ("New in the logs", patterns(finding)),
        ("Changes before", changes(finding)),
        ("Reach", vec![sentence(&finding.blast_radius.text())]),
        ("Instance", finding.state.iter().flat_map(|state| state.text(incident.anomaly.window_start)).collect()),
        ("Before", history(finding)),
        ("Not read", finding.gaps.iter().map(|gap| format!("{}: {}", gap.source, gap.reason)).collect()),
        ("Look again", searches(finding)),
        ("Cost", vec![format!("{} USD of searches", cents(finding.cost_usd))]),
    ];
    told(sections)
}

/// The sections that have something to say.
pub(super) fn told(sections: impl IntoIterator<Item = (&'static str, Vec<String>)>) -> Vec<Section> {
    let told = sections.into_iter().filter(|(_, lines)| lines.iter().any(|line| !line.is_empty()));
    told.map(|(heading, lines)| Section { heading, lines }).collect()
}

fn metric(incident: &Incident) -> Vec<String> {
    let anomaly = &incident.anomaly;
    let expected = &anomaly.expected;
    let mut lines = vec![format!(
        "{} is {} where {} is expected (usually {}), {} to {}",
        anomaly.metric.name,
        number(anomaly.observed),
        expected.text(),
        number(expected.typical),
        anomaly.window_start,
        anomaly.window_end
    )];
    lines.extend(incident.finding.recent.as_ref().map(sparkline));
    let moved = incident.finding.metrics.iter().filter_map(|found| Some((found, found.moved_at?)));
    lines.extend(moved.take(METRICS).map(|(found, at)| {
        let first = if at < anomaly.window_start { ", before the anomaly" } else { "" };
        format!("{} went from {} to {} at {at}{first}", found.metric.name, number(found.usual), number(found.during))
    }));
    lines
}

fn causes(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    for (cause, place) in finding.causes.iter().take(CAUSES).zip(1..) {
        lines.push(format!("{place}. {} ({:.0} %)", cause.title(), cause.confidence * 100.0));
        // What an unknown cause rests on is told under its own headings.
        let shown = if cause.kind == UNKNOWN { 1 } else { ARGUMENTS };
        lines.extend(cause.supports.iter().take(shown).map(|argument| format!("   + {}", line(&argument.text))));
        lines.extend(cause.contradicts.iter().take(ARGUMENTS).map(|argument| format!("   - {}", line(&argument.text))));
    }
    let more = finding.causes.len().saturating_sub(CAUSES);
    lines.extend((more > 0).then(|| format!("and {more} less likely")));
    lines
}

fn next_step(cause: &Cause) -> String {
    match &cause.runbook {
        Some(runbook) => format!("{} Runbook: {runbook}", cause.next_step),
        None => cause.next_step.clone(),
    }
}

fn patterns(finding: &Finding) -> Vec<String> {
    let news: Vec<&LogPattern> = finding.patterns.iter().filter(|pattern| pattern.change.is_news()).collect();
    let mut lines: Vec<String> = news.iter().take(PATTERNS).flat_map(|pattern| pattern_lines(pattern)).collect();
    let more = news.len().saturating_sub(PATTERNS) as u64 + finding.patterns_cut;
    lines.extend((more > 0).then(|| format!("and {more} more kinds of lines")));
    lines
}

fn pattern_lines(pattern: &LogPattern) -> Vec<String> {
    let before = match (pattern.change, pattern.baseline_count) {
        (PatternChange::New, _) => "never before".to_owned(),
        (_, Some(before)) => match pattern.ratio {
            Some(ratio) => format!("{before} before, {} times the rate", number(ratio)),
            None => format!("{before} before"),
        },
        (_, None) => "nothing to compare with".to_owned(),
    };
    vec![
        format!(
            "{} × [{}] {} ({before}; {})",
            pattern.count,
            pattern.severity,
            line(&pattern.template),
            pattern.log_group
        ),
        format!("   e.g. {}", line(&pattern.sample)),
    ]
}

fn changes(finding: &Finding) -> Vec<String> {
    let mut lines: Vec<String> = finding
        .changes
        .iter()
        .take(CHANGES)
        .map(|change| {
            let what =
                change.touches.as_ref().map_or_else(|| "elsewhere".to_owned(), |touches| format!("touches {touches}"));
            line(&format!("{} {} by {} from {} ({what})", change.at, change.event, change.by, change.from))
        })
        .collect();
    let more = finding.changes.len().saturating_sub(CHANGES) as u64 + finding.changes_cut;
    lines.extend((more > 0).then(|| format!("and {more} more")));
    lines
}

fn history(finding: &Finding) -> Vec<String> {
    let told = finding.history.iter().take(3).map(|past| {
        let end = past.ended.as_ref().map_or_else(|| "still open".to_owned(), |ended| format!("ended {ended}"));
        format!("{} {}: {}, {end}", past.opened_at, past.id, past.cause)
    });
    told.collect()
}

/// The first search, which is that of the anomaly's own window.
fn searches(finding: &Finding) -> Vec<String> {
    let Some(search) = finding.searches.first() else { return Vec::new() };
    vec![
        format!("Logs Insights on {}, {} to {}:", search.log_groups.join(", "), search.from, search.until),
        format!("   {}", search.query),
    ]
}

/// Cost in USD with enough digits to be more than nothing.
fn cents(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { format!("{usd:.6}") } else { format!("{usd:.2}") }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// One line, cut to what fits, without what a terminal would obey.
pub(super) fn line(text: &str) -> String {
    let first: String =
        text.lines().next().unwrap_or_default().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if first.chars().count() <= LINE { first } else { first.chars().take(LINE - 1).chain(['…']).collect() }
}
