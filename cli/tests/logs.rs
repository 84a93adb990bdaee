//! `nightjar logs` as people run it: files, pipes, compressed, broken.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Runs the command with `input` at its standard input.
fn nightjar(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nightjar"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // Written beside the reading: a pipe holds 64 KiB.
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writing.join().unwrap();
    output
}

fn file(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// An hour of ordinary lines.
fn calm() -> String {
    let line = |n: usize| {
        let (minute, second, user, ms) = (n / 10 % 60, n % 10 * 6, n % 7, n % 90);
        format!("2026-11-21T09:{minute:02}:{second:02}Z INFO request {n} of user{user} served in {ms} ms\n")
    };
    (0..600).map(line).collect::<Vec<_>>().concat()
}

/// Five minutes in which a disk fills up.
fn trouble() -> String {
    (0..60)
        .map(|n| match n % 3 {
            0 => format!(
                "2026-11-21T10:0{}:{:02}Z ERROR write of segment {n} failed: No space left on device\n",
                n / 12,
                n % 12 * 5
            ),
            _ => format!(
                "2026-11-21T10:0{}:{:02}Z INFO request {n} of user{} served in {} ms\n",
                n / 12,
                n % 12 * 5,
                n % 7,
                n % 90
            ),
        })
        .collect()
}

fn analysis(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn analyzed(incident: &Path, baseline: &Path, input: &[u8]) -> Value {
    let (incident, baseline) = (incident.to_str().unwrap(), baseline.to_str().unwrap());
    analysis(&nightjar(&["logs", "analyze", "--incident", incident, "--baseline", baseline, "--json"], input))
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[test]
fn the_new_error_comes_first_from_files_pipes_and_gzip_alike() {
    let dir = tempfile::tempdir().unwrap();
    let baseline = file(dir.path(), "calm.log", calm().as_bytes());
    let baseline_gz = file(dir.path(), "calm.log.gz", &packed(calm().as_bytes()));
    let incident = file(dir.path(), "now.log", trouble().as_bytes());
    let plain = analyzed(&incident, &baseline, b"");
    let first = &plain["patterns"][0];
    assert_eq!(
        (first["kind"].as_str(), first["count"].as_u64(), first["baseline_count"].as_u64()),
        (Some("new"), Some(20), Some(0))
    );
    assert!(first["sample"].as_str().unwrap().contains("No space left on device"));
    assert_eq!(plain["hypotheses"][0]["kind"], "disk_full");
    assert_eq!(plain["gaps"], Value::Array(Vec::new()));
    assert_eq!(analyzed(Path::new("-"), &baseline_gz, trouble().as_bytes()), plain, "through a pipe");
    assert_eq!(analyzed(Path::new("-"), &baseline, &packed(trouble().as_bytes())), plain, "compressed, through a pipe");
}

#[test]
fn both_from_standard_input_is_refused_in_words() {
    let output = nightjar(&["logs", "analyze", "--incident", "-", "--baseline", "-"], b"");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("not both"), "{output:?}");
}

#[test]
fn json_lines_are_read_for_level_message_and_error() {
    let dir = tempfile::tempdir().unwrap();
    let line = |n: u32, level: &str, message: &str| {
        let at = format!("2026-11-21T10:{:02}:{:02}Z", n / 60 % 60, n % 60);
        format!("{}\n", serde_json::json!({ "timestamp": at, "level": level, "message": message, "request_id": n }))
    };
    let calm: String = (0..900).map(|n| line(n, "info", &format!("order {n} shipped"))).collect();
    let now: String = (0..300)
        .map(|n| {
            if n % 2 == 0 {
                line(n, "error", &format!("order {n} lost its parcel"))
            } else {
                line(n, "info", &format!("order {n} shipped"))
            }
        })
        .collect();
    let baseline = file(dir.path(), "calm.jsonl", calm.as_bytes());
    let found = analyzed(Path::new("-"), &baseline, now.as_bytes());
    let first = &found["patterns"][0];
    assert_eq!(
        (first["level"].as_str().map(str::to_lowercase).as_deref(), first["count"].as_u64()),
        (Some("error"), Some(150)),
        "{first}"
    );
    assert!(first["template"].as_str().unwrap().ends_with("lost its parcel"), "{first}");
}

#[test]
fn every_line_has_its_template_in_order() {
    let output =
        nightjar(&["logs", "templates", "-", "--json"], b"user alice logged in\n\nuser bob logged in\nshutting down\n");
    let told = lines(&output);
    assert_eq!(told.iter().map(|line| line["line"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(told[0]["template_id"], told[2]["template_id"]);
    assert_ne!(told[0]["template_id"], told[3]["template_id"]);
    let gzip = nightjar(
        &["logs", "templates", "-", "--json"],
        &packed(b"user alice logged in\n\nuser bob logged in\nshutting down\n"),
    );
    assert_eq!(lines(&gzip), told);
}

#[test]
fn binary_garbage_is_read_told_of_and_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // Every byte there is, in an order that repeats late: no text, with line ends in between.
    let garbage: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let told = nightjar(&["logs", "templates", "-", "--json"], &garbage);
    let ends = garbage.split(|byte| *byte == b'\n').count() as u64;
    assert_eq!(lines(&told).last().unwrap()["line"].as_u64(), Some(ends));
    let baseline = file(dir.path(), "calm.log", calm().as_bytes());
    let found = analyzed(Path::new("-"), &baseline, &garbage);
    let gaps = found["gaps"].to_string();
    assert!(gaps.contains("not UTF-8"), "{gaps}");
}

#[test]
fn lines_of_a_megabyte_are_cut_counted_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let baseline = file(dir.path(), "calm.log", calm().as_bytes());
    let long: Vec<String> =
        (0..5).map(|n| format!("2026-11-21T10:05:0{n}Z ERROR payload {}\n", "x".repeat(1 << 20))).collect();
    let long = trouble() + &long.concat();
    let found = analyzed(Path::new("-"), &baseline, long.as_bytes());
    assert!(found["gaps"].to_string().contains("5 lines are longer than 256 KiB"), "{}", found["gaps"]);
    assert!(
        found["patterns"].as_array().unwrap().iter().all(|pattern| pattern["sample"].as_str().unwrap().len() <= 2000)
    );
    assert_eq!(found["hypotheses"][0]["kind"], "disk_full");
}

#[test]
fn damage_is_told_and_what_came_before_it_counts() {
    let dir = tempfile::tempdir().unwrap();
    let baseline = file(dir.path(), "calm.log", calm().as_bytes());
    let whole = packed(trouble().repeat(50).as_bytes());
    let found = analyzed(Path::new("-"), &baseline, &whole[..whole.len() / 2]);
    assert!(found["gaps"].to_string().contains("truncated"), "{}", found["gaps"]);
    let missing = nightjar(&["logs", "templates", dir.path().join("none.log").to_str().unwrap()], b"");
    assert!(!missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("none.log"));
}
