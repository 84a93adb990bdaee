//! Generated logs with a known truth. Each file beside this one is a kind of system: a header, and statements with their weights
//! as programs of that kind print them, written for this test from general knowledge. Lines of one statement belong together.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Lines of one kind of system.
pub(crate) struct Sample {
    pub(crate) name: String,
    /// Never looked at while the miner was made: only reported.
    pub(crate) held_out: bool,
    /// Whole lines.
    pub(crate) raw: Vec<String>,
    /// The same without their headers.
    pub(crate) content: Vec<String>,
    /// The statement of each line.
    pub(crate) truth: Vec<usize>,
}

/// All kinds, in order of their names; `lines` of each.
pub(crate) fn all(lines: usize, seed: u64) -> Vec<Sample> {
    // Asked when it runs: clones that share a target folder share this program.
    let directory = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("samples");
    let mut paths: Vec<_> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            generate(&name, &std::fs::read_to_string(path).unwrap(), lines, seed)
        })
        .collect()
}

fn generate(name: &str, text: &str, lines: usize, seed: u64) -> Sample {
    let mut rows = text.lines();
    let mut field = |key: &str| rows.next().unwrap().strip_prefix(key).unwrap().trim_start().to_owned();
    let held_out = field("half") == "held";
    let header = field("header");
    let loggers: Vec<String> = field("loggers").split(' ').map(str::to_owned).collect();
    let mut statements: Vec<(u64, &str, usize)> = Vec::new();
    for row in rows.filter(|row| !row.is_empty()) {
        let (weight, text) = row.split_once(' ').unwrap();
        // `60= text` is what the statement before it also prints.
        let again = weight.ends_with('=');
        let id = statements.last().map_or(0, |(_, _, id)| id + usize::from(!again));
        statements.push((weight.trim_end_matches('=').parse().unwrap(), text, id));
    }
    let mut random = Random(seed ^ name.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
    let total: u64 = statements.iter().map(|(weight, ..)| weight).sum();
    let mut sample =
        Sample { name: name.to_owned(), held_out, raw: Vec::new(), content: Vec::new(), truth: Vec::new() };
    for line in 0..lines {
        // Every statement occurs at least once, at a place of its own.
        let index = if line < statements.len() {
            line
        } else {
            let mut at = random.below(total);
            statements
                .iter()
                .position(|(weight, ..)| {
                    at < *weight || {
                        at -= weight;
                        false
                    }
                })
                .unwrap()
        };
        let logger = &loggers[statements[index].2 % loggers.len()];
        let content = fill(statements[index].1, &mut random, logger, line);
        sample.raw.push(format!("{}{content}", fill(&header, &mut random, logger, line)));
        sample.content.push(content);
        sample.truth.push(statements[index].2);
    }
    // The order matters to nobody but a miner that cannot look back.
    for at in (1..lines).rev() {
        let other = random.below(at as u64 + 1) as usize;
        sample.raw.swap(at, other);
        sample.content.swap(at, other);
        sample.truth.swap(at, other);
    }
    sample
}

/// Grouping accuracy: the share of lines whose group is exactly the group of the truth (J. Zhu et al., "Tools and
/// Benchmarks for Automated Log Parsing", ICSE-SEIP 2019).
pub(crate) fn grouping_accuracy<G: Ord + Copy>(found: &[G], truth: &[usize]) -> f64 {
    use std::collections::{BTreeMap, BTreeSet};
    let mut of_truth: BTreeMap<usize, (usize, BTreeSet<G>)> = BTreeMap::new();
    let mut sizes: BTreeMap<G, usize> = BTreeMap::new();
    for (group, truth) in found.iter().zip(truth) {
        let entry = of_truth.entry(*truth).or_default();
        entry.0 += 1;
        entry.1.insert(*group);
        *sizes.entry(*group).or_default() += 1;
    }
    let right: usize = of_truth
        .values()
        .filter(|(size, groups)| groups.len() == 1 && sizes[groups.first().unwrap()] == *size)
        .map(|(size, _)| size)
        .sum();
    right as f64 / truth.len() as f64
}

/// `SplitMix64` (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound.max(1)
    }

    /// One of `from`, the first ones more often.
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let skewed = self.below(from.len() as u64).min(self.below(from.len() as u64));
        from[skewed as usize]
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from_digit(self.below(16) as u32, 16).unwrap()).collect()
    }

    fn ip(&mut self) -> String {
        format!("10.{}.{}.{}", self.below(4), self.below(200), self.below(255))
    }
}

fn fill(statement: &str, random: &mut Random, logger: &str, line: usize) -> String {
    let mut text = String::new();
    let mut rest = statement;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let name_end = rest[open + 1..].find(|c: char| !(c.is_ascii_alphanumeric() || "_:.-/!".contains(c)));
        let name = name_end
            .filter(|&end| rest.as_bytes()[open + 1 + end] == b'}' && end > 0)
            .map(|end| &rest[open + 1..open + 1 + end]);
        if let Some(name) = name {
            value(name, random, logger, line, &mut text);
            rest = &rest[open + name.len() + 2..];
        } else {
            text.push('{');
            rest = &rest[open + 1..];
        }
    }
    text + rest
}

#[allow(clippy::too_many_lines)]
fn value(name: &str, random: &mut Random, logger: &str, line: usize, out: &mut String) {
    let (kind, option) = name.split_once(':').unwrap_or((name, ""));
    // Two lines a second, from one November day on.
    let seconds = line as u64 / 2 % 86_400;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let day = 10 + line as u64 / 172_800 % 18;
    let hex_digits = || name.strip_prefix("hex").and_then(|digits| digits.parse::<usize>().ok());
    let text = match kind {
        "int" => {
            let dash = option[1..].find('-').unwrap() + 1;
            let (low, high): (i64, i64) = (option[..dash].parse().unwrap(), option[dash + 1..].parse().unwrap());
            (low + random.below((high - low + 1) as u64) as i64).to_string()
        }
        "list" | "listsp" => {
            let separator = if kind == "list" { ", " } else { " " };
            for index in 0..=random.below(6) {
                if index > 0 {
                    out.push_str(separator);
                }
                value(option, random, logger, line, out);
            }
            return;
        }
        "float" => format!("{}.{}", random.below(300), random.below(10_000)),
        "float1" => format!("{}.0", random.below(60)),
        "ip" => random.ip(),
        "ipport" => format!("{}:{}", random.ip(), 1000 + random.below(60_000)),
        "ipname" => {
            if random.below(2) == 0 {
                random.ip()
            } else {
                hostname(random)
            }
        }
        "mac" => (0..6).map(|_| random.hex(2)).collect::<Vec<_>>().join(":"),
        "uuid" => format!("{}-{}-{}-{}-{}", random.hex(8), random.hex(4), random.hex(4), random.hex(4), random.hex(12)),
        "blk" => format!("blk_{}{}", if random.below(2) == 0 { "-" } else { "" }, random.bits() >> 1),
        "user" => random.pick(USERS).to_owned(),
        "user!root" => random.pick(&USERS[1..]).to_owned(),
        "host" => format!("{}{}", random.pick(HOSTS), random.pick(&["", "-a", "-b", "01", "02", "7", ".prod"])),
        "hostname" => hostname(random),
        "hostport" => format!("{}:{}", hostname(random), [80, 443, 5070, 8080][random.below(4) as usize]),
        "word" => random.pick(WORDS).to_owned(),
        "Camel" => camel(random),
        "camel" => format!("{}{}", random.pick(WORDS), camel(random)),
        "class" => format!("org.{}.{}.{}", random.pick(WORDS), random.pick(WORDS), camel(random)),
        "pkg" | "com" => format!("com.{}.{}", random.pick(WORDS), random.pick(WORDS)),
        "path" => {
            format!("/{}/{}/{}", random.pick(&["var", "opt", "usr", "home", "tmp"]), random.pick(WORDS), file(random))
        }
        "path2" => format!("{}/_temporary/{}", random.pick(WORDS), random.pick(WORDS)),
        "size" => format!("{}.{} {}", random.below(999), random.below(9), random.pick(&["KB", "B", "MB", "GB"])),
        "KM" => random.pick(&["KB", "MB"]).to_owned(),
        "life" => {
            if random.below(3) == 0 {
                "<1 sec".to_owned()
            } else {
                format!("{:02}:{:02}", random.below(20), random.below(60))
            }
        }
        "exe" => format!("{}.exe{}", random.pick(&["chrome", "mail", "Sync", "updater"]), random.pick(&["", " *64"])),
        "bool" => random.pick(&["false", "true"]).to_owned(),
        "boolcap" => random.pick(&["False", "True"]).to_owned(),
        "tag" => {
            random.pick(&["View Lock", "RILJ_ACK_WL", "*launch*", "WindowManager", "AudioMix", "job/12"]).to_owned()
        }
        "ws" => {
            if random.below(2) == 0 {
                "null".to_owned()
            } else {
                format!("WorkSource{{{}}}", random.below(20_000))
            }
        }
        "action" => {
            format!("android.intent.action.{}", random.pick(&["SCREEN_ON", "SCREEN_OFF", "TIME_TICK", "USER_PRESENT"]))
        }
        "onoff" => random.pick(&["on", "off"]).to_owned(),
        "fan" => {
            if random.below(12) == 0 {
                "****".to_owned()
            } else {
                (3000 + random.below(2000)).to_string()
            }
        }
        "sql" => format!("select {} from {} where id = {}", random.pick(WORDS), random.pick(WORDS), random.below(9999)),
        "ns" => random.pick(&["default", "kube-system", "shop", "monitoring", "payments"]).to_owned(),
        "pod" => format!("{}-{}-{}", random.pick(WORDS), random.hex(9), random.hex(5)),
        "ctr" => random.pick(&["istio-proxy", "web", "api", "worker", "coredns", "fluentd", "redis"]).to_owned(),
        "img" => format!("registry.example.org/{}/{}:v{}", random.pick(WORDS), random.pick(WORDS), random.below(9)),
        "X" => random.pick(&["A", "B", "C", "D"]).to_owned(),
        "logger" => logger.to_owned(),
        "thread" => random
            .pick(&[
                "main",
                "AsyncDispatcher event handler",
                "IPC Server handler 0 on 62270",
                "WorkerReceiver[myid=1]",
                "ContainerLauncher #3",
            ])
            .to_owned(),
        "level" => random.pick(&["INFO", "WARN", "ERROR"]).to_owned(),
        "lower" => random.pick(&["notice", "error"]).to_owned(),
        "LEVEL" => random.pick(&["INFO", "FATAL", "ERROR", "SEVERE"]).to_owned(),
        "L" => random.pick(&["D", "I", "V", "W"]).to_owned(),
        "KERNELAPP" => random.pick(&["KERNEL", "APP", "DISCOVERY"]).to_owned(),
        "CBS" => random.pick(&["CBS", "CSI"]).to_owned(),
        "dash" => random.pick(&["-", "-", "-", "APPREAD", "KERNDTLB"]).to_owned(),
        "svc" => random.pick(&["nova-api", "nova-compute"]).to_owned(),
        "rack" => format!(
            "R{:02}-M{}-N{}-C:J{:02}-U{:02}",
            random.below(64),
            random.below(2),
            random.below(16),
            random.below(18),
            random.below(12)
        ),
        "hpccomp" => random.pick(&["unix.hw", "boot_cmd", "action"]).to_owned(),
        "hpcstate" => random.pick(&["state_change.unavailable", "net.niff.up", "new", "start", "error"]).to_owned(),
        "tagpid" => random
            .pick(&["sshd(pam_unix)[19939]", "kernel", "crond(pam_unix)[2915]", "ftpd[23]", "su(pam_unix)[7]"])
            .to_owned(),
        "mactag" => random.pick(&["kernel", "com.apple.cts", "corecaptured", "Some Browser", "powerd"]).to_owned(),
        "macdetail" => random.pick(&["", "", " (com.apple.x.y.37963)"]).to_owned(),
        "iso" => format!("2026-11-{day} {hour:02}:{minute:02}:{second:02},{:03}", random.below(1000)),
        "iso." => format!("2026-11-{day} {hour:02}:{minute:02}:{second:02}.{:03}", random.below(1000)),
        "isoc" => format!("2026-11-{day} {hour:02}:{minute:02}:{second:02}"),
        "iso_" => format!("2026-11-{day}_{hour:02}:{minute:02}:{second:02}"),
        "iso-dots" => format!("2026-11-{day}-{hour:02}.{minute:02}.{second:02}.{:06}", random.below(1_000_000)),
        "ymd." => format!("2026.11.{day}"),
        "ymdc" => format!("202611{day}"),
        "yymmdd" => format!("2611{day}"),
        "yy/mm/dd" => format!("26/11/{day}"),
        "hhmmss" => format!("{hour:02}{minute:02}{second:02}"),
        "hms" => format!("{hour:02}:{minute:02}:{second:02}"),
        "ms" => format!("{:03}", random.below(1000)),
        "md" => format!("11-{day}"),
        "md." => format!("11.{day}"),
        "klog" => format!(
            "I11{day} {hour:02}:{minute:02}:{second:02}.{:06} {:>7} file.go:{}",
            random.below(1_000_000),
            random.below(9999),
            random.below(900)
        ),
        "epoch" => (1_795_000_000 + seconds).to_string(),
        "epochms" => ((1_795_000_000 + seconds) * 1000 + random.below(1000)).to_string(),
        "mon" => random.pick(&["Nov", "Dec", "Jun"]).to_owned(),
        "day" => format!("{:>2}", 1 + random.below(28)),
        "wday" => random.pick(&["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]).to_owned(),
        _ => match hex_digits() {
            Some(digits) => random.hex(digits),
            None => panic!("there is no {{{name}}}"),
        },
    };
    let _ = write!(out, "{text}");
}

fn hostname(random: &mut Random) -> String {
    format!("{}.{}.{}", random.pick(HOSTS), random.pick(WORDS), random.pick(&["com", "example.org", "net", "co.jp"]))
}

fn camel(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..2 {
        let word = random.pick(WORDS);
        text.push_str(&word[..1].to_ascii_uppercase());
        text.push_str(&word[1..]);
    }
    text
}

fn file(random: &mut Random) -> String {
    format!("{}.{}", random.pick(WORDS), random.pick(&["log", "conf", "jar", "c", "html"]))
}

const USERS: &[&str] = &[
    "root",
    "admin",
    "test",
    "guest",
    "oracle",
    "cyrus",
    "news",
    "webmaster",
    "support",
    "ubuntu",
    "deploy",
    "git",
    "backup",
    "nagios",
    "ftpuser",
    "alice",
    "bob",
    "postgres",
    "operator",
    "mysql",
];
const HOSTS: &[&str] = &["web", "db", "cache", "combo", "node", "gateway", "mail", "proxy", "storage", "calvin"];
const WORDS: &[&str] = &[
    "orders", "users", "billing", "catalog", "metrics", "photo", "video", "search", "report", "invoice", "session",
    "token", "daemon", "monitor", "sensor", "weather", "browser", "printer", "camera", "ledger", "basket", "archive",
    "policy", "tracker", "planner", "wallet", "notes", "radio", "garden", "bridge", "engine", "planet", "rocket",
    "silver", "copper",
];
