//! Which hypothesis comes first: what explains the others counts more than what follows from them.

use super::case::settle;
use super::facts::Facts;
use super::finding::{Argument, Cause, UNKNOWN, title};
use crate::severity::Severity;

/// Below this a name would be a guess.
const NAMEABLE: f64 = 0.42;
/// A cause below this does not explain anything away.
const CONVINCING: f64 = 0.5;
/// What remains as a hypothesis of its own.
const WORTH_TELLING: f64 = 0.08;
/// How much of its confidence a consequence loses.
const CONSEQUENCE: f64 = 0.4;
/// How many hypotheses a finding keeps.
const MAX_CAUSES: usize = 6;

/// What a cause brings with it: the full disk stops the database, whose clients then cannot connect.
const EXPLAINS: &[(&str, &[&str])] = &[
    (
        "memory_exhaustion",
        &[
            "crash",
            "dependency_failure",
            "connection_pool_exhaustion",
            "cpu_exhaustion",
            "lock_contention",
            "traffic_surge",
            "configuration_change",
            "infrastructure_failure",
        ],
    ),
    (
        "disk_full",
        &[
            "crash",
            "dependency_failure",
            "connection_pool_exhaustion",
            "infrastructure_failure",
            "bad_deploy",
            "configuration_change",
            "lock_contention",
            "traffic_surge",
        ],
    ),
    (
        "file_descriptor_exhaustion",
        &[
            "dependency_failure",
            "crash",
            "dns_failure",
            "connection_pool_exhaustion",
            "traffic_surge",
            "configuration_change",
        ],
    ),
    ("connection_pool_exhaustion", &["dependency_failure", "traffic_surge", "crash"]),
    (
        "infrastructure_failure",
        &[
            "dependency_failure",
            "crash",
            "disk_full",
            "dns_failure",
            "cpu_exhaustion",
            "lock_contention",
            "connection_pool_exhaustion",
        ],
    ),
    (
        "certificate_failure",
        &["dependency_failure", "authentication_failure", "configuration_change", "connection_pool_exhaustion"],
    ),
    ("dns_failure", &["dependency_failure", "connection_pool_exhaustion", "configuration_change", "bad_deploy"]),
    ("authentication_failure", &["dependency_failure", "connection_pool_exhaustion", "brute_force"]),
    ("throttling", &["dependency_failure", "traffic_surge", "connection_pool_exhaustion"]),
    ("credit_exhaustion", &["cpu_exhaustion", "dependency_failure", "traffic_surge", "noisy_neighbour"]),
    ("noisy_neighbour", &["cpu_exhaustion", "dependency_failure", "traffic_surge"]),
    ("lock_contention", &["dependency_failure", "connection_pool_exhaustion", "cpu_exhaustion", "traffic_surge"]),
    ("traffic_surge", &["cpu_exhaustion", "connection_pool_exhaustion", "throttling", "dependency_failure"]),
    ("cpu_exhaustion", &["dependency_failure", "traffic_surge"]),
    ("brute_force", &["authentication_failure", "cpu_exhaustion", "dependency_failure", "crash", "traffic_surge"]),
    (
        "crypto_mining",
        &["cpu_exhaustion", "dependency_failure", "traffic_surge", "throttling", "authentication_failure"],
    ),
    ("bad_deploy", &["dependency_failure", "crash", "configuration_change"]),
    (
        "configuration_change",
        &[
            "dependency_failure",
            "authentication_failure",
            "dns_failure",
            "certificate_failure",
            "crash",
            "connection_pool_exhaustion",
            "bad_deploy",
        ],
    ),
];

/// Ranks the hypotheses, likeliest first. Where none can be named, `unknown` comes first, with what it rests on.
pub(super) fn rank(mut causes: Vec<Cause>, facts: &Facts<'_>) -> Vec<Cause> {
    explain_away(&mut causes);
    causes.retain(|cause| cause.confidence >= WORTH_TELLING);
    causes.sort_by(|a, b| {
        b.confidence.total_cmp(&a.confidence).then(b.events.cmp(&a.events)).then_with(|| a.kind.cmp(&b.kind))
    });
    let best = causes.first().map_or(0.0, |cause| cause.confidence);
    if best < NAMEABLE {
        causes.insert(0, unknown(facts, &causes));
    }
    causes.truncate(MAX_CAUSES);
    causes
}

fn explain_away(causes: &mut [Cause]) {
    let standing: Vec<(String, f64)> = causes.iter().map(|cause| (cause.kind.clone(), cause.confidence)).collect();
    for cause in causes {
        let explainer = standing
            .iter()
            .filter(|(kind, confidence)| {
                *confidence >= CONVINCING
                    && explains(kind, &cause.kind)
                    && (!explains(&cause.kind, kind) || *confidence > cause.confidence)
            })
            .max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
        if let Some((kind, _)) = explainer {
            let text = format!("{} would bring it about", title(kind).to_lowercase());
            cause.contradicts.push(Argument { weight: CONSEQUENCE, text });
            settle(cause);
        }
    }
}

fn explains(cause: &str, consequence: &str) -> bool {
    EXPLAINS.iter().any(|(kind, follows)| *kind == cause && follows.contains(&consequence))
}

fn unknown(facts: &Facts<'_>, others: &[Cause]) -> Cause {
    let best = others.first().map_or(0.0, |cause| cause.confidence);
    let mut supports = vec![match others.first() {
        Some(other) => Argument {
            weight: 1.0 - best,
            text: format!("the best guess, {}, reaches only {:.0} %", other.title().to_lowercase(), best * 100.0),
        },
        None => Argument { weight: 1.0 - best, text: "nothing that was read points to a cause".to_owned() },
    }];
    supports.extend(
        facts
            .gaps
            .iter()
            .map(|gap| Argument { weight: 0.0, text: format!("not read: {}: {}", gap.source, gap.reason) }),
    );
    let next_step = match facts.gaps.first() {
        Some(gap) => format!("Close the gap first: {} ({}).", gap.source, gap.reason),
        None => {
            "Look at what the metric's own users did at that time; nothing that was read tells of a fault.".to_owned()
        }
    };
    Cause {
        kind: UNKNOWN.to_owned(),
        confidence: (1.0 - best).clamp(0.0, 0.95),
        severity: facts.anomaly.map_or(Severity::Medium, |anomaly| anomaly.severity),
        events: 0,
        templates: Vec::new(),
        supports,
        contradicts: Vec::new(),
        next_step,
        runbook: None,
    }
}
