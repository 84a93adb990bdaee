//! What holds for every input, and what is bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use nightjar_logs::{
    Exposure, HeaderModel, Level, Miner, MinerOptions, PatternKind, Record, Side, TemplateId, Windows, events,
};
use proptest::prelude::*;

fn headers() -> HeaderModel {
    HeaderModel::default()
}

proptest! {
    #[test]
    fn any_text_has_a_message_a_template_and_a_place(text in "\\PC{0,200}", more in "\\PC{0,50}") {
        let header = headers().split(&text);
        prop_assert!(text.is_char_boundary(header.message_at));
        let mut miner = Miner::new(MinerOptions::default());
        let record = Record::parse(&text, &HeaderModel::default());
        let id = miner.observe(&record.message);
        prop_assert_eq!(id, miner.observe(&record.message));
        miner.observe(&more);
        miner.refine();
        prop_assert!(miner.template(id).len() <= 4 * record.message.len() + 64);
    }

    #[test]
    fn numbers_never_make_a_kind_of_their_own(a in 0_u64..u64::MAX, b in 0_u64..u64::MAX, word in "[a-z]{4,8}") {
        let mut miner = Miner::new(MinerOptions::default());
        let text = |n: u64| format!("request {n} of {word} took {n} ms");
        prop_assert_eq!(miner.observe(&text(a)), miner.observe(&text(b)));
    }

    #[test]
    fn a_header_never_tells_kinds_apart(second in 0_u8..60, level in prop::sample::select(vec!["INFO", "WARN", "ERROR"]), pid in 1_u32..99_999) {
        let line = format!("2026-11-21 10:00:{second:02},123 {pid} {level} [worker-{pid}] com.example.Pool: Lease granted to tenant");
        let header = headers().split(&line);
        prop_assert_eq!(&line[header.message_at..], "Lease granted to tenant");
        prop_assert_eq!(header.level, Level::parse(level));
    }

    #[test]
    fn events_keep_every_line_that_is_not_empty(lines in prop::collection::vec("[ \\t]{0,2}[a-zA-Z:]{0,12}", 0..60)) {
        let joined = events(lines.iter().map(String::as_str), headers());
        let kept: u64 = joined.iter().map(|event| event.lines).sum();
        let expected = lines.iter().filter(|line| !line.trim().is_empty()).count() as u64;
        prop_assert_eq!(kept, expected);
    }

    #[test]
    fn all_events_are_counted_once(incident in prop::collection::vec(0_u8..9, 0..60), baseline in prop::collection::vec(0_u8..9, 0..60)) {
        let mut windows = Windows::new(MinerOptions { max_templates: 4 });
        for (side, kinds) in [(Side::Incident, &incident), (Side::Baseline, &baseline)] {
            for kind in kinds {
                windows.add(side, &format!("{} happened", ["fire", "flood", "frost", "storm", "drought", "quake", "hail", "fog", "rain"][*kind as usize]), &headers());
            }
        }
        let comparison = windows.compare();
        prop_assert_eq!(comparison.patterns.iter().map(|pattern| pattern.count).sum::<u64>(), incident.len() as u64);
        prop_assert_eq!(comparison.patterns.iter().map(|pattern| pattern.baseline_count).sum::<u64>(), baseline.len() as u64);
        for pattern in &comparison.patterns {
            prop_assert!((0.0..=1.0).contains(&pattern.score) && pattern.ratio > 0.0);
            prop_assert_eq!(pattern.kind == PatternKind::New, pattern.count > 0 && pattern.baseline_count == 0);
        }
    }
}

#[test]
fn the_same_lines_give_the_same_ids() {
    let ids = || {
        let mut miner = Miner::new(MinerOptions::default());
        let seen: Vec<TemplateId> =
            (0..5_000_u32).map(|n| miner.observe(&format!("user {} opened door {}", name(n), n % 7))).collect();
        miner.refine();
        seen.into_iter().map(|id| miner.current(id)).collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
}

/// A word of letters only, another one for each number.
fn name(mut number: u32) -> String {
    let mut text = String::from("q");
    while number > 0 {
        text.push(char::from(b'g' + (number % 20) as u8));
        number /= 20;
    }
    text
}

#[test]
fn user_names_are_one_kind_and_actions_are_not() {
    let mut miner = Miner::new(MinerOptions::default());
    let ids: Vec<TemplateId> = ["alice", "bob", "carol"]
        .iter()
        .flat_map(|user| [format!("session opened for user {user}"), format!("session closed for user {user}")])
        .map(|message| miner.observe(&message))
        .collect();
    miner.refine();
    let current: Vec<TemplateId> = ids.iter().map(|id| miner.current(*id)).collect();
    assert!(current.iter().step_by(2).all(|id| *id == current[0]), "{current:?}");
    assert_ne!(current[0], current[1]);
    assert_eq!(miner.template(current[0]), "session opened for user <*>");
}

#[test]
fn templates_that_explode_are_bounded_counted_and_named() {
    let mut miner = Miner::new(MinerOptions { max_templates: 1_000 });
    for n in 0..20_000_u32 {
        miner.observe(&format!("{} {} {}", name(n), name(n * 7 + 1), name(n * 13 + 5)));
    }
    assert!(miner.ids() <= 1_001);
    assert!(miner.overflowed() >= 19_000);
    assert_eq!(miner.template(TemplateId::OTHER), "<other messages>");
}

#[test]
fn a_word_that_varies_without_end_needs_no_room() {
    let mut miner = Miner::new(MinerOptions { max_templates: 10_000 });
    for n in 0..100_000_u32 {
        miner.observe(&format!("password of account {} was changed", name(n)));
    }
    miner.refine();
    assert_eq!(miner.overflowed(), 0);
    let id = miner.observe("password of account zoe was changed");
    assert_eq!(miner.template(id), "password of account <*> was changed");
}

#[test]
fn the_new_error_stands_first_amid_ordinary_lines_and_old_errors() {
    let mut windows = Windows::new(MinerOptions::default());
    for n in 0..6_000_u32 {
        let (minute, second) = (n / 60 % 60, n % 60);
        for side in [Side::Baseline, Side::Incident] {
            let line = match n % 40 {
                0 => format!(
                    "2026-11-21T10:{minute:02}:{second:02}Z ERROR cannot render avatar of user {}",
                    name(n % 50)
                ),
                _ => format!("2026-11-21T10:{minute:02}:{second:02}Z INFO request {n} served in {} ms", n % 90),
            };
            windows.add(side, &line, &headers());
        }
        if n % 500 == 7 {
            let line = format!("2026-11-21T10:{minute:02}:{second:02}Z ERROR ledger shard {n} lost its quorum");
            windows.add(Side::Incident, &line, &headers());
        }
        if n == 3_000 {
            windows.add(Side::Incident, "2026-11-21T10:50:00Z INFO cache warmed for the first time", &headers());
        }
    }
    let comparison = windows.compare();
    let first = &comparison.patterns[0];
    assert_eq!(first.template, "ledger shard <num> lost its quorum");
    assert_eq!(
        (first.kind, first.count, first.baseline_count, first.level),
        (PatternKind::New, 12, 0, Some(Level::Error))
    );
    let old = comparison.patterns.iter().find(|pattern| pattern.template.starts_with("cannot render")).unwrap();
    assert_eq!((old.kind, old.count), (PatternKind::Steady, 150));
    assert!(first.score > 5.0 * old.score);
}

#[test]
fn a_surge_is_corrected_for_the_length_of_the_windows() {
    let mut windows = Windows::new(MinerOptions::default());
    for _ in 0..100 {
        windows.add(Side::Incident, "ERROR upstream answered late", &headers());
        windows.add(Side::Baseline, "ERROR upstream answered late", &headers());
        windows.add(Side::Incident, "INFO all is well", &headers());
    }
    for _ in 0..400 {
        windows.add(Side::Baseline, "INFO all is well", &headers());
    }
    windows.set_seconds(Side::Incident, 900.0);
    windows.set_seconds(Side::Baseline, 3600.0);
    let comparison = windows.compare();
    assert_eq!(comparison.patterns[0].kind, PatternKind::Surged);
    assert!((3.5..4.5).contains(&comparison.patterns[0].ratio));
    assert_eq!(comparison.patterns[1].kind, PatternKind::Steady);
}

#[test]
fn json_gives_level_error_type_and_the_frame_that_failed() {
    let text = r#"{"time":"2026-11-21T10:00:00Z","level":"error","msg":"checkout failed","err":{"type":"PoolTimeout","stack":"PoolTimeout: x\n    at Pool.take (/srv/pool.js:10:5)\n    at next (/srv/a.js:1:1)"}}"#;
    let record = Record::parse(text, &HeaderModel::default());
    assert_eq!(record.level, Some(Level::Error));
    assert_eq!(record.error_type.as_deref(), Some("PoolTimeout"));
    assert!(record.stack_top.as_deref().unwrap().starts_with("at Pool.take"), "{record:?}");
    assert!(record.message.starts_with("checkout failed PoolTimeout"), "{record:?}");
    assert!((record.seconds.unwrap() - 1_795_255_200.0).abs() < 1e-6);
}

#[test]
fn a_megabyte_without_a_blank_is_a_message_like_any_other() {
    let mut windows = Windows::new(MinerOptions::default());
    for text in
        ["x".repeat(1 << 20), "{".repeat(1 << 20), "[".repeat(1 << 20), "a=".repeat(1 << 19), "\"".repeat(1 << 20)]
    {
        windows.add(Side::Incident, &text, &headers());
    }
    let comparison = windows.compare();
    assert_eq!(comparison.patterns.iter().map(|pattern| pattern.count).sum::<u64>(), 5);
    assert!(
        comparison
            .patterns
            .iter()
            .all(|pattern| pattern.template.len() <= 4_096 && pattern.sample.chars().count() <= 500)
    );
}

/// Lines of one burst tell no rate: `count` ordinary lines, `apart` milliseconds from each other.
fn burst(windows: &mut Windows, side: Side, count: u64, apart: u64) {
    for n in 0..count {
        let at = n * apart;
        let line =
            format!("2026-11-21T10:{:02}:{:02}.{:03}Z INFO request {n} served", at / 60_000, at / 1000 % 60, at % 1000);
        windows.add(side, &line, &headers());
    }
}

#[rstest::rstest]
#[case::a_burst_beside_an_hour(40, 1, 900, 4000)]
#[case::an_hour_beside_a_burst(900, 4000, 40, 1)]
#[case::two_bursts(40, 1, 4, 2)]
fn a_window_of_milliseconds_tells_no_rate(
    #[case] now: u64,
    #[case] apart: u64,
    #[case] before: u64,
    #[case] then: u64,
) {
    let mut windows = Windows::new(MinerOptions::default());
    burst(&mut windows, Side::Incident, now, apart);
    burst(&mut windows, Side::Baseline, before, then);
    let comparison = windows.compare();
    assert_eq!(comparison.exposure, Exposure::Events);
    assert_eq!(comparison.patterns.len(), 1);
    assert_eq!(comparison.patterns[0].kind, PatternKind::Steady, "{:?}", comparison.patterns);
}

#[test]
fn a_told_length_has_a_floor() {
    for told in [0.0, 1e-9, -5.0, f64::NAN] {
        let mut windows = Windows::new(MinerOptions::default());
        burst(&mut windows, Side::Incident, 10, 1);
        burst(&mut windows, Side::Baseline, 10, 1);
        windows.set_seconds(Side::Incident, told);
        windows.set_seconds(Side::Baseline, 1.0);
        assert_eq!(windows.compare().exposure, Exposure::Seconds { incident: 1.0, baseline: 1.0 }, "{told}");
    }
}
