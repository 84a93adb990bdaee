//! What each member and each rule is worth: the set is scored again without it. Not re-tuned in between, so that a row shows the
//! dependence of this configuration, not the best that could be had without the part.

use std::path::Path;

use nightjar_model::evaluation::windows::{LOW_FALSE_ALARMS, LOW_MISSES, Labelled, STANDARD, best, tally};
use nightjar_model::{Config, Member as M, Model};
use serde::Serialize;

use super::labelled::{self, Case};
use super::replay::Replay;
use super::{BacktestArgs, print};
use crate::output::table;

#[derive(Debug, Serialize)]
struct Line {
    without: String,
    standard: f64,
    low_fp: f64,
    low_fn: f64,
    false_alarm_rows: usize,
}

pub(super) fn run(model: &Model, data: &Path, labels: &Path, args: &BacktestArgs) -> anyhow::Result<()> {
    let cases = labelled::load(data, labels, args.period)?;
    let lines: Vec<Line> =
        variants().into_iter().map(|(without, config)| line(model, &cases, without, &config)).collect();
    if !args.json {
        let row = |line: &Line| {
            let figure = |figure: f64| format!("{figure:.2}");
            let alarms = line.false_alarm_rows.to_string();
            [line.without.clone(), figure(line.standard), figure(line.low_fp), figure(line.low_fn), alarms]
        };
        print(&table(&["without", "standard", "low FP", "low FN", "false-alarm rows"], lines.iter().map(row)))?;
    }
    print(&serde_json::to_string(&lines)?)
}

fn line(model: &Model, cases: &[Case], without: String, config: &Config) -> Line {
    let files: Vec<Labelled> =
        cases.iter().map(|case| case.labelled(Replay::run(model, config.clone(), &case.series).scores())).collect();
    let standard = best(&files, &STANDARD);
    Line {
        without,
        standard: standard.total,
        low_fp: best(&files, &LOW_FALSE_ALARMS).total,
        low_fn: best(&files, &LOW_MISSES).total,
        false_alarm_rows: tally(&files, &STANDARD, standard.threshold).false_alarms,
    }
}

/// Takes one part out.
type Change = fn(&mut Config);

/// The configuration as it ships, then with one part taken out each.
fn variants() -> Vec<(String, Config)> {
    let with = |change: &dyn Fn(&mut Config)| {
        let mut config = Config::default();
        change(&mut config);
        config
    };
    let silence =
        |members: &[M]| with(&|config| members.iter().for_each(|member| config.tuning.weights[member.index()] = 0.0));
    let groups: [(&str, &[M]); 5] = [
        ("the level members", &[M::LevelNow, M::LevelHalfHour, M::LevelTwoHours, M::LevelSixHours]),
        ("the rhythm members", &[M::RhythmNow, M::RhythmHour, M::RhythmThreeHours]),
        ("the shape members", &[M::ShapeHalfHour, M::ShapeTwoHours, M::ShapeFourHours, M::ShapeSixHours]),
        ("the forest", &[M::Forest]),
        ("all but the forest", &M::ALL[..M::ALL.len() - 1]),
    ];
    let mut variants = vec![("nothing: as it ships".to_owned(), Config::default())];
    variants.extend(groups.map(|(name, members)| (name.to_owned(), silence(members))));
    let shipped = Config::default().tuning.weights;
    for member in M::ALL.into_iter().filter(|member| shipped[member.index()] > 0.0 && *member != M::Forest) {
        variants.push((format!("{member:?}"), silence(&[member])));
    }
    let rules: [(&str, Change); 5] = [
        ("holding back what is familiar", |config| config.tuning.novelty_weight = 0.0),
        ("counted frequencies in the tails", |config| config.tuning.tails.counted = 0.0),
        ("the cool-down", |config| config.policy.cooldown_seconds = 0),
        ("breaking through a cool-down", |config| config.policy.breakthrough = f32::INFINITY),
        ("the bar that rises with the alert load", |config| config.policy.load_weight = 0.0),
    ];
    variants.extend(rules.map(|(name, change)| (name.to_owned(), with(&change))));
    variants
}
