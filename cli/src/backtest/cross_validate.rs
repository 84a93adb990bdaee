//! How far the choice of numbers carries: they are chosen again on a part of the labelled set and scored on the rest.
//!
//! The candidates are drawn at random from wide ranges, never from near what ships, which was chosen on all files. The choosing and the
//! scoring both use the product's own threshold: no threshold is found in hindsight.

use std::collections::BTreeSet;
use std::path::Path;

use nightjar_model::evaluation::windows::{LOW_FALSE_ALARMS, LOW_MISSES, Profile, STANDARD, Tally, tally};
use nightjar_model::synthetic::Noise;
use nightjar_model::{Config, Detector, MEMBERS, Member as M, Model, SeriesState, Verdict};
use serde::Serialize;

use super::labelled::{self, Case};
use super::{BacktestArgs, print};
use crate::output::table;

const PROFILES: [Profile; 3] = [STANDARD, LOW_FALSE_ALARMS, LOW_MISSES];
const CANDIDATES: usize = 600;
const HALVES: usize = 40;

/// One profile's tally per file.
type Scored = Vec<[Tally; 3]>;

#[derive(Debug, Serialize)]
struct Line {
    what: String,
    standard: f64,
    low_fp: f64,
    low_fn: f64,
    /// The tenth and the ninetieth of a hundred, standard profile.
    standard_from: f64,
    standard_to: f64,
}

pub(super) fn run(model: &Model, data: &Path, labels: &Path, args: &BacktestArgs) -> anyhow::Result<()> {
    let cases = labelled::load(data, labels, args.period)?;
    let traced: Vec<Vec<_>> = cases.iter().map(|case| trace(model, case)).collect();
    let score = |config: Config| -> Scored {
        let detector = Detector::with_config(model, config);
        let files = cases.iter().zip(&traced);
        files
            .map(|(case, rows)| {
                let file = case.labelled(detector.rescore(case.series.period_seconds, rows));
                PROFILES.map(|profile| tally([&file], &profile, Config::default().alert_at))
            })
            .collect()
    };
    let shipped = score(Config::default());
    let mut noise = Noise::new(20);
    let candidates: Vec<Scored> = (0..CANDIDATES).map(|_| score(candidate(&mut noise))).collect();

    let halves = halves(cases.len(), &mut noise);
    let chosen = |train: &[usize]| {
        let best = candidates.iter().max_by(|a, b| worth(a, train).total_cmp(&worth(b, train)));
        best.unwrap_or(&shipped)
    };
    let mut lines = vec![
        line("chosen anew on a half, on that half", halves.iter().map(|(train, _)| totals(chosen(train), train))),
        line(
            "chosen anew on a half, on the other half",
            halves.iter().map(|(train, rest)| totals(chosen(train), rest)),
        ),
        line("as it ships, on the same other halves", halves.iter().map(|(_, rest)| totals(&shipped, rest))),
    ];
    let categories: BTreeSet<&str> = cases.iter().map(Case::category).collect();
    let mut unseen: Scored = Vec::new();
    for category in categories {
        let (rest, train): (Vec<usize>, Vec<usize>) =
            (0..cases.len()).partition(|&file| cases[file].category() == category);
        let chosen = chosen(&train);
        unseen.extend(rest.iter().map(|&file| chosen[file]));
        if rest.iter().any(|&file| chosen[file][0].windows > 0) {
            lines.push(line(&format!("chosen without {category}, on it"), [totals(chosen, &rest)]));
        }
    }
    let all: Vec<usize> = (0..cases.len()).collect();
    lines.push(line("every category as scored unseen, together", [totals(&unseen, &all)]));
    lines.push(line("as it ships, on all files", [totals(&shipped, &all)]));
    if !args.json {
        let figure = |figure: f64| format!("{figure:.2}");
        let rows = lines.iter().map(|line| {
            let spread = format!("{:.1} to {:.1}", line.standard_from, line.standard_to);
            [line.what.clone(), figure(line.standard), figure(line.low_fp), figure(line.low_fn), spread]
        });
        print(&table(&["numbers", "standard", "low FP", "low FN", "standard, 10 % to 90 %"], rows))?;
    }
    print(&serde_json::to_string(&lines)?)
}

/// What the members said of each row that was judged.
fn trace(model: &Model, case: &Case) -> Vec<(i64, Option<[f32; MEMBERS]>)> {
    let detector = Detector::new(model);
    let mut state = SeriesState::new(case.series.period_seconds);
    let mut row = |point: &nightjar_model::Datapoint| {
        let (observation, surprises) = detector.observe_traced(&mut state, *point);
        let judged = matches!(observation.verdict, Verdict::Normal | Verdict::Anomalous(_));
        (point.at, judged.then_some(surprises))
    };
    case.series.points.iter().map(&mut row).collect()
}

/// Numbers from wide ranges.
fn candidate(noise: &mut Noise) -> Config {
    let mut config = Config::default();
    let mut even = |from: f64, to: f64| (from + (to - from) * noise.uniform()) as f32;
    let tuning = &mut config.tuning;
    tuning.weights = [0.0; MEMBERS];
    let rhythm = 10.0_f32.powf(even(-1.0, 0.0));
    for member in [M::RhythmNow, M::RhythmHour, M::RhythmThreeHours] {
        tuning.weights[member.index()] = rhythm;
    }
    let decades = [
        (M::ShapeHalfHour, -0.3, 0.7),
        (M::ShapeTwoHours, -1.3, 0.0),
        (M::ShapeFourHours, -1.0, 0.0),
        (M::ShapeSixHours, -0.3, 0.7),
        (M::Forest, -1.0, 0.0),
    ];
    for (member, from, to) in decades {
        tuning.weights[member.index()] = 10.0_f32.powf(even(from, to));
    }
    tuning.absent = even(0.1, 1.0);
    tuning.novelty = even(1.6, 2.6);
    tuning.novelty_weight = even(0.5, 3.0);
    tuning.bar = even(0.7, 1.3);
    config.policy.cooldown_seconds = (3_600.0 * 10.0_f32.powf(even(0.3, 1.4))) as i64;
    config.policy.breakthrough = even(1.0, 4.5);
    config.policy.load_weight = even(0.05, 0.4);
    config.policy.load_seconds = 86_400.0 * 10.0_f32.powf(even(0.5, 1.3));
    config
}

fn halves(files: usize, noise: &mut Noise) -> Vec<(Vec<usize>, Vec<usize>)> {
    (0..HALVES)
        .map(|_| {
            let mut order: Vec<usize> = (0..files).collect();
            for last in (1..files).rev() {
                order.swap(last, (noise.uniform() * (last + 1) as f64) as usize);
            }
            let rest = order.split_off(files / 2);
            (order, rest)
        })
        .collect()
}

/// The three totals of some files.
fn totals(scored: &[[Tally; 3]], files: &[usize]) -> [f64; 3] {
    std::array::from_fn(|place| {
        let tallies = || files.iter().map(|&file| &scored[file][place]);
        PROFILES[place].normalised(tallies().map(|tally| tally.raw).sum(), tallies().map(|tally| tally.windows).sum())
    })
}

/// What a choice is made by: the mean of the three profiles.
fn worth(scored: &[[Tally; 3]], files: &[usize]) -> f64 {
    totals(scored, files).iter().sum::<f64>() / 3.0
}

fn line(what: &str, figures: impl IntoIterator<Item = [f64; 3]>) -> Line {
    let figures: Vec<[f64; 3]> = figures.into_iter().collect();
    let mean = |place: usize| figures.iter().map(|figure| figure[place]).sum::<f64>() / figures.len().max(1) as f64;
    let mut standard: Vec<f64> = figures.iter().map(|figure| figure[0]).collect();
    standard.sort_by(f64::total_cmp);
    let at = |share: f64| standard.get(((standard.len().max(1) - 1) as f64 * share).round() as usize).copied();
    Line {
        what: what.to_owned(),
        standard: mean(0),
        low_fp: mean(1),
        low_fn: mean(2),
        standard_from: at(0.1).unwrap_or(f64::NAN),
        standard_to: at(0.9).unwrap_or(f64::NAN),
    }
}
