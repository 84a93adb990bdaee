//! `nightjar logs analyze`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::ensure;
use nightjar_domain::diagnosis::Cause;
use nightjar_logs::header::SAMPLE_LINES;
use nightjar_logs::{Comparison, Exposure, HeaderModel, Joiner, MinerOptions, Pattern, PatternKind, Side, Windows};
use serde::Serialize;

use super::hypotheses::hypotheses;
use super::read::Lines;
use crate::outcome::Outcome;
use crate::output::{Output, table};

/// Rows of the table for people.
const SHOWN: usize = 20;

#[derive(Debug, clap::Args)]
pub struct AnalyzeArgs {
    /// The log of the incident: plain, JSON lines or gzip; - is standard input.
    #[arg(long, value_name = "FILE")]
    incident: PathBuf,
    /// The log of a time when all was well, in the same forms.
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
}

#[derive(Debug, Serialize)]
struct Analysis {
    patterns: Vec<Pattern>,
    hypotheses: Vec<Cause>,
    /// What could not be read, or not be compared.
    gaps: Vec<String>,
}

pub(super) fn run(args: &AnalyzeArgs, output: Output) -> anyhow::Result<Outcome> {
    let standard = Path::new("-");
    ensure!(
        args.incident != standard || args.baseline != standard,
        "standard input can be the incident or the baseline, not both: write one of them to a file"
    );
    output.print(&analyze(&args.incident, &args.baseline)?, text)?;
    Ok(Outcome::Fine)
}

fn analyze(incident: &Path, baseline: &Path) -> anyhow::Result<Analysis> {
    let mut windows = Windows::new(MinerOptions::default());
    let mut gaps = Vec::new();
    for (side, path) in [(Side::Baseline, baseline), (Side::Incident, incident)] {
        let mut lines = Lines::open(path)?;
        count(&mut windows, side, &mut lines);
        gaps.extend(lines.report.gaps(lines.name()));
    }
    let comparison = windows.compare();
    gaps.extend(limits(&comparison));
    Ok(Analysis { hypotheses: hypotheses(&comparison.patterns)?, patterns: comparison.patterns, gaps })
}

fn count(windows: &mut Windows, side: Side, lines: &mut Lines) {
    let mut first: Vec<String> = Vec::new();
    while first.len() < SAMPLE_LINES
        && let Some(line) = lines.next()
    {
        first.push(line.to_owned());
    }
    let headers = HeaderModel::learn(first.iter().map(String::as_str));
    let mut joiner = Joiner::new(headers);
    for line in &first {
        if let Some(event) = joiner.push(line) {
            windows.add(side, &event.text, &headers);
        }
    }
    drop(first);
    while let Some(line) = lines.next() {
        if let Some(event) = joiner.push(line) {
            windows.add(side, &event.text, &headers);
        }
    }
    if let Some(event) = joiner.finish() {
        windows.add(side, &event.text, &headers);
    }
}

/// What the comparison itself could not do.
fn limits(comparison: &Comparison) -> Vec<String> {
    let mut gaps = Vec::new();
    let (incident, baseline) = comparison.events;
    if incident > 0 && baseline > 0 && comparison.exposure == Exposure::Events {
        gaps.push(
            "the times of the events do not tell how long both files cover (they are missing, or lie within ten seconds): counts are compared relative to the number of events, so a change that all kinds share cannot be seen"
                .to_owned(),
        );
    }
    if incident > 0 && baseline == 0 {
        gaps.push(
            "there is no baseline to compare with: every kind of event counts as new, and none as surged".to_owned(),
        );
    }
    if comparison.overflowed > 0 {
        gaps.push(format!(
            "{} events are of kinds beyond the number that is told apart; they are counted as one pattern",
            comparison.overflowed
        ));
    }
    gaps
}

fn text(analysis: &Analysis) -> String {
    let mut text = String::new();
    let unusual: Vec<&Pattern> =
        analysis.patterns.iter().filter(|pattern| pattern.kind != PatternKind::Steady).take(SHOWN).collect();
    if unusual.is_empty() {
        text.push_str("Nothing in the incident's log is unusual beside the baseline.\n");
    } else {
        let rows = unusual.iter().map(|pattern| {
            [
                format!("{:.2}", pattern.score),
                pattern.kind.as_str().to_owned(),
                pattern.level.map_or_else(String::new, |level| level.to_string()),
                pattern.count.to_string(),
                pattern.baseline_count.to_string(),
                format!("{:.1}×", pattern.ratio),
                pattern.template.chars().take(200).collect(),
            ]
        });
        text.push_str(&table(&["score", "kind", "level", "now", "before", "rate", "template"], rows));
        text.push('\n');
    }
    let shown = unusual.len();
    let rest = analysis.patterns.len() - shown;
    let _ = writeln!(text, "{rest} more pattern{} with --json", if rest == 1 { "" } else { "s" });
    for cause in &analysis.hypotheses {
        let _ =
            writeln!(text, "Likely: {} ({:.0} %, {} events)", cause.title(), cause.confidence * 100.0, cause.events);
    }
    for gap in &analysis.gaps {
        let _ = writeln!(text, "Gap: {gap}");
    }
    text
}
