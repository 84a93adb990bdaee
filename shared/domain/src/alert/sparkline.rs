//! A metric's last hours as one line of text, which every channel can show.

use crate::diagnosis::number;
use crate::evidence::RecentValues;

/// Eight heights.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Where nothing was measured: a gap is no zero.
const GAP: char = '·';

/// The chart with what its lowest and its highest bar stand for, and since when.
pub(super) fn sparkline(recent: &RecentValues) -> String {
    let known = || recent.values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    let bars: String = recent.values.iter().map(|value| value.map_or(GAP, |value| bar(value, low, high))).collect();
    if low > high {
        return format!("{bars} from {} to {}", recent.from, recent.until);
    }
    format!("{bars} {} to {}, from {} to {}", number(low), number(high), recent.from, recent.until)
}

fn bar(value: f64, low: f64, high: f64) -> char {
    if !value.is_finite() {
        return GAP;
    }
    // A line that never moved is drawn at its foot.
    let share = if high > low { (value - low) / (high - low) } else { 0.0 };
    let top = BARS.len() - 1;
    let height = if share.is_finite() { (share * top as f64).round() as usize } else { top };
    BARS.get(height.min(top)).copied().unwrap_or(GAP)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn drawn(values: &[Option<f64>]) -> String {
        let at = |text: &str| text.parse().unwrap();
        let recent = RecentValues {
            from: at("2026-11-21T04:00:00Z"),
            until: at("2026-11-21T10:00:00Z"),
            values: values.to_vec(),
        };
        sparkline(&recent).split(' ').next().unwrap_or_default().to_owned()
    }

    #[rstest]
    #[case::rising(&[Some(0.0), Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0), Some(6.0), Some(7.0)], "▁▂▃▄▅▆▇█")]
    #[case::one_peak(&[Some(24.0), Some(25.0), Some(97.0)], "▁▁█")]
    #[case::below_zero(&[Some(-10.0), Some(0.0), Some(10.0)], "▁▅█")]
    #[case::a_gap(&[Some(1.0), None, Some(2.0)], "▁·█")]
    #[case::flat(&[Some(3.0), Some(3.0)], "▁▁")]
    #[case::not_a_number(&[Some(f64::NAN), Some(1.0), Some(2.0)], "·▁█")]
    #[case::the_widest_range(&[Some(f64::MIN), Some(f64::MAX)], "▁█")]
    #[case::nothing(&[None, None], "··")]
    fn heights(#[case] values: &[Option<f64>], #[case] expected: &str) {
        assert_eq!(drawn(values), expected);
    }
}
