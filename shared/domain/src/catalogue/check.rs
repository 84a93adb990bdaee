//! What can be wrong with a catalogue that reads well.

use std::collections::BTreeSet;

use super::{AlarmEntry, Catalogue, CatalogueEntry, Levels};

const STATISTICS: [&str; 5] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];
const SECONDS_PER_DAY: u32 = 86_400;
const PLACEHOLDERS: [&str; 6] = ["id", "arn", "account", "region", "cluster", "api_name"];

/// Everything, each with its place.
pub(super) fn problems(catalogue: &Catalogue) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, kind) in &catalogue.resource_types {
        let at = format!("resource_types.{name}");
        placeholders(&at, kind.dimensions.values().chain(&kind.log_groups), &mut problems);
        let mut seen = BTreeSet::new();
        for (index, entry) in kind.metrics.iter().enumerate() {
            let at = format!("{at}.metrics[{index}] ({})", entry.metric);
            check_entry(&at, entry, &mut problems);
            if let Some(alarm) = &entry.alarm {
                check_alarm(&at, alarm, catalogue, &mut problems);
            }
            if !seen.insert((&entry.namespace, &entry.metric, kind.dimensions_of(entry))) {
                problems.push(format!("{at}: listed twice"));
            }
        }
    }
    problems
}

fn check_entry(at: &str, entry: &CatalogueEntry, problems: &mut Vec<String>) {
    if entry.anomaly.is_none() && entry.alarm.is_none() {
        problems.push(format!("{at}: has neither anomaly nor alarm, so nothing would watch it"));
    }
    if entry.why.trim().is_empty() {
        problems.push(format!("{at}: why is empty: say why it is watched"));
    }
    placeholders(at, entry.dimensions.iter().flat_map(|dimensions| dimensions.values()), problems);
    if let Some(anomaly) = &entry.anomaly {
        if !STATISTICS.contains(&anomaly.statistic.as_str()) {
            let known = STATISTICS.join(", ");
            problems.push(format!("{at}: anomaly.statistic {:?} is none of {known}", anomaly.statistic));
        }
        check_period(at, "anomaly", anomaly.period_seconds, problems);
    }
}

fn check_alarm(at: &str, alarm: &AlarmEntry, catalogue: &Catalogue, problems: &mut Vec<String>) {
    if !STATISTICS.contains(&alarm.statistic.as_str()) && !is_percentile(&alarm.statistic) {
        let known = STATISTICS.join(", ");
        problems.push(format!("{at}: alarm.statistic {:?} is none of {known}, nor p0 to p100", alarm.statistic));
    }
    check_period(at, "alarm", alarm.period_seconds, problems);
    if let Some(problem) = window_problem(alarm.datapoints_to_alarm, alarm.evaluation_periods, alarm.period_seconds) {
        problems.push(format!("{at}: alarm: {problem}"));
    }
    if let Some(warning) = alarm.warning
        && !alarm.comparison.warns_before(warning, alarm.critical)
    {
        problems.push(format!("{at}: alarm.warning {warning} does not come before alarm.critical {}", alarm.critical));
    }
    if alarm.default == Levels::All && alarm.warning.is_none() {
        problems.push(format!("{at}: alarm.default is all, but there is no warning"));
    }
    if !catalogue.sources.contains_key(&alarm.source) {
        problems.push(format!("{at}: alarm.source {:?} is none of sources", alarm.source));
    }
}

fn check_period(at: &str, of: &str, seconds: u32, problems: &mut Vec<String>) {
    if !is_period(seconds) {
        let range = format!("a multiple of 60 between 60 and {SECONDS_PER_DAY}");
        problems.push(format!("{at}: {of}.period_seconds {seconds} is not {range}"));
    }
}

/// Shorter periods exist, for high-resolution metrics, and cost three times as much.
pub(crate) fn is_period(seconds: u32) -> bool {
    seconds != 0 && seconds.is_multiple_of(60) && seconds <= SECONDS_PER_DAY
}

/// Why CloudWatch would refuse the window, if it would: it looks back a day at most, a week with periods of an hour or more.
pub(crate) fn window_problem(datapoints: u32, periods: u32, period_seconds: u32) -> Option<String> {
    if datapoints == 0 || datapoints > periods {
        return Some(format!("{datapoints} of {periods} datapoints can never be"));
    }
    let days = if period_seconds >= 3600 { 7 } else { 1 };
    let seconds = u64::from(periods) * u64::from(period_seconds);
    (seconds > days * u64::from(SECONDS_PER_DAY))
        .then(|| format!("{periods} periods of {period_seconds} s are more than CloudWatch looks back, {days} d"))
}

fn is_percentile(statistic: &str) -> bool {
    let number = statistic.strip_prefix('p').and_then(|rest| rest.parse::<f64>().ok());
    number.is_some_and(|number| (0.0..=100.0).contains(&number))
}

fn placeholders<'a>(at: &str, templates: impl Iterator<Item = &'a String>, problems: &mut Vec<String>) {
    for template in templates {
        let named = template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
        for name in named.filter(|name| !PLACEHOLDERS.contains(name)) {
            let known = PLACEHOLDERS.join("}, {");
            problems.push(format!("{at}: {template:?} has the placeholder {{{name}}}, which is none of {{{known}}}"));
        }
    }
}
