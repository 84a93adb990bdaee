//! Verification asks the log lines of the incident again, and only where all else speaks for it.

use nightjar_domain::diagnosis::PatternChange;
use nightjar_remediation_engine::handler::Summary;
use nightjar_testkit::LOG_GROUP;

use crate::support::{ESCALATED, FINISHED, World, ago, open, run};

const HEALED: Summary = Summary { carried_out: 0, declined: 0, rehearsed: 0, waiting: 0, healed: 1, escalated: 0 };

/// A reboot half an hour ago, after which the metric is ordinary; the last step of its runbook.
fn rebooted() -> World {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 1, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![25.0, 24.0];
    let pattern = &mut world.incident.finding.patterns[0];
    "Out of memory: Killed process <num> (java)".clone_into(&mut pattern.template);
    LOG_GROUP.clone_into(&mut pattern.log_group);
    pattern.change = PatternChange::New;
    world
}

fn killed(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("kernel: Out of memory: Killed process 41{n} (java)")).collect()
}

#[tokio::test]
async fn ordinary_logs_let_it_be_healed() {
    let mut world = rebooted();
    world.logs = Some(vec!["kernel: Out of memory reports are off".to_owned()]);
    assert_eq!(world.sweep().await.unwrap(), HEALED);
}

#[tokio::test]
async fn the_same_lines_again_are_not_healed_whatever_the_metric_says() {
    let mut world = rebooted();
    world.logs = Some(killed(40));
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    assert_eq!(world.sns.num_calls(), 1);
}

#[tokio::test]
async fn a_few_lines_are_waited_for_and_then_are_not_healed() {
    let mut world = rebooted();
    world.logs = Some(killed(1));
    // Settled at ten minutes, waited for until forty.
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, healed: 0, ..HEALED });
    let mut world = rebooted();
    world.stored = Some(run(FINISHED, 1, ago(2400)));
    world.logs = Some(killed(1));
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
}

#[tokio::test]
async fn logs_that_are_refused_neither_heal_nor_block() {
    let mut world = rebooted();
    world.logs = None;
    assert_eq!(world.sweep().await.unwrap(), HEALED);
}

#[tokio::test]
async fn logs_are_not_asked_while_the_metric_is_abnormal() {
    let mut world = rebooted();
    world.metric = vec![97.0, 97.5];
    // Any query would fail the test: none is expected, and a refusal would be told as a gap of a healed run.
    world.logs = None;
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
}
