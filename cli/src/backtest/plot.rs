//! Value, expected range and anomalies as one SVG, no wider than a screen.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use super::read::Series;
use super::replay::{Replay, is_alert};

const WIDTH: f64 = 1_200.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 28.0;
const BOTTOM: f64 = 34.0;

/// At most this many columns are drawn; each shows the least and the greatest value of its rows.
const COLUMNS: usize = 1_100;

pub(super) fn write(series: &Series, replay: &Replay, path: &Path) -> anyhow::Result<()> {
    std::fs::write(path, svg(series, replay)).with_context(|| format!("{} cannot be written", path.display()))
}

/// Maps times and values to the drawing.
struct Scale {
    from: i64,
    until: i64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(series: &Series) -> Self {
        let values = || series.points.iter().map(|point| point.value).filter(|value| value.is_finite());
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = if low < high { (low, high) } else { (low.min(0.0) - 1.0, low.max(0.0) + 1.0) };
        let from = series.points.iter().map(|point| point.at).min().unwrap_or(0);
        let until = series.points.iter().map(|point| point.at).max().unwrap_or(1);
        let margin = 0.05 * (high - low);
        Self { from, until: until.max(from + 1), low: low - margin, high: high + margin }
    }

    fn x(&self, at: i64) -> f64 {
        LEFT + (at - self.from) as f64 / (self.until - self.from) as f64 * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }
}

fn svg(series: &Series, replay: &Replay) -> String {
    let scale = Scale::of(series);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    axes(&mut out, &scale);
    band(&mut out, series, replay, &scale);
    values(&mut out, series, &scale);
    alerts(&mut out, series, replay, &scale);
    out.push_str("</svg>\n");
    out
}

fn axes(out: &mut String, scale: &Scale) {
    for step in 0..=4 {
        let value = scale.low + (scale.high - scale.low) * f64::from(step) / 4.0;
        let y = scale.y(value);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"#e4e4e4\"/>",
            WIDTH - RIGHT
        );
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            short(value)
        );
        let at = scale.from + (scale.until - scale.from) * i64::from(step) / 4;
        let anchor = ["start", "middle", "middle", "middle", "end"][step as usize];
        let day =
            Timestamp::from_second(at).map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"#555\">{day}</text>",
            scale.x(at),
            HEIGHT - 12.0
        );
    }
    let legend = [("#4878a8", "value"), ("#bcd3e8", "expected"), ("#c8322b", "anomaly")];
    for (index, (colour, name)) in legend.into_iter().enumerate() {
        let x = LEFT + 90.0 * index as f64;
        let _ = writeln!(out, "<rect x=\"{x}\" y=\"9\" width=\"14\" height=\"8\" fill=\"{colour}\"/>");
        let _ = writeln!(out, "<text x=\"{}\" y=\"17\" fill=\"#333\">{name}</text>", x + 19.0);
    }
}

fn columns(rows: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let width = rows.div_ceil(COLUMNS).max(1);
    (0..rows).step_by(width).map(move |start| start..(start + width).min(rows))
}

fn band(out: &mut String, series: &Series, replay: &Replay, scale: &Scale) {
    let (mut upper, mut lower) = (String::new(), Vec::new());
    for rows in columns(series.points.len()) {
        let expected = || replay.observations[rows.clone()].iter().filter_map(|one| one.expected);
        let high = expected().map(|range| range.high).fold(f64::NEG_INFINITY, f64::max);
        let low = expected().map(|range| range.low).fold(f64::INFINITY, f64::min);
        if low <= high {
            let x = scale.x(series.points[rows.start].at);
            let _ = write!(upper, "{x:.1},{:.1} ", scale.y(high));
            lower.push(format!("{x:.1},{:.1}", scale.y(low)));
        }
    }
    lower.reverse();
    let _ = writeln!(out, "<polygon points=\"{upper}{}\" fill=\"#bcd3e8\" fill-opacity=\"0.7\"/>", lower.join(" "));
}

fn values(out: &mut String, series: &Series, scale: &Scale) {
    let mut line = String::new();
    for rows in columns(series.points.len()) {
        let finite = || series.points[rows.clone()].iter().map(|point| point.value).filter(|value| value.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        if low <= high {
            let x = scale.x(series.points[rows.start].at);
            let _ = write!(line, "{x:.1},{:.1} {x:.1},{:.1} ", scale.y(low), scale.y(high));
        }
    }
    let _ = writeln!(out, "<polyline points=\"{line}\" fill=\"none\" stroke=\"#4878a8\" stroke-width=\"1\"/>");
}

fn alerts(out: &mut String, series: &Series, replay: &Replay, scale: &Scale) {
    for (point, _) in series.points.iter().zip(&replay.observations).filter(|(_, one)| is_alert(one)) {
        let (x, y) = (scale.x(point.at), scale.y(point.value));
        let _ = writeln!(
            out,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{}\" stroke=\"#c8322b\" stroke-opacity=\"0.35\"/>",
            HEIGHT - BOTTOM
        );
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#c8322b\"/>");
    }
}

fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-2..1e6).contains(&size) { format!("{value:.2e}") } else { format!("{value:.2}") }
}
