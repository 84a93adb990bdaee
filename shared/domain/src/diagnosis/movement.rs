//! Whether a metric moved, and when, judged against its own preceding hours. Pure arithmetic.

use jiff::{SignedDuration, Timestamp};

use crate::anomaly::Anomaly;
use crate::evidence::MetricMove;
use crate::metric::Metric;

/// Points before the onset that are needed to say what is usual.
const ENOUGH: usize = 6;
/// Beyond this robust z a value has left its band.
const MOVED: f64 = 5.0;
/// 1 / Φ⁻¹(3/4): makes the median absolute deviation comparable to a standard deviation (Hampel 1974).
const MAD_TO_SIGMA: f64 = 1.4826;
/// The least spread assumed, as a share of the median: a flat line's smallest wobble is no event.
const LEAST_SPREAD: f64 = 0.02;

/// How long before the anomaly another metric may have moved first.
const LEAD: SignedDuration = SignedDuration::from_mins(45);

/// Until when everything is taken to have been as usual.
pub fn calm_until(anomaly: &Anomaly) -> Timestamp {
    anomaly.window_start - LEAD
}

/// Judges `points` (in any order) against those before `calm_until`. `None` without enough of either.
pub fn movement(
    metric: &Metric,
    points: &[(Timestamp, f64)],
    calm_until: Timestamp,
    until: Timestamp,
) -> Option<MetricMove> {
    let mut points: Vec<_> = points.iter().copied().filter(|(_, value)| value.is_finite()).collect();
    points.sort_by_key(|point| point.0);
    let calm: Vec<f64> = points.iter().filter(|(at, _)| *at < calm_until).map(|point| point.1).collect();
    let during: Vec<_> = points.iter().filter(|(at, _)| (calm_until..until).contains(at)).collect();
    if calm.len() < ENOUGH || during.is_empty() {
        return None;
    }
    let usual = median(calm.clone());
    let deviation = median(calm.iter().map(|value| (value - usual).abs()).collect());
    // A metric that was always zero has no scale of its own; one is the smallest unit of a count.
    let least = if usual == 0.0 { 0.2 } else { usual.abs() * LEAST_SPREAD };
    let spread = (deviation * MAD_TO_SIGMA).max(least);
    let z = |value: f64| (value - usual) / spread;
    let farthest = during.iter().max_by(|a, b| z(a.1).abs().total_cmp(&z(b.1).abs()))?;
    let moved_at = during.iter().find(|(_, value)| z(*value).abs() >= MOVED).map(|(at, _)| *at);
    Some(MetricMove { metric: metric.clone(), usual, during: farthest.1, z: z(farthest.1), moved_at })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle), middle.checked_sub(1).and_then(|below| values.get(below))) {
        (0, Some(above), Some(below)) => f64::midpoint(*above, *below),
        (_, Some(value), _) => *value,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn metric() -> Metric {
        Metric {
            namespace: "AWS/EC2".to_owned(),
            name: "NetworkIn".to_owned(),
            dimensions: BTreeMap::new(),
            statistic: "Average".to_owned(),
            period_seconds: 300,
            scope: None,
        }
    }

    fn at(index: usize) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + index as i64 * 300).unwrap()
    }

    fn moved(values: &[f64], calm: usize) -> Option<MetricMove> {
        let points: Vec<_> = values.iter().enumerate().map(|(index, value)| (at(index), *value)).collect();
        movement(&metric(), &points, at(calm), at(values.len()))
    }

    #[test]
    fn a_jump_is_seen_with_its_time() {
        let found = moved(&[10.0, 11.0, 9.0, 10.0, 10.5, 9.5, 10.0, 40.0], 6).unwrap();
        assert_eq!((found.usual, found.during, found.moved_at), (10.0, 40.0, Some(at(7))));
        assert!(found.z > 20.0);
    }

    #[rstest::rstest]
    #[case::as_usual(&[10.0, 11.0, 9.0, 10.0, 10.5, 9.5, 11.0], 6)]
    #[case::flat_with_a_wobble(&[100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 101.0], 6)]
    #[case::always_zero(&[0.0; 8], 6)]
    fn what_stays_has_not_moved(#[case] values: &[f64], #[case] calm: usize) {
        assert_eq!(moved(values, calm).unwrap().moved_at, None);
    }

    #[test]
    fn a_check_that_fails_for_the_first_time_has_moved() {
        assert!(moved(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 6).unwrap().moved_at.is_some());
    }

    #[rstest::rstest]
    #[case::too_few(&[1.0, 2.0, 3.0], 2)]
    #[case::nothing_during(&[1.0; 6], 6)]
    #[case::no_numbers(&[f64::NAN; 9], 6)]
    fn too_little_is_no_verdict(#[case] values: &[f64], #[case] calm: usize) {
        assert_eq!(moved(values, calm), None);
    }

    proptest::proptest! {
        #[test]
        fn no_series_gives_nonsense(values in proptest::collection::vec(-1e12_f64..1e12, 0..60), calm in 0_usize..60) {
            if let Some(found) = moved(&values, calm) {
                proptest::prop_assert!(found.z.is_finite() && found.usual.is_finite());
            }
        }
    }
}
