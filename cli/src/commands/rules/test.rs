//! `nightjar rules test`.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use nightjar_security::detector::{Detector, Options};
use nightjar_security::read::{RawEvent, read};

use super::{Chosen, files};
use crate::outcome::Outcome;

#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// Files with CloudTrail events, or folders of them: single events, lists, {"Records": […]}, the output of
    /// LookupEvents, EventBridge envelopes, JSON lines, each gzipped or not.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE|DIR")]
    events: Vec<PathBuf>,
    #[command(flatten)]
    chosen: Chosen,
    /// Accounts of your own organisation, which resources may be shared with.
    #[arg(long, value_name = "ACCOUNT", value_delimiter = ',')]
    trusted_accounts: Vec<String>,
}

/// Counts what was done, for standard error.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tested {
    files: usize,
    events: usize,
    duplicates: usize,
    matches: usize,
    problems: Vec<String>,
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<Outcome> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let tested = match test(args, &mut out) {
        // The reader, such as `head`, has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Outcome::Fine),
        other => other?,
    };
    for problem in &tested.problems {
        eprintln!("nightjar: {problem}");
    }
    let Tested { files, events, duplicates, matches, .. } = tested;
    eprintln!("{matches} matches in {events} events of {files} files; {duplicates} events came twice");
    Ok(Outcome::fine_if(tested.problems.is_empty()))
}

/// Judges all events in the order of their time, across files: deliveries overlap, and correlations need the order.
fn test(args: &TestArgs, out: &mut impl Write) -> std::io::Result<Tested> {
    let (set, problems) = args.chosen.load();
    let mut tested = Tested { problems: problems.iter().map(ToString::to_string).collect(), ..Tested::default() };
    let trusted_accounts = args.trusted_accounts.iter().cloned().collect();
    let (mut detector, problems) = Detector::new(&set, Options { trusted_accounts, ..Options::default() });
    tested.problems.extend(problems.iter().map(ToString::to_string));

    let events = gather(args, &mut tested);
    let mut last = None;
    for (file, raw) in &events {
        tested.events += 1;
        if raw.id.is_some() && last == raw.id.as_deref() {
            tested.duplicates += 1;
            continue;
        }
        last = raw.id.as_deref();
        let event = match raw.parse() {
            Ok(event) => event,
            Err(error) => {
                let id = raw.id.as_deref().unwrap_or("without id");
                tested.problems.push(format!("{file}: event {id}: {error}"));
                continue;
            }
        };
        for found in detector.observe(event) {
            tested.matches += 1;
            serde_json::to_writer(&mut *out, &found)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(tested)
}

/// The events of every file by time and id; those without a time first.
fn gather(args: &TestArgs, tested: &mut Tested) -> Vec<(std::rc::Rc<str>, RawEvent)> {
    let mut events = Vec::new();
    for path in args.events.iter().flat_map(|path| files::below(path, files::is_events)) {
        let (path, bytes) = match path.and_then(|path| Ok((path.display().to_string(), files::bytes(&path)?))) {
            Ok(read) => read,
            Err(unreadable) => {
                tested.problems.push(format!("{}: {}", unreadable.path, unreadable.reason));
                continue;
            }
        };
        tested.files += 1;
        let reading = read(&bytes);
        tested.problems.extend(reading.problems.iter().map(|problem| format!("{path}: {problem}")));
        let name: std::rc::Rc<str> = path.into();
        events.extend(reading.events.into_iter().map(|event| (name.clone(), event)));
    }
    events.sort_by(|(_, a), (_, b)| (a.at, &a.id).cmp(&(b.at, &b.id)));
    events
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Cli, Command};

    const RULE: &str = "title: Trail stopped\nid: 0001\nlogsource: {product: aws, service: cloudtrail}\n\
        detection:\n  selection: {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging}\n  condition: selection\n\
        level: high\ntags: [attack.defense-evasion]\n";

    fn event(id: &str) -> String {
        format!(
            "{{\"eventSource\":\"cloudtrail.amazonaws.com\",\"eventName\":\"StopLogging\",\"eventID\":\"{id}\",\"eventTime\":\"2026-01-02T03:04:05Z\"}}"
        )
    }

    fn ran(dir: &Path) -> (Vec<serde_json::Value>, Tested) {
        use clap::Parser as _;
        std::fs::write(dir.join("rule.yml"), RULE).unwrap();
        let (rules, events) = (dir.join("rule.yml"), dir.join("events"));
        let line = [
            "nightjar",
            "rules",
            "test",
            "--rules",
            rules.to_str().unwrap(),
            "--json",
            "--events",
            events.to_str().unwrap(),
        ];
        let Command::Rules(super::super::RulesCommand::Test(args)) = Cli::try_parse_from(line).unwrap().command else {
            unreachable!("the line says so")
        };
        let mut out = Vec::new();
        let tested = test(&args, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), tested)
    }

    #[test]
    fn one_line_a_match_and_a_bad_file_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let events = dir.path().join("events");
        std::fs::create_dir(&events).unwrap();
        std::fs::write(events.join("a.json"), format!("{{\"Records\":[{},{}]}}", event("1"), event("2"))).unwrap();
        std::fs::write(events.join("b.json.gz"), [0x1f, 0x8b, 8, 0, 0]).unwrap();
        std::fs::write(events.join("c.json"), event("1")).unwrap();
        std::fs::write(events.join("d.json"), "[1").unwrap();
        let (lines, tested) = ran(dir.path());
        assert_eq!(
            lines[0],
            serde_json::json!({"event_id": "1", "event_name": "StopLogging", "rule_id": "0001", "title": "Trail stopped",
                "level": "high", "tags": ["attack.defense-evasion"]})
        );
        assert_eq!((lines.len(), tested.events, tested.duplicates, tested.files), (2, 3, 1, 4));
        assert!(
            tested.problems.iter().any(|problem| problem.contains("b.json.gz: the gzip stream")),
            "{:?}",
            tested.problems
        );
        assert!(tested.problems.iter().any(|problem| problem.contains("d.json: line 1")), "{:?}", tested.problems);
    }
}
