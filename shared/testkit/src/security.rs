//! An attack in two steps, and its incident.

use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::security::{AttackStep, AttackStory};
use nightjar_domain::severity::Severity;

use crate::time::{at, now};

/// A user's key stops the trail and makes itself another key, at 09:58 and 09:59.
pub fn attack_story() -> AttackStory {
    let step = |number: u32, severity, title: &str, event: &str, tactic: &str| AttackStep {
        rule_id: format!("rule-{number}"),
        title: title.to_owned(),
        severity,
        tags: vec![format!("attack.{tactic}")],
        event_name: event.to_owned(),
        event_id: format!("event-{number}"),
        at: at(&format!("2026-11-21T09:5{}:00Z", 7 + number)),
        times: u64::from(number),
        target: Some(format!("target-{number}")),
        error: None,
        why: "Without the trail nobody sees what follows.".to_owned(),
        response: "Start the trail again, and disable the key.".to_owned(),
    };
    AttackStory {
        id: IncidentId::derive(&["attack"]),
        principal: "arn:aws:iam::111122223333:user/eve".to_owned(),
        sessions: vec!["arn:aws:iam::111122223333:user/eve".to_owned()],
        account: "111122223333".to_owned(),
        regions: vec!["us-east-1".to_owned()],
        addresses: vec!["203.0.113.9".to_owned()],
        access_keys: vec!["AKIAIOSFODNN7EXAMPLE".to_owned()],
        severity: Severity::High,
        first_at: at("2026-11-21T09:58:00Z"),
        last_at: at("2026-11-21T09:59:00Z"),
        tactics: vec!["defense-evasion".to_owned(), "persistence".to_owned()],
        steps: vec![
            step(1, Severity::High, "The trail was stopped", "StopLogging", "defense-evasion"),
            step(2, Severity::Medium, "A key for another user", "CreateAccessKey", "persistence"),
        ],
        more_steps: 0,
        matches: 3,
        revision: 2,
        told: 2,
    }
}

/// The incident of [`attack_story`], told to people.
pub fn security_incident() -> Incident {
    Incident::of_attack(attack_story(), Severity::Medium, "security-monitor", now())
}
