//! Time, not rows: one process, sampled every minute, 5 minutes, 15 minutes and hour, is judged alike.
//!
//! The measure: a healthy process is made at one minute, an incident of six hours (three to four times its level) is put into its
//! twelfth day, and the process is averaged to each period, as CloudWatch does. At every period the incident must be found, by an
//! alert no later than one hour plus two periods after it began; and over the days before it, the number of alerts at two
//! periods may differ by no more than three (a bar every rare event near the bar crosses at one sampling and not at another).

use nightjar_model::synthetic::healthy;
use nightjar_model::{Datapoint, Detector, Model, SeriesState, Verdict};

const FROM: i64 = 1_700_006_400;
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
const PERIODS: [i64; 4] = [60, 300, 900, 3_600];

fn incident(seed: u64) -> (i64, i64) {
    let start = FROM + 12 * DAY + (seed as i64 % 12) * 2 * 3_600;
    (start, start + 6 * 3_600)
}

/// A fortnight at one minute, with its incident.
fn process(seed: u64) -> Vec<f64> {
    let (start, end) = incident(seed);
    let series = healthy(3 * seed + 1, MINUTE as u32, FROM, 14);
    let mean = series.points.iter().map(|point| point.value).sum::<f64>() / series.points.len() as f64;
    let added = |at: i64| if (start..end).contains(&at) { 3.0 * mean } else { 0.0 };
    series.points.iter().map(|point| point.value + added(point.at)).collect()
}

fn sampled(process: &[f64], period: i64) -> Vec<Datapoint> {
    let rows = (period / MINUTE) as usize;
    let mean = |chunk: &[f64]| chunk.iter().sum::<f64>() / chunk.len() as f64;
    let chunks = process.chunks_exact(rows).enumerate();
    chunks.map(|(index, chunk)| Datapoint { at: FROM + index as i64 * period, value: mean(chunk) }).collect()
}

fn alerts(points: &[Datapoint], period: i64) -> Vec<i64> {
    let detector = Detector::new(Model::bundled());
    let mut state = SeriesState::new(period as u32);
    let mut judge = |point: &Datapoint| matches!(detector.observe(&mut state, *point).verdict, Verdict::Anomalous(_));
    points.iter().filter_map(|point| judge(point).then_some(point.at)).collect()
}

#[test]
fn one_process_is_judged_alike_at_every_period() {
    let mut widest = 0;
    for seed in 0..12 {
        let process = process(seed);
        let (start, end) = incident(seed);
        let before = PERIODS.map(|period| {
            let alerts = alerts(&sampled(&process, period), period);
            let found = alerts.iter().find(|&&at| at + period > start && at < end);
            let delay = found.map(|at| at - start);
            assert!(
                delay.is_some_and(|delay| delay <= 3_600 + 2 * period),
                "seed {seed}, period {period}: {delay:?} {alerts:?}"
            );
            alerts.iter().filter(|&&at| at + period <= start).count()
        });
        // From five minutes on the rows are the slots. At a minute there is more to see, and short bursts are told of.
        let difference = before[1..].iter().max().unwrap_or(&0) - before[1..].iter().min().unwrap_or(&0);
        println!("seed {seed}: alerts before the incident at {PERIODS:?} s: {before:?}");
        assert!(difference <= 3, "seed {seed}: {before:?}");
        assert!(before[0] <= 12 / 2 + before[1], "seed {seed}: more than one alert in two days that only minutes show");
        widest = widest.max(difference);
    }
    println!("widest difference: {widest}");
}
