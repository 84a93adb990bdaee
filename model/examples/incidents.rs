//! Writes the labelled development set as CSV: `cargo run -p nightjar-model --example incidents -- DIR`.
//!
//! `DIR/tune/…` is what numbers may be chosen on, `DIR/report/…` is only ever reported.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use nightjar_model::synthetic::incidents::{LabelledSeries, PARTS, Sampling, labelled};

fn main() -> ExitCode {
    let Some(directory) = std::env::args().nth(1) else {
        eprintln!("usage: incidents DIR");
        return ExitCode::FAILURE;
    };
    for (part, seeds) in PARTS {
        for (name, sampling) in [("minute", Sampling::Minute), ("hour", Sampling::Hour)] {
            let folder = Path::new(&directory).join(part).join(name);
            let written = std::fs::create_dir_all(&folder).and_then(|()| {
                seeds.clone().try_for_each(|seed| {
                    std::fs::write(folder.join(format!("{seed:04}.csv")), csv(&labelled(sampling, seed)))
                })
            });
            if let Err(error) = written {
                eprintln!("{}: {error}", folder.display());
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn csv(labelled: &LabelledSeries) -> String {
    let mut text = String::from("timestamp,value,label\n");
    for (point, label) in labelled.series.points.iter().zip(&labelled.labels) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{},{:.4},{}", point.at, point.value, u8::from(*label));
    }
    text
}
