//! Figures for point-labelled series: each row is labelled normal or anomalous, neighbouring anomalous rows are one event.

/// How alerts met labelled events.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EventFigures {
    /// Labelled events: maximal runs of anomalous rows.
    pub events: usize,
    /// Events with at least one alert in them.
    pub found: usize,
    /// Rows at which an alert was raised.
    pub alerts: usize,
    /// Alerts at rows labelled anomalous.
    pub right: usize,
    /// Area under the precision-recall curve of the row scores (average precision); NaN without anomalous rows.
    pub auc_pr: f64,
}

impl EventFigures {
    /// Share of alerts that were right; 1 without alerts.
    pub fn precision(&self) -> f64 {
        if self.alerts == 0 { 1.0 } else { self.right as f64 / self.alerts as f64 }
    }

    /// Share of events that were found; 1 without events.
    pub fn recall(&self) -> f64 {
        if self.events == 0 { 1.0 } else { self.found as f64 / self.events as f64 }
    }

    /// Harmonic mean of precision and event recall.
    pub fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
    }
}

/// One row of a labelled series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The score, higher is more anomalous.
    pub score: f64,
    /// Whether an alert was raised here.
    pub alert: bool,
    /// Whether the row is labelled anomalous.
    pub anomalous: bool,
}

/// Figures of one or more series; events do not span series.
pub fn figures(series: &[Vec<Row>]) -> EventFigures {
    let mut figures = EventFigures::default();
    for rows in series {
        for event in rows.chunk_by(|a, b| a.anomalous == b.anomalous).filter(|run| run[0].anomalous) {
            figures.events += 1;
            figures.found += usize::from(event.iter().any(|row| row.alert));
        }
        figures.alerts += rows.iter().filter(|row| row.alert).count();
        figures.right += rows.iter().filter(|row| row.alert && row.anomalous).count();
    }
    figures.auc_pr = average_precision(series.iter().flatten());
    figures
}

/// Sum over thresholds of precision times the recall gained (rows of equal score enter together).
fn average_precision<'r>(rows: impl Iterator<Item = &'r Row>) -> f64 {
    let mut ranked: Vec<&Row> = rows.collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    let positives = ranked.iter().filter(|row| row.anomalous).count();
    let (mut taken, mut right, mut area) = (0_usize, 0_usize, 0.0);
    for group in ranked.chunk_by(|a, b| a.score.total_cmp(&b.score).is_eq()) {
        let gained = group.iter().filter(|row| row.anomalous).count();
        taken += group.len();
        right += gained;
        area += gained as f64 / positives as f64 * (right as f64 / taken as f64);
    }
    if positives == 0 { f64::NAN } else { area }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(score: f64, alert: bool, anomalous: bool) -> Row {
        Row { score, alert, anomalous }
    }

    #[test]
    fn an_event_is_found_once_and_every_alert_counts() {
        let rows = vec![
            row(0.1, false, false),
            row(0.9, true, true),
            row(0.8, true, true),
            row(0.7, true, false),
            row(0.2, false, true),
        ];
        let figures = figures(&[rows]);
        assert_eq!((figures.events, figures.found, figures.alerts, figures.right), (2, 1, 3, 2));
        assert!((figures.f1() - 2.0 * (2.0 / 3.0) * 0.5 / (2.0 / 3.0 + 0.5)).abs() < 1e-12);
        // Ranks: right, right, wrong, right: 1/3 · 1 + 1/3 · 1 + 1/3 · 3/4.
        assert!((figures.auc_pr - (1.0 + 1.0 + 0.75) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_labelled_and_nothing_raised_is_no_division_by_zero() {
        let figures = figures(&[vec![row(0.0, false, false)], vec![]]);
        assert_eq!((figures.precision(), figures.recall()), (1.0, 1.0));
        assert!(figures.auc_pr.is_nan());
    }

    #[test]
    fn a_score_that_knows_nothing_has_the_base_rate() {
        let rows: Vec<Row> = (0..1_000).map(|index| row(0.5, false, index % 10 == 0)).collect();
        assert!((figures(&[rows]).auc_pr - 0.1).abs() < 1e-12);
    }
}
