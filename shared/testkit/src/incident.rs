//! The anomaly and the incident it opens.

use jiff::SignedDuration;
use nightjar_domain::anomaly::{Anomaly, ExpectedRange};
use nightjar_domain::escalation::{Decision, Escalation};
use nightjar_domain::incident::Incident;
use nightjar_domain::severity::Severity;

use crate::diagnosis::finding;
use crate::resource::{metric, resource_ref};
use crate::time::at;

const DETECTOR: &str = "nightjar-1";

/// CPU at 97.2 % where 18 to 31 % is usual, at 09:55 to 10:00.
pub fn anomaly() -> Anomaly {
    let window_end = at("2026-11-21T10:00:00Z");
    Anomaly {
        id: Anomaly::identify(&metric(), window_end),
        resource: resource_ref(),
        metric: metric(),
        window_start: at("2026-11-21T09:55:00Z"),
        window_end,
        observed: 97.2,
        expected: ExpectedRange { low: 18.0, typical: 24.5, high: 31.0 },
        score: 0.985,
        severity: Severity::High,
        reasons: vec!["97.2 where 24.5 is typical at this time of day".to_owned()],
        detector: DETECTOR.to_owned(),
    }
}

/// The incident of [`anomaly`] and [`finding`], escalated, opened at 10:01.
pub fn incident() -> Incident {
    incident_of(anomaly())
}

/// The incident that `anomaly` opens one minute after its window.
pub fn incident_of(anomaly: Anomaly) -> Incident {
    let opened_at = anomaly.window_end + SignedDuration::from_mins(1);
    let finding = finding();
    let because = format!("critical evidence: {}", finding.summary);
    let severity = Severity::Critical.max(anomaly.severity);
    let decision = Decision { escalation: Escalation::Escalated { because }, severity };
    Incident::open(anomaly, finding, decision, "log-analyzer-rca", opened_at)
}

/// `count` incidents of the same series, newest first, five minutes apart.
pub fn incidents(count: u32) -> Vec<Incident> {
    let newest = anomaly();
    (0..count)
        .map(|index| {
            let earlier = SignedDuration::from_mins(5 * i64::from(index));
            let window_end = newest.window_end - earlier;
            incident_of(Anomaly {
                id: Anomaly::identify(&newest.metric, window_end),
                window_start: newest.window_start - earlier,
                window_end,
                ..newest.clone()
            })
        })
        .collect()
}
