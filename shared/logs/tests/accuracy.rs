//! The grouping accuracy on generated logs must not fall.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, missing_docs)]

#[path = "../samples/mod.rs"]
mod samples;

use nightjar_logs::{HeaderModel, Miner, MinerOptions, TemplateId};

fn groups(lines: &[String]) -> Vec<u32> {
    let headers = HeaderModel::learn(lines.iter().map(String::as_str));
    let mut miner = Miner::new(MinerOptions::default());
    let ids: Vec<TemplateId> =
        lines.iter().map(|line| miner.observe(&line[headers.split(line).message_at..])).collect();
    miner.refine();
    ids.into_iter().map(|id| miner.current(id).0).collect()
}

#[test]
fn lines_of_one_statement_are_together_with_and_without_headers() {
    let (mut raw, mut content, mut kinds) = (0.0, 0.0, 0.0);
    for sample in samples::all(2_000, 7) {
        raw += samples::grouping_accuracy(&groups(&sample.raw), &sample.truth);
        content += samples::grouping_accuracy(&groups(&sample.content), &sample.truth);
        kinds += 1.0;
    }
    assert!(kinds >= 16.0);
    assert!(raw / kinds >= 0.95, "whole lines: {:.3}", raw / kinds);
    assert!(content / kinds >= 0.95, "messages alone: {:.3}", content / kinds);
}
