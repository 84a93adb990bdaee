//! Which series go into one GetMetricData call, over which time. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::watch::Watch;

/// GetMetricData takes 500 queries a call …
const QUERIES: usize = 500;
/// … and returns 100,800 datapoints a page.
const DATAPOINTS: i64 = 100_800;
/// What a cold series learns from.
const HISTORY: SignedDuration = SignedDuration::from_hours(14 * 24);
/// CloudWatch publishes a period's value minutes after its end and may revise it: the newest period is left alone.
const LAG: SignedDuration = SignedDuration::from_mins(5);

/// One call: the indices of its series, and the span of their periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub series: Vec<usize>,
    pub from: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
}

/// Splits what is new for `watches` into calls. Series that need about the same span share a call: one cold series among
/// 499 warm ones would make all 500 answer with 14 days.
pub fn plan(watches: &[Watch], now: Timestamp) -> Vec<Batch> {
    let mut wanted: Vec<(Timestamp, Timestamp, i64, usize)> = watches
        .iter()
        .enumerate()
        .filter_map(|(index, watch)| {
            let period = i64::from(watch.metric.period_seconds.max(60));
            let (from, until) = span(watch.last_at(), period, now)?;
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
