//! False alarms on an ordinary month.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeMap;

use nightjar_security::detector::{Detector, Options};
use nightjar_security::month::Month;
use nightjar_security::story::{Policy, Stories, Told};
use nightjar_security::{Level, RuleSet};

#[rstest::rstest]
#[case(1)]
#[case(42)]
fn at_most_one_incident_a_day(#[case] seed: u64) {
    let (mut detector, problems) = Detector::new(&RuleSet::bundled(), Options::default());
    assert_eq!(problems, []);
    let (mut stories, policy) = (Stories::default(), Policy::default());
    let mut opened = 0;
    let mut by_rule: BTreeMap<String, usize> = BTreeMap::new();
    for event in Month::new(seed).take(100_000) {
        for found in detector.observe(event) {
            if found.level >= Level::Medium {
                *by_rule.entry(found.title.clone()).or_default() += 1;
            }
            opened += usize::from(matches!(stories.add(&found, &policy), Told::Opened(_)));
        }
    }
    println!("seed {seed}: {opened} incidents in 30 days; matches of medium or more: {by_rule:#?}");
    assert!(opened <= 30, "{opened} incidents: {by_rule:#?}");
    assert!(opened > 0, "the month holds a few things that somebody should see");
}

#[test]
fn the_same_seed_gives_the_same_month() {
    let month = |seed| Month::new(seed).take(500).collect::<Vec<_>>();
    assert_eq!(month(3), month(3));
    assert_ne!(month(3), month(4));
}
