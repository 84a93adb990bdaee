//! The catalogue for people: `docs/alarms.md`.

use std::fmt::Write as _;

use super::{AlarmEntry, Catalogue, CatalogueEntry, Discovery, Levels, MissingData};

/// The whole page. `nightjar alarms table > docs/alarms.md` writes it, and a test compares.
pub fn markdown(catalogue: &Catalogue) -> String {
    let mut page = String::new();
    let entries = || catalogue.resource_types.values().flat_map(|kind| &kind.metrics);
    let alarms = entries().filter_map(|entry| entry.alarm.as_ref());
    let (anomalies, on) = (
        entries().filter(|entry| entry.anomaly.is_some()).count(),
        alarms.clone().filter(|alarm| alarm.default != Levels::Off).count(),
    );
    let _ = writeln!(
        page,
        "# What is watched, and from where on it is an alarm\n\n\
         Made from `config/alert_thresholds.json` by `nightjar alarms table`; do not edit it. {} types of resources, {} metrics: \
         {anomalies} are watched for anomalies, {} against a threshold, of which {on} are on by default. How alarms are planned, \
         overridden and paid for is told in [coverage.md](coverage.md).\n\n\
         **Watched**: A, the detector looks for anomalies; T, a CloudWatch alarm has a threshold. **M of N**: so many of the last N \
         periods must breach. **Missing**: what a period without datapoints counts as. **Default**: which levels are made where no \
         tag says otherwise.",
        catalogue.resource_types.len(),
        entries().count(),
        alarms.count(),
    );
    for (name, kind) in &catalogue.resource_types {
        let _ = writeln!(
            page,
            "\n## {} (`{name}`)\n\n| metric | watched | statistic | warning | critical | M of N | missing | default | source | why |\n\
             |---|---|---|---|---|---|---|---|---|---|",
            kind.title
        );
        for entry in &kind.metrics {
            let _ = writeln!(page, "{}", row(entry));
        }
    }
    let _ =
        writeln!(page, "\n## Where alarms differ from their source\n\n| metric | source | difference |\n|---|---|---|");
    for entry in entries() {
        if let Some((alarm, differs)) = entry.alarm.as_ref().and_then(|a| Some((a, a.differs.as_ref()?))) {
            let _ = writeln!(page, "| {} {} | {} | {differs} |", entry.namespace, entry.metric, alarm.source);
        }
    }
    let _ = writeln!(page, "\n## Recommended by AWS and not covered\n\n| metric | why not |\n|---|---|");
    for left_out in &catalogue.not_covered {
        let metric = if left_out.metric == "*" { "all others" } else { &left_out.metric };
        let _ = writeln!(page, "| {} {metric} | {} |", left_out.namespace, left_out.why);
    }
    let _ = writeln!(page, "\n## Sources\n");
    for (name, source) in &catalogue.sources {
        let address = source.url.as_ref().map_or_else(String::new, |url| format!(" <{url}>"));
        let read = source.read_on.as_ref().map_or_else(String::new, |day| format!(", compared on {day}"));
        let from = source.read_from.as_ref().map_or_else(String::new, |from| format!(" ({from})"));
        let _ = writeln!(page, "- `{name}`: {}{address}{read}{from}", source.title);
    }
    page
}

fn row(entry: &CatalogueEntry) -> String {
    let watched = match (&entry.anomaly, &entry.alarm) {
        (Some(_), Some(_)) => "A + T",
        (Some(_), None) => "A",
        _ => "T",
    };
    let listed = if entry.discovery == Discovery::ListMetrics { ", where it is published" } else { "" };
    let metric = format!("{} {} ({}{listed})", entry.namespace, entry.metric, entry.unit);
    let cells = if let Some(alarm) = &entry.alarm {
        alarm_cells(alarm)
    } else {
        let statistic = entry.anomaly.as_ref().map_or_else(String::new, |a| period(&a.statistic, a.period_seconds));
        [statistic, "–".into(), "–".into(), "–".into(), "–".into(), "–".into(), "–".into()]
    };
    format!("| {metric} | {watched} | {} | {} |", cells.join(" | "), entry.why)
}

fn alarm_cells(alarm: &AlarmEntry) -> [String; 7] {
    let threshold = |value: f64| format!("{} {value}", alarm.comparison.sign());
    let missing = match alarm.missing_data {
        MissingData::Missing => "missing",
        MissingData::Breaching => "a breach",
        MissingData::NotBreaching => "no breach",
        MissingData::Ignore => "ignored",
    };
    let default = match alarm.default {
        Levels::Off => "off",
        Levels::Critical => "critical",
        Levels::All => "all",
    };
    [
        period(&alarm.statistic, alarm.period_seconds),
        alarm.warning.map_or_else(|| "–".to_owned(), threshold),
        threshold(alarm.critical),
        format!("{} of {}", alarm.datapoints_to_alarm, alarm.evaluation_periods),
        missing.to_owned(),
        default.to_owned(),
        alarm.source.clone(),
    ]
}

fn period(statistic: &str, seconds: u32) -> String {
    format!("{statistic}, {} min", seconds / 60)
}
