//! The score of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015; <https://github.com/numenta/NAB>), vectorised:
//! early detections inside a labelled window earn most, alarms outside cost, one threshold serves all files.

/// The worth of hits, misses and false alarms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// The name reports use.
    pub name: &'static str,
    /// What a window detected at its first row earns.
    pub hit: f64,
    /// What a window without an alarm costs.
    pub miss: f64,
    /// What an alarm far from any window costs.
    pub false_alarm: f64,
}

/// The benchmark's standard profile.
pub const STANDARD: Profile = Profile { name: "standard", hit: 1.0, miss: 1.0, false_alarm: 0.11 };
/// False alarms cost twice as much.
pub const LOW_FALSE_ALARMS: Profile = Profile { name: "low_fp", hit: 1.0, miss: 1.0, false_alarm: 0.22 };
/// Misses cost twice as much.
pub const LOW_MISSES: Profile = Profile { name: "low_fn", hit: 1.0, miss: 2.0, false_alarm: 0.11 };

/// One file's scores and the rows of its windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// One score per row.
    pub scores: Vec<f64>,
    /// First and last row of each window, in order, not overlapping.
    pub windows: Vec<(usize, usize)>,
}

/// What one row is worth if it is an alarm, in units of a profile's `hit` or `false_alarm`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Worth {
    Hit { window: usize, value: f64 },
    FalseAlarm { cost: f64 },
}

/// A total and the threshold that reaches it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Normalised: silence is 0, perfection 100.
    pub total: f64,
    /// An alarm is a score at or above this; infinite where silence is best.
    pub threshold: f64,
}

/// Counts and total at a given threshold.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// Normalised total; 0 for a set without windows and alarms.
    pub total: f64,
    /// Windows with at least one alarm.
    pub hits: usize,
    /// Windows.
    pub windows: usize,
    /// Rows that are alarms outside all windows.
    pub false_alarms: usize,
    /// Un-normalised sum.
    pub raw: f64,
}

/// Rows at the start of a file that may train and are not scored.
pub fn probationary_rows(rows: usize) -> usize {
    (rows * 15 / 100).min(750)
}

fn sigmoid(y: f64) -> f64 {
    if y > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * y).exp()) - 1.0 }
}

impl Labelled {
    fn worth(&self, row: usize) -> Worth {
        let before = self.windows.partition_point(|&(first, _)| first <= row);
        let Some(&(first, last)) = before.checked_sub(1).and_then(|index| self.windows.get(index)) else {
            return Worth::FalseAlarm { cost: 1.0 };
        };
        let rows = (last - first + 1) as f64;
        if row <= last {
            let y = -((last - row + 1) as f64) / rows;
            Worth::Hit { window: before - 1, value: sigmoid(y) / sigmoid(-1.0) }
        } else {
            let y = (row - last) as f64 / (rows - 1.0).max(1.0);
            Worth::FalseAlarm { cost: -sigmoid(y) }
        }
    }

    fn scored_rows(&self) -> std::ops::Range<usize> {
        probationary_rows(self.scores.len())..self.scores.len()
    }
}

/// The best total over all thresholds, as the benchmark's optimiser finds it.
pub fn best(files: &[Labelled], profile: &Profile) -> Best {
    let mut rows: Vec<(f64, usize, usize)> = files
        .iter()
        .enumerate()
        .flat_map(|(file, labelled)| {
            labelled
                .scored_rows()
                .filter(|&row| labelled.scores[row] > 0.0)
                .map(move |row| (labelled.scores[row], file, row))
        })
        .collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let windows: usize = files.iter().map(|file| file.windows.len()).sum();
    let mut best_in_window: Vec<Vec<f64>> =
        files.iter().map(|file| vec![f64::NEG_INFINITY; file.windows.len()]).collect();
    let mut raw = -profile.miss * windows as f64;
    let mut best = Best { total: 0.0, threshold: f64::INFINITY };
    for (index, &(score, file, row)) in rows.iter().enumerate() {
        match files[file].worth(row) {
            Worth::FalseAlarm { cost } => raw -= profile.false_alarm * cost,
            Worth::Hit { window, value } => {
                let known = &mut best_in_window[file][window];
                if *known == f64::NEG_INFINITY {
                    raw += profile.miss + profile.hit * value;
                    *known = value;
                } else if value > *known {
                    raw += profile.hit * (value - *known);
                    *known = value;
                }
            }
        }
        let last_of_its_score = rows.get(index + 1).is_none_or(|next| next.0 < score);
        let total = profile.normalised(raw, windows);
        if last_of_its_score && total > best.total {
            best = Best { total, threshold: score };
        }
    }
    best
}

/// What a given threshold yields.
pub fn tally<'a>(files: impl IntoIterator<Item = &'a Labelled>, profile: &Profile, threshold: f64) -> Tally {
    let mut tally = Tally::default();
    for file in files {
        let mut best: Vec<Option<f64>> = vec![None; file.windows.len()];
        for row in file.scored_rows().filter(|&row| file.scores[row] >= threshold) {
            match file.worth(row) {
                Worth::FalseAlarm { cost } => {
                    tally.false_alarms += 1;
                    tally.raw -= profile.false_alarm * cost;
                }
                Worth::Hit { window, value } => {
                    best[window] = Some(best[window].map_or(value, |known| known.max(value)));
                }
            }
        }
        tally.windows += best.len();
        tally.hits += best.iter().flatten().count();
        tally.raw += best.iter().map(|value| value.map_or(-profile.miss, |value| profile.hit * value)).sum::<f64>();
    }
    tally.total = profile.normalised(tally.raw, tally.windows);
    tally
}

impl Profile {
    /// An un-normalised sum over so many windows on the scale on which silence is 0 and every window caught at its first row, without
    /// a false alarm, is 100.
    pub fn normalised(&self, raw: f64, windows: usize) -> f64 {
        if windows == 0 {
            return 100.0 * raw;
        }
        let windows = windows as f64;
        100.0 * (raw + self.miss * windows) / ((self.hit + self.miss) * windows)
    }
}
