//! The catalogue beside what AWS recommends, and its page in the documentation.

use std::collections::BTreeSet;

use nightjar_domain::catalogue::{AlarmEntry, Catalogue, CatalogueEntry, Levels, markdown};

/// One alarm that AWS recommends.
struct Recommended<'a> {
    namespace: &'a str,
    metric: &'a str,
    dimensions: BTreeSet<&'a str>,
    statistic: &'a str,
    period: u32,
    window: (u32, u32),
    comparison: &'a str,
    /// `None`: AWS leaves it to the reader.
    threshold: Option<f64>,
    missing: &'a str,
}

fn recommended() -> Vec<Recommended<'static>> {
    let rows = include_str!("recommended_alarms.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| {
        let cells: [&str; 10] = row.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let [namespace, metric, dimensions, statistic, period, datapoints, periods, comparison, threshold, missing] =
            cells;
        Recommended {
            namespace,
            metric,
            dimensions: dimensions.split('+').filter(|name| !name.is_empty()).collect(),
            statistic,
            period: period.parse().unwrap(),
            window: (datapoints.parse().unwrap(), periods.parse().unwrap()),
            comparison,
            threshold: threshold.parse().ok(),
            missing,
        }
    })
    .collect()
}

/// Entries with an alarm on a recommended metric.
fn entries<'a>(
    catalogue: &'a Catalogue,
    of: &Recommended<'_>,
) -> Vec<(&'a CatalogueEntry, &'a AlarmEntry, BTreeSet<&'a str>)> {
    let kinds = catalogue.resource_types.iter().filter(|(name, _)| !name.starts_with("nightjar:"));
    let all = kinds.flat_map(|(_, kind)| kind.metrics.iter().map(move |entry| (kind, entry)));
    all.filter(|(_, entry)| entry.namespace == of.namespace && entry.metric == of.metric)
        .filter_map(|(kind, entry)| {
            let names = kind.dimensions_of(entry).keys().chain(entry.further_dimensions.iter().flatten());
            Some((entry, entry.alarm.as_ref()?, names.map(String::as_str).collect()))
        })
        .collect()
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_alarm_that_aws_recommends_is_covered_or_left_out_for_a_reason() {
    let catalogue = Catalogue::bundled().unwrap();
    let (mut covered, mut left_out) = (BTreeSet::new(), BTreeSet::new());
    for one in recommended() {
        let reason = catalogue
            .not_covered
            .iter()
            .find(|n| n.namespace == one.namespace && (n.metric == one.metric || n.metric == "*"));
        let here = !entries(&catalogue, &one).is_empty();
        let exact = reason.is_some_and(|reason| reason.metric != "*");
        assert!(!(here && exact), "{} {} is covered and said not to be", one.namespace, one.metric);
        assert!(
            here || reason.is_some(),
            "{} {} is neither covered nor left out for a reason",
            one.namespace,
            one.metric
        );
        if here {
            covered.insert((one.namespace, one.metric))
        } else {
            left_out.insert((one.namespace, one.metric))
        };
    }
    insta::assert_snapshot!(format!(
        "{} recommended metrics are covered, {} are left out",
        covered.len(),
        left_out.len()
    ));
}

#[test]
fn what_says_to_be_recommended_by_aws_has_its_numbers_or_says_in_what_it_differs() {
    let catalogue = Catalogue::bundled().unwrap();
    let facts = recommended();
    let mut compared = 0;
    for (entry, alarm) in
        catalogue.resource_types.values().flat_map(|kind| &kind.metrics).filter_map(|e| Some((e, e.alarm.as_ref()?)))
    {
        if alarm.source != "aws" {
            continue;
        }
        let name = format!("{} {}", entry.namespace, entry.metric);
        let mut same_metric =
            facts.iter().filter(|one| one.namespace == entry.namespace && one.metric == entry.metric).peekable();
        assert!(same_metric.peek().is_some(), "{name} is not among AWS's recommendations");
        let equal = same_metric.any(|one| {
            let (_, _, dimensions) = &entries(&catalogue, one)[0];
            alarm.statistic == one.statistic
                && alarm.period_seconds == one.period
                && (alarm.datapoints_to_alarm, alarm.evaluation_periods) == one.window
                && word(&alarm.comparison) == one.comparison
                && one.threshold == Some(alarm.critical)
                && word(&alarm.missing_data) == one.missing
                && *dimensions == one.dimensions
        });
        assert!(equal || alarm.differs.is_some(), "{name} differs from AWS's recommendation and does not say so");
        assert!(
            !(equal && alarm.differs.is_some() && alarm.default != Levels::Off),
            "{name} says to differ and does not"
        );
        compared += 1;
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn the_page_in_the_documentation_is_made_from_the_file() {
    let page = include_str!("../../../../docs/alarms.md");
    let current = page == markdown(&Catalogue::bundled().unwrap());
    assert!(current, "docs/alarms.md is out of date: nightjar alarms table > docs/alarms.md");
}
