//! How often a threshold would have fired: a series judged as CloudWatch judges it, M of N.
//!
//! CloudWatch looks a little further back than N periods, takes the newest N datapoints it finds there, and only where there are
//! fewer does the treatment of missing data decide. The rules are read off the two tables of "Configuring how CloudWatch alarms
//! treat missing data" in its user guide (2026), which the tests go through.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::overrides::{Layers, merge};
use super::template::fill;
use super::thresholds::ThresholdOverride;
use crate::catalogue::{Catalogue, CatalogueEntry, Comparison, Discovery, MissingData, ResourceType, window_problem};
use crate::metric::Metric;
use crate::onboarding::FoundResource;
use crate::resource::Resource;

/// A threshold to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    pub comparison: Comparison,
    /// In the metric's unit.
    pub threshold: f64,
    /// M of `M of N`.
    pub datapoints_to_alarm: u32,
    /// N of `M of N`.
    pub evaluation_periods: u32,
    /// Seconds.
    pub period_seconds: u32,
    pub missing_data: MissingData,
}

impl Trial {
    /// What is in force for an entry of a type: its critical alarm, with what was set. `None` where it has no alarm.
    pub fn in_force(catalogue: &Catalogue, resource_type: &str, entry: &CatalogueEntry) -> Option<Self> {
        let alarm = entry.alarm.as_ref()?;
        let set = catalogue.overrides.of(resource_type, &entry.metric).map(ThresholdOverride::as_override);
        let values = merge(alarm, &Layers { set: set.unwrap_or_default(), ..Layers::default() }, None);
        Some(Self {
            comparison: alarm.comparison,
            threshold: values.critical.0,
            datapoints_to_alarm: values.window.0.0,
            evaluation_periods: values.window.0.1,
            period_seconds: values.period_seconds.0,
            missing_data: values.missing_data.0,
        })
    }

    /// Why CloudWatch would refuse it, if it would.
    pub fn problem(&self) -> Option<String> {
        window_problem(self.datapoints_to_alarm, self.evaluation_periods, self.period_seconds)
    }
}

/// The series that an entry's alarms watch on a resource of the inventory, with the alarm's statistic; none where the inventory
/// does not tell.
pub fn series_of(kind: &ResourceType, entry: &CatalogueEntry, resource: &Resource, period_seconds: u32) -> Vec<Metric> {
    let Some(alarm) = &entry.alarm else { return Vec::new() };
    let metric = |dimensions: &BTreeMap<String, String>| Metric {
        namespace: entry.namespace.clone(),
        name: entry.metric.clone(),
        dimensions: dimensions.clone(),
        statistic: alarm.statistic.clone(),
        period_seconds,
        scope: None,
    };
    let watched = resource.metrics.iter().map(|watched| &watched.metric);
    let known: Vec<Metric> = watched
        .filter(|watched| watched.namespace == entry.namespace && watched.name == entry.metric)
        .map(|watched| metric(&watched.dimensions))
        .collect();
    if !known.is_empty() || entry.discovery == Discovery::ListMetrics {
        return known;
    }
    let found = FoundResource {
        reference: resource.reference.clone(),
        tags: resource.tags.clone(),
        state: resource.state.clone(),
        launched_at: resource.launched_at,
        neighbours: BTreeMap::new(),
        details: BTreeMap::new(),
    };
    let named = kind.dimensions_of(entry).iter();
    let filled: Option<BTreeMap<String, String>> =
        named.map(|(name, value)| Some((name.clone(), fill(value, &found)?))).collect();
    filled.iter().map(metric).collect()
}

/// What would have been.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Firings {
    /// When it would have fired, oldest first, twenty at most.
    pub at: Vec<Timestamp>,
    /// How often.
    pub fired: usize,
    /// Minutes in alarm, all firings together.
    pub minutes_in_alarm: u64,
    /// Datapoints that breach.
    pub breaches: usize,
    /// Datapoints that there are.
    pub datapoints: usize,
    /// Periods of the span.
    pub periods: usize,
}

/// Periods beyond N in which CloudWatch looks for datapoints, in its user guide's examples.
const FURTHER_BACK: u32 = 2;
/// Firings whose instants are told.
const TOLD: usize = 20;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Ok,
    Alarm,
}

/// Judges `points` (start of the period in Unix seconds, value) from `from` up to and without `until`. What is no number is no
/// datapoint.
pub fn firings(trial: Trial, points: &[(i64, f64)], from: Timestamp, until: Timestamp) -> Firings {
    let period = i64::from(trial.period_seconds.max(1));
    let values: BTreeMap<i64, f64> = points
        .iter()
        .filter(|(_, value)| value.is_finite())
        .map(|(at, value)| (at.div_euclid(period) * period, *value))
        .collect();
    // Whole periods: from the first that begins in the span to the last that ends in it.
    let first = from.as_second().div_euclid(period) * period
        + if from.as_second().rem_euclid(period) == 0 { 0 } else { period };
    let ends = (first + period..=until.as_second()).step_by(usize::try_from(period).unwrap_or(usize::MAX));
    let mut firings = Firings::default();
    let mut state = State::Ok;
    for end in ends {
        let start = end - period;
        firings.periods += 1;
        if let Some(value) = values.get(&start) {
            firings.datapoints += 1;
            firings.breaches += usize::from(breaches(trial, *value));
        }
        let before = state;
        state = judge(trial, &values, (first, start), state);
        if state == State::Alarm {
            firings.minutes_in_alarm += u64::from(trial.period_seconds);
            if before == State::Ok {
                firings.fired += 1;
                firings.at.extend(Timestamp::from_second(end).ok().filter(|_| firings.at.len() < TOLD));
            }
        }
    }
    firings.minutes_in_alarm /= 60;
    firings
}

fn breaches(trial: Trial, value: f64) -> bool {
    match trial.comparison {
        Comparison::Above => value > trial.threshold,
        Comparison::AtOrAbove => value >= trial.threshold,
        Comparison::Below => value < trial.threshold,
        Comparison::AtOrBelow => value <= trial.threshold,
    }
}

/// The state after the period that starts at `newest`; nothing is known before `first`.
fn judge(trial: Trial, values: &BTreeMap<i64, f64>, (first, newest): (i64, i64), state: State) -> State {
    let period = i64::from(trial.period_seconds.max(1));
    let (needed, wanted) = (trial.datapoints_to_alarm.max(1), trial.evaluation_periods.max(1));
    let oldest = (newest - i64::from(wanted + FURTHER_BACK - 1) * period).max(first);
    let (mut real, mut breaching) = (0, 0);
    for value in values.range(oldest..=newest).rev().take(wanted as usize).map(|(_, value)| *value) {
        real += 1;
        breaching += u32::from(breaches(trial, value));
    }
    let absent = wanted - real;
    if breaching >= needed || (trial.missing_data == MissingData::Breaching && breaching + absent >= needed) {
        return State::Alarm;
    }
    // Every datapoint that there is breaches, and there are too few to be sure.
    let unsure = absent > 0 && breaching == real;
    match trial.missing_data {
        MissingData::Missing if unsure && real > 0 => State::Alarm,
        MissingData::Ignore if unsure => state,
        _ => State::Ok,
    }
}

/// The span that a preview looks at: whole hours, a week up to `now`.
pub fn week_before(now: Timestamp) -> (Timestamp, Timestamp) {
    let hour = now.as_second().div_euclid(3600) * 3600;
    let until = Timestamp::from_second(hour).unwrap_or(now);
    (until.checked_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(until), until)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const MISSING: [MissingData; 4] =
        [MissingData::Missing, MissingData::Ignore, MissingData::Breaching, MissingData::NotBreaching];

    fn trial(datapoints_to_alarm: u32, missing_data: MissingData) -> Trial {
        Trial {
            comparison: Comparison::Above,
            threshold: 50.0,
            datapoints_to_alarm,
            evaluation_periods: 3,
            period_seconds: 60,
            missing_data,
        }
    }

    /// `0` is fine, `X` breaches, `-` is absent; oldest first.
    fn points(picture: &str) -> Vec<(i64, f64)> {
        let marks = picture.chars().enumerate().filter(|(_, mark)| *mark != '-');
        marks.map(|(index, mark)| (index as i64 * 60, if mark == 'X' { 99.0 } else { 1.0 })).collect()
    }

    fn over(periods: usize) -> (Timestamp, Timestamp) {
        (Timestamp::UNIX_EPOCH, Timestamp::from_second(periods as i64 * 60).unwrap())
    }

    /// The user guide's tables: what follows for missing, ignore, breaching, notBreaching; `A`larm, `O`k, `R`etained.
    #[rstest]
    #[case::all_of_three(3, "0-X-X", "OOOO")]
    #[case::fine_and_few(3, "----0", "OOOO")]
    #[case::nothing(3, "-----", "ORAO")]
    #[case::enough_further_back(3, "0XX-X", "AAAA")]
    #[case::breaching_and_few(3, "--X--", "ARAO")]
    #[case::two_of_three(2, "0-X-X", "AAAA")]
    #[case::two_of_three_fine(2, "00X0X", "AAAA")]
    #[case::two_of_three_few(2, "0-X--", "OOAO")]
    #[case::two_of_three_one_fine(2, "----0", "OOAO")]
    #[case::two_of_three_one_breaching(2, "---X-", "ARAO")]
    fn missing_data_counts_as_the_user_guide_says(#[case] m: u32, #[case] picture: &str, #[case] expected: &str) {
        for (missing, expected) in MISSING.into_iter().zip(expected.chars()) {
            let values = points(picture).into_iter().collect();
            let after = |before| judge(trial(m, missing), &values, (0, 4 * 60), before) == State::Alarm;
            let told = match (after(State::Ok), after(State::Alarm)) {
                (true, true) => 'A',
                (false, false) => 'O',
                (false, true) => 'R',
                (true, false) => '?',
            };
            assert_eq!(told, expected, "{picture}, {missing:?}");
        }
    }

    #[test]
    fn firings_are_counted_with_their_instants_and_minutes() {
        let (from, until) = over(12);
        let told = firings(trial(2, MissingData::NotBreaching), &points("00XX000XXX00"), from, until);
        assert_eq!((told.fired, told.breaches, told.datapoints, told.periods), (2, 5, 12, 12));
        let at: Vec<i64> = told.at.iter().map(|at| at.as_second()).collect();
        assert_eq!(at, [4 * 60, 9 * 60], "at the end of the second breaching period of three");
        assert_eq!(told.minutes_in_alarm, 2 + 3);
    }

    #[test]
    fn a_low_threshold_fires_once_and_stays() {
        let (from, until) = over(10);
        let told =
            firings(Trial { threshold: -1.0, ..trial(1, MissingData::Missing) }, &points("0000000000"), from, until);
        assert_eq!((told.fired, told.minutes_in_alarm), (1, 10));
    }

    #[test]
    fn what_is_no_number_is_no_datapoint_and_an_empty_span_is_empty() {
        let (from, until) = over(3);
        let told = firings(trial(1, MissingData::NotBreaching), &[(0, f64::NAN), (60, f64::INFINITY)], from, until);
        assert_eq!((told.datapoints, told.fired, told.periods), (0, 0, 3));
        assert_eq!(firings(trial(1, MissingData::Breaching), &[], until, from), Firings::default());
    }

    proptest::proptest! {
        #[test]
        fn a_stricter_threshold_never_fires_for_less(values in proptest::collection::vec(0.0_f64..100.0, 0..200), low in 0.0_f64..100.0, by in 0.0_f64..50.0) {
            let points: Vec<(i64, f64)> = values.iter().enumerate().map(|(index, value)| (index as i64 * 60, *value)).collect();
            let (from, until) = over(points.len());
            let at = |threshold| firings(Trial { threshold, ..trial(2, MissingData::NotBreaching) }, &points, from, until);
            let (loose, strict) = (at(low + by), at(low));
            proptest::prop_assert!(loose.breaches <= strict.breaches && loose.minutes_in_alarm <= strict.minutes_in_alarm);
            proptest::prop_assert!(strict.fired <= strict.breaches && strict.minutes_in_alarm <= strict.periods as u64);
        }
    }
}
