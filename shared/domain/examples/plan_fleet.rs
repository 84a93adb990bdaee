//! How long a plan of many alarms takes, and how much memory: `cargo run -p nightjar-domain --example plan_fleet -- 5000`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example that stops at the first surprise, and tells")]

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::coverage::{
    AlarmState, CoverageInput, CoverageReport, ExistingAlarm, Ownership, Policy, arn, plan_coverage,
};
use nightjar_domain::onboarding::{Discovered, ListedMetric};

const KINDS: [&str; 10] = [
    "ec2:eu-west-1:111122223333:instance/i-",
    "ec2:eu-west-1:111122223333:volume/vol-",
    "rds:eu-west-1:111122223333:db:orders-",
    "lambda:eu-west-1:111122223333:function:pay-",
    "dynamodb:eu-west-1:111122223333:table/carts-",
    "sqs:eu-west-1:111122223333:work-",
    "sns:eu-west-1:111122223333:news-",
    "ecs:eu-west-1:111122223333:service/shop/cart-",
    "elasticache:eu-west-1:111122223333:cluster:sessions-",
    "kinesis:eu-west-1:111122223333:stream/clicks-",
];

fn main() {
    let count: usize = std::env::args().nth(1).map_or(5000, |text| text.parse().unwrap());
    let mut discovered = Discovered::default();
    for number in 0..count {
        let arn = format!("arn:aws:{}{number:05}", KINDS[number % KINDS.len()]);
        let tags = BTreeMap::from([
            ("aiops:monitor".to_owned(), "true".to_owned()),
            ("aiops:alarms".to_owned(), "all".to_owned()),
            ("Owner".to_owned(), format!("team-{}", number % 40)),
        ]);
        let resource = arn::found(&arn, tags, ("111122223333", "eu-west-1")).unwrap();
        if resource.reference.kind == "ec2:instance" {
            for (name, path) in
                [("mem_used_percent", None), ("disk_used_percent", Some("/")), ("disk_used_percent", Some("/data"))]
            {
                let mut dimensions = BTreeMap::from([("InstanceId".to_owned(), resource.reference.id.clone())]);
                dimensions.extend(path.map(|path| ("path".to_owned(), path.to_owned())));
                discovered.listed_metrics.push(ListedMetric {
                    namespace: "CWAgent".into(),
                    name: name.into(),
                    dimensions,
                });
            }
        }
        discovered.resources.push(resource);
    }
    let policy = Policy {
        prefix: "aiops".to_owned(),
        alarms_topic: "arn:aws:sns:eu-west-1:111122223333:aiops-alarms".to_owned(),
        ops_topic: "arn:aws:sns:eu-west-1:111122223333:aiops-ops".to_owned(),
        max_alarms: 100_000,
        quota: 100_000,
        owner_tag: "Owner".to_owned(),
        log_groups_tag: "aiops:log-groups".to_owned(),
        allow_mass_deletion: false,
        composites: false,
        elsewhere: false,
    };
    let catalogue = Catalogue::bundled().unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let input = |existing| CoverageInput {
        discovered: &discovered,
        catalogue: &catalogue,
        existing,
        composites: &[],
        others: 0,
        policy: &policy,
        now,
    };
    let plan = timed("first plan", || plan_coverage(input(&[])));
    let report = CoverageReport::new(&plan);
    println!(
        "{count} resources: {} alarms to create, ${} a month, score {}",
        report.to_create, report.usd_a_month.after, report.summary.score
    );
    let existing: Vec<ExistingAlarm> = plan
        .create
        .into_iter()
        .map(|creation| ExistingAlarm {
            spec: creation.alarm,
            actions_enabled: true,
            state: AlarmState::Ok,
            state_since: now,
            ownership: Ownership::Unknown,
        })
        .collect();
    drop(plan.resources);
    let second = timed("second plan", || plan_coverage(input(&existing)));
    println!("second plan empty: {}, score {}", second.steps() == 0, second.score());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!("{peak}");
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    println!("{what}: {:.3} s", start.elapsed().as_secs_f64());
    done
}
