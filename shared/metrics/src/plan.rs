//! Which series go into one GetMetricData call, over which time. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::Wanted;

/// GetMetricData takes 500 queries a call …
const QUERIES: usize = 500;
/// … and returns 100,800 datapoints a page.
const DATAPOINTS: i64 = 100_800;
/// What a cold series learns from.
pub const HISTORY: SignedDuration = SignedDuration::from_hours(14 * 24);
/// CloudWatch publishes a period's value minutes after its end and may revise it: the newest period is left alone.
pub const LAG: SignedDuration = SignedDuration::from_mins(5);

/// One call: the indices of its series, and the span of their periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub series: Vec<usize>,
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
}

/// Splits what is new for `series` into calls. Series that need about the same span share a call: one cold series among
/// 499 warm ones would make all 500 answer with 14 days.
pub fn plan(series: &[Wanted<'_>], now: Timestamp) -> Vec<Batch> {
    let mut wanted: Vec<(Timestamp, Timestamp, i64, usize)> = series
        .iter()
        .enumerate()
        .filter_map(|(index, wanted)| {
            let period = i64::from(wanted.metric.period_seconds.max(60));
            let (from, until) = span(wanted.last_at, period, now)?;
            Some((from, until, period, index))
        })
        .collect();
    wanted.sort();

    let mut batches: Vec<Batch> = Vec::new();
    let mut datapoints = 0;
    for (from, until, period, index) in wanted {
        let points = |start: Timestamp| until.duration_since(start).as_secs() / period;
        if let Some(batch) = batches.last_mut()
            && batch.series.len() < QUERIES
            && points(batch.from) <= 2 * points(from) + 12
            && datapoints + points(batch.from) <= DATAPOINTS
        {
            datapoints += points(batch.from);
            batch.series.push(index);
            batch.until = batch.until.max(until);
        } else {
            datapoints = points(from);
            batches.push(Batch { series: vec![index], from, until });
        }
    }
    batches
}

/// From the period after the newest known one to the newest complete one; `None` when nothing can be new.
fn span(last_at: Option<Timestamp>, period: i64, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let newest_end = floor(now.checked_sub(LAG).ok()?, period)?;
    let oldest = floor(now.checked_sub(HISTORY).ok()?, period)?;
    let from = match last_at {
        Some(last) => Timestamp::from_second(last.as_second() + period).ok()?.max(oldest),
        None => oldest,
    };
    (from < newest_end).then_some((from, newest_end))
}

/// The start of the period that `at` lies in.
fn floor(at: Timestamp, period: i64) -> Option<Timestamp> {
    Timestamp::from_second(at.as_second().div_euclid(period) * period).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jiff::Timestamp;
    use nightjar_domain::metric::Metric;
    use nightjar_testkit::{at, metric};

    use super::*;

    static METRIC: LazyLock<Metric> = LazyLock::new(metric);

    fn wanted(last_at: Option<Timestamp>) -> Wanted<'static> {
        Wanted { metric: &METRIC, last_at }
    }
    #[test]
    fn only_complete_new_periods_are_asked_for() {
        let batches = plan(&[wanted(Some(at("2026-11-21T09:45:00Z")))], at("2026-11-21T10:07:30Z"));
        let expected = Batch { series: vec![0], from: at("2026-11-21T09:50:00Z"), until: at("2026-11-21T10:00:00Z") };
        assert_eq!(batches, [expected]);
    }

    #[test]
    fn nothing_is_asked_for_while_nothing_can_be_new() {
        assert_eq!(plan(&[wanted(Some(at("2026-11-21T09:55:00Z")))], at("2026-11-21T10:04:00Z")), []);
    }

    #[test]
    fn a_cold_series_asks_for_fourteen_days_and_not_on_behalf_of_the_warm_ones() {
        let now = at("2026-11-21T10:07:30Z");
        let mut series = vec![wanted(Some(at("2026-11-21T09:50:00Z"))); 10];
        series.push(wanted(None));
        let batches = plan(&series, now);
        assert_eq!(batches.iter().map(|batch| batch.series.len()).collect::<Vec<_>>(), [1, 10]);
        assert_eq!(batches[0].until.duration_since(batches[0].from), HISTORY - LAG);
    }

    #[test]
    fn a_call_stays_below_five_hundred_queries_and_one_page_of_datapoints() {
        let now = at("2026-11-21T10:07:30Z");
        let warm = plan(&vec![wanted(Some(at("2026-11-21T09:50:00Z"))); 1200], now);
        assert_eq!(warm.iter().map(|batch| batch.series.len()).collect::<Vec<_>>(), [500, 500, 200]);
        let cold = plan(&vec![wanted(None); 60], now);
        // 25 series × 14 days of 5-minute datapoints stay just below 100,800.
        assert_eq!(cold.iter().map(|batch| batch.series.len()).collect::<Vec<_>>(), [25, 25, 10]);
    }

    proptest::proptest! {
        #[test]
        fn every_series_is_asked_for_once_and_completely(minutes in proptest::collection::vec(10_i64..30_000, 1..80)) {
            let now = at("2026-11-21T10:07:30Z");
            let series: Vec<Wanted<'_>> =
                minutes.iter().map(|m| wanted(Some(Timestamp::from_second((now.as_second() - m * 60) / 300 * 300).unwrap()))).collect();
            let batches = plan(&series, now);
            let mut asked: Vec<usize> = batches.iter().flat_map(|batch| batch.series.clone()).collect();
            asked.sort_unstable();
            let wanted: Vec<usize> = (0..series.len()).filter(|index| span(series[*index].last_at, 300, now).is_some()).collect();
            proptest::prop_assert_eq!(asked, wanted);
            for batch in &batches {
                for index in &batch.series {
                    let (from, until) = span(series[*index].last_at, 300, now).unwrap();
                    proptest::prop_assert!(batch.from <= from && until <= batch.until);
                }
            }
        }
    }
}
