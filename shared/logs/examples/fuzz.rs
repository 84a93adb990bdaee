//! A bounded fuzz loop without a nightly compiler: `cargo run -p nightjar-logs --example fuzz -- [CASES] [SEED]`.
//!
//! Each case makes a hostile text from pieces of log lines, damaged JSON, timestamps, brackets and bytes, and gives it to
//! everything public. A panic ends the process; a slow case, a template out of bounds, a score out of range or counts that
//! do not add up end it with the seed that repeats it.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use nightjar_logs::{HeaderModel, Joiner, Miner, MinerOptions, PatternKind, Record, Side, TemplateId, Windows};

/// No case may take longer than this, on a machine that has other work too.
const SLOWEST: Duration = Duration::from_millis(500);
const MAX_TEMPLATES: usize = 300;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Ok(cases), Ok(seed)) = (numbers.next().unwrap_or(Ok(200_000)), numbers.next().unwrap_or(Ok(1))) else {
        eprintln!("usage: fuzz [CASES] [SEED]");
        return ExitCode::FAILURE;
    };
    match run(cases, seed) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            eprintln!("seed {seed}: {what}");
            ExitCode::FAILURE
        }
    }
}

struct Noise(u64);

impl Noise {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }
}

const PIECES: [&str; 52] = [
    "2026-11-21T10:00:00.123Z",
    "Nov 21 10:00:00",
    "[Sat Nov 21 10:00:00 2026]",
    "261121 100000",
    "1795255200",
    "10:00",
    "2026-13-99",
    "99999999999999999999",
    "INFO",
    "[error]",
    "<134>1",
    "ERROR:",
    "host",
    "sshd[123]:",
    "[main]",
    "a.b.c.D:",
    "user",
    "root",
    "=",
    "==",
    "a=b",
    "key=[1, 2",
    "key={x",
    "\"quoted",
    "\"a b\"",
    "'x'",
    "`y'",
    "10.0.0.1:80",
    "0xdeadbeef",
    "ab:cd:ef",
    "/var/log/x.log",
    "C:\\Windows\\x",
    "http://h/p?q=1",
    "...",
    "..",
    ".",
    "-",
    "--",
    "|",
    "{\"level\":\"error\",\"msg\":\"boom",
    "{\"message\":\"x\",\"level\":50}",
    "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}",
    "Traceback (most recent call last):",
    "  File \"a.py\", line 1, in f",
    "ValueError: no",
    "\tat a.b.C.d(C.java:1)",
    "Caused by: x.Y",
    "é漢🦀",
    "\u{0}",
    "\u{feff}",
    "Jun",
    "May 3",
];

fn text(noise: &mut Noise) -> String {
    let mut text = String::new();
    for _ in 0..noise.below(24) {
        match noise.below(24) {
            0 => text.push('\n'),
            1 => text.push_str(&String::from_utf8_lossy(&noise.bits().to_le_bytes())),
            2 => text.push_str(&noise.bits().to_string()),
            3 => text.push(char::from(noise.bits() as u8)),
            4 if noise.below(200) == 0 => text.push_str(&"x1 (".repeat(noise.below(300_000))),
            _ => text.push_str(PIECES[noise.below(PIECES.len())]),
        }
        if noise.below(4) > 0 {
            text.push(' ');
        }
    }
    text
}

fn run(cases: u64, seed: u64) -> Result<String, String> {
    let mut noise = Noise(seed);
    let options = MinerOptions { max_templates: MAX_TEMPLATES };
    let mut miner = Miner::new(options);
    let mut windows = Windows::new(options);
    let mut headers = HeaderModel::default();
    let mut joiner = Joiner::new(headers);
    let (mut added, mut compared, mut events, mut slowest) = (0_u64, 0_u64, 0_u64, Duration::ZERO);
    for case in 0..cases {
        let text = text(&mut noise);
        let start = Instant::now();
        let header = headers.split(&text);
        if !text.is_char_boundary(header.message_at) {
            return Err(format!("case {case}: a message begins inside a character: {text:?}"));
        }
        let record = Record::parse(&text, &headers);
        let id = miner.observe(&record.message);
        if miner.current(id).0 as usize > MAX_TEMPLATES
            || (id != TemplateId::OTHER && miner.template(id).len() > 16_384)
        {
            return Err(format!("case {case}: template {id:?} is out of bounds"));
        }
        windows.add(if noise.below(2) == 0 { Side::Incident } else { Side::Baseline }, &text, &headers);
        added += 1;
        events += text.lines().filter_map(|line| joiner.push(line)).count() as u64;
        if case % 2_000 == 1_999 {
            let comparison = windows.compare();
            compared += 1;
            let counted: u64 = comparison.patterns.iter().map(|pattern| pattern.count + pattern.baseline_count).sum();
            let sane = |score: f64, ratio: f64| (0.0..=1.0).contains(&score) && ratio.is_finite() && ratio > 0.0;
            if counted != added {
                return Err(format!("case {case}: {added} events went in, {counted} came out"));
            }
            if let Some(odd) = comparison.patterns.iter().find(|pattern| !sane(pattern.score, pattern.ratio)) {
                return Err(format!("case {case}: {odd:?}"));
            }
            if comparison.patterns.iter().any(|pattern| pattern.kind == PatternKind::New && pattern.baseline_count > 0)
            {
                return Err(format!("case {case}: something old is called new"));
            }
            (windows, added) = (Windows::new(options), 0);
            let lines: Vec<String> = (0..20).map(|_| self::text(&mut noise)).collect();
            headers = HeaderModel::learn(lines.iter().map(String::as_str));
            joiner = Joiner::new(headers);
            if noise.below(4) == 0 {
                miner = Miner::new(options);
            }
        }
        let spent = start.elapsed();
        if spent > SLOWEST {
            return Err(format!("case {case} took {spent:?}"));
        }
        slowest = slowest.max(spent);
    }
    Ok(format!(
        "{cases} cases without a fault: {events} events joined, {compared} comparisons; slowest case {:.1} ms",
        slowest.as_secs_f64() * 1e3
    ))
}
