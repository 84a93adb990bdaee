//! What an incident of kind `security` is about: one principal, and what it did that security rules look for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::anomaly::{Anomaly, ExpectedRange};
use crate::diagnosis::{BlastRadius, Finding};
use crate::escalation::Escalation;
use crate::id::{AnomalyId, IncidentId};
use crate::incident::{Incident, IncidentKind, Status, StatusChange};
use crate::metric::Metric;
use crate::resource::ResourceRef;
use crate::severity::Severity;

/// The metric under which readers of any incident see one of kind `security`: how often rules matched.
const NAMESPACE: &str = "Nightjar/Security";
const METRIC: &str = "RuleMatches";

/// One attack as it is seen in CloudTrail: a chain of tactics by one principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttackStory {
    pub id: IncidentId,
    /// The ARN of the user or role behind the calls, or the name of whom CloudTrail gives no ARN.
    pub principal: String,
    /// The sessions of the role that took part, or the user itself; at most ten.
    pub sessions: Vec<String>,
    pub account: String,
    /// At most ten, in the order in which they appeared.
    pub regions: Vec<String>,
    /// Where the calls came from; at most ten.
    pub addresses: Vec<String>,
    /// The long-term keys that the calls were made with; at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_keys: Vec<String>,
    pub severity: Severity,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// ATT&CK tactics in the order in which they appeared.
    pub tactics: Vec<String>,
    pub steps: Vec<AttackStep>,
    /// Rules beyond those kept in `steps`.
    pub more_steps: u64,
    /// Matches of any rule, all together.
    pub matches: u64,
    /// Grows with every change that a reader would see.
    pub revision: u32,
    /// The revision that was worth telling people about: the first, one that is worse, or a new tactic.
    pub told: u32,
}

/// One rule that matched, once or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttackStep {
    pub rule_id: String,
    pub title: String,
    pub severity: Severity,
    /// ATT&CK tags, such as `attack.t1562.008`.
    pub tags: Vec<String>,
    pub event_name: String,
    /// The id of the first event that matched; for a correlation, of the one that completed it.
    pub event_id: String,
    pub at: Timestamp,
    pub times: u64,
    /// What the call acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The error that AWS answered, where the call was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why the rule exists.
    pub why: String,
    /// What to do first.
    pub response: String,
}

impl AttackStory {
    /// What happened, in one line.
    pub fn title(&self) -> String {
        let worst = self.worst().map_or("Security event", |step| step.title.as_str());
        let name = self.name();
        match self.steps.len() as u64 + self.more_steps {
            0 | 1 => format!("{worst}: {name}"),
            2 => format!("{worst}, and 1 more finding: {name}"),
            n => format!("{worst}, and {} more findings: {name}", n - 1),
        }
    }

    /// What happened, in a sentence.
    pub fn summary(&self) -> String {
        let tactics = if self.tactics.is_empty() { "no tactic named".to_owned() } else { self.tactics.join(", ") };
        let from = self.addresses.first().map_or("unknown addresses", String::as_str);
        let rules = self.steps.len() as u64 + self.more_steps;
        let plural = if rules == 1 { "" } else { "s" };
        format!("{} satisfied {rules} security rule{plural} from {from}: {tactics}", self.name())
    }

    /// The step to act on first: the first of the worst.
    pub fn worst(&self) -> Option<&AttackStep> {
        self.steps.iter().rev().max_by_key(|step| step.severity)
    }

    /// `role/deploy` of `arn:aws:iam::1:role/deploy`.
    pub fn name(&self) -> &str {
        short(&self.principal)
    }
}

fn short(principal: &str) -> &str {
    if principal.starts_with("arn:") { principal.rsplit(':').next().unwrap_or(principal) } else { principal }
}

/// `iam:user`, `iam:role`, `iam:root`; `iam:principal` for a service or somebody of another account.
fn resource_type(principal: &str) -> &'static str {
    match short(principal).split('/').next() {
        Some("user") => "iam:user",
        Some("role" | "assumed-role") => "iam:role",
        Some("root") => "iam:root",
        _ => "iam:principal",
    }
}

/// Whether people are told of a story, with the reason.
pub fn escalate(story: &AttackStory, told_from: Severity) -> Escalation {
    if story.severity >= told_from {
        Escalation::Escalated { because: format!("{} security finding: {}", story.severity, story.summary()) }
    } else {
        Escalation::Recorded { because: format!("the security finding is {}, below {told_from}", story.severity) }
    }
}

impl Incident {
    /// Opens the incident of a story. `by` names the function that did.
    pub fn of_attack(story: AttackStory, told_from: Severity, by: &str, now: Timestamp) -> Self {
        let escalation = escalate(&story, told_from);
        let opened = opened(by, escalation.because().to_owned(), now);
        Self {
            id: story.id.clone(),
            kind: IncidentKind::Security,
            title: story.title(),
            status: Status::Open,
            severity: story.severity,
            opened_at: now,
            anomaly: matches_as_anomaly(&story),
            finding: finding(&story),
            escalation,
            timeline: vec![opened],
            // Nothing measures that an attack is over: only people resolve it.
            sources: Vec::new(),
            flaps: 0,
            assignee: None,
            looked_at: None,
            feedback: None,
            version: 1,
            security: Some(story),
        }
    }

    /// The incident with what is known of its story now; `None` where it knows as much or more. A story that goes on after
    /// somebody resolved it opens its incident again.
    pub fn with_story(&self, story: &AttackStory, told_from: Severity, by: &str, now: Timestamp) -> Option<Self> {
        let known = self.security.as_ref()?;
        if known.revision >= story.revision {
            return None;
        }
        let mut incident = Self::of_attack(story.clone(), told_from, by, now);
        incident.opened_at = self.opened_at;
        incident.timeline.clone_from(&self.timeline);
        incident.feedback.clone_from(&self.feedback);
        incident.status = self.status;
        if self.status == Status::Resolved && known.told < story.told {
            incident.status = Status::Open;
            let why = format!("it went on: {}", story.summary());
            incident.timeline.push(opened(by, why, now));
        }
        incident.version = self.version + 1;
        Some(incident)
    }
}

fn opened(by: &str, why: String, now: Timestamp) -> StatusChange {
    StatusChange { at: now, by: by.to_owned(), to: Status::Open, why, until: None, evidence: None, assignee: None }
}

/// The story as every reader of incidents knows to show one: rules matched so often where nothing was expected.
fn matches_as_anomaly(story: &AttackStory) -> Anomaly {
    let region = story.regions.first().cloned().unwrap_or_default();
    let dimensions = [("Principal".to_owned(), story.principal.clone())].into();
    Anomaly {
        id: AnomalyId::derive(&[story.id.as_str()]),
        resource: ResourceRef {
            arn: story.principal.clone(),
            id: story.name().to_owned(),
            kind: resource_type(&story.principal).to_owned(),
            region,
            account: story.account.clone(),
            name: None,
        },
        metric: Metric {
            namespace: NAMESPACE.to_owned(),
            name: METRIC.to_owned(),
            dimensions,
            statistic: "Sum".to_owned(),
            period_seconds: 60,
            scope: None,
        },
        window_start: story.first_at,
        window_end: story.last_at,
        observed: story.matches as f64,
        expected: ExpectedRange { low: 0.0, typical: 0.0, high: 0.0 },
        score: 1.0,
        severity: story.severity,
        reasons: story.steps.iter().map(|step| step.title.clone()).collect(),
        detector: "security rules".to_owned(),
    }
}

/// Nothing was searched for: what is known stands in the story.
fn finding(story: &AttackStory) -> Finding {
    Finding {
        summary: story.summary(),
        causes: Vec::new(),
        error_events: 0,
        patterns: Vec::new(),
        patterns_cut: 0,
        changes: Vec::new(),
        changes_cut: 0,
        metrics: Vec::new(),
        recent: None,
        blast_radius: BlastRadius::default(),
        state: None,
        history: Vec::new(),
        searches: Vec::new(),
        gaps: Vec::new(),
        cost_usd: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn story(principal: &str, severities: &[Severity]) -> AttackStory {
        let step = |(index, severity): (usize, &Severity)| AttackStep {
            rule_id: index.to_string(),
            title: format!("Rule {index}"),
            severity: *severity,
            tags: vec!["attack.impact".to_owned()],
            event_name: "StopLogging".to_owned(),
            event_id: format!("event-{index}"),
            at: at(index as i64),
            times: 1,
            target: None,
            error: None,
            why: String::new(),
            response: "Look.".to_owned(),
        };
        AttackStory {
            id: IncidentId::derive(&[principal]),
            principal: principal.to_owned(),
            sessions: Vec::new(),
            account: "111122223333".to_owned(),
            regions: vec!["eu-west-1".to_owned()],
            addresses: vec!["203.0.113.9".to_owned()],
            access_keys: Vec::new(),
            severity: severities.iter().copied().max().unwrap_or(Severity::Low),
            first_at: at(0),
            last_at: at(60),
            tactics: vec!["impact".to_owned()],
            steps: severities.iter().enumerate().map(step).collect(),
            more_steps: 0,
            matches: severities.len() as u64,
            revision: 1,
            told: 1,
        }
    }

    #[rstest::rstest]
    #[case::user("arn:aws:iam::111122223333:user/eve", "iam:user", "user/eve")]
    #[case::role("arn:aws:iam::111122223333:role/path/deploy", "iam:role", "role/path/deploy")]
    #[case::root("arn:aws:iam::111122223333:root", "iam:root", "root")]
    #[case::service("autoscaling.amazonaws.com", "iam:principal", "autoscaling.amazonaws.com")]
    #[case::unknown("", "iam:principal", "")]
    fn the_principal_is_the_resource(#[case] principal: &str, #[case] kind: &str, #[case] id: &str) {
        let incident = Incident::of_attack(story(principal, &[Severity::High]), Severity::Medium, "test", at(9));
        assert_eq!((incident.anomaly.resource.kind.as_str(), incident.anomaly.resource.id.as_str()), (kind, id));
        assert_eq!(incident.id, IncidentId::derive(&[principal]));
    }

    #[rstest::rstest]
    #[case::as_bad(Severity::Medium, true)]
    #[case::worse(Severity::Critical, true)]
    #[case::below(Severity::Low, false)]
    fn people_are_told_from_a_severity_on(#[case] severity: Severity, #[case] told: bool) {
        assert_eq!(escalate(&story("p", &[severity]), Severity::Medium).is_escalated(), told);
    }

    #[test]
    fn the_title_names_the_worst_and_counts_the_rest() {
        let told = story("arn:aws:iam::1:user/eve", &[Severity::Low, Severity::High, Severity::High]);
        assert_eq!(told.title(), "Rule 1, and 2 more findings: user/eve");
        assert_eq!(story("x", &[Severity::Low]).title(), "Rule 0: x");
    }

    #[test]
    fn a_story_that_goes_on_changes_its_incident_and_opens_it_again() {
        let first = story("p", &[Severity::Medium]);
        let mut incident = Incident::of_attack(first.clone(), Severity::Medium, "test", at(9));
        assert_eq!(incident.with_story(&first, Severity::Medium, "test", at(10)), None, "nothing is new");

        incident.status = Status::Resolved;
        let quiet = AttackStory { revision: 2, ..first.clone() };
        let grown = incident.with_story(&quiet, Severity::Medium, "test", at(10)).unwrap();
        assert_eq!((grown.status, grown.version, grown.opened_at), (Status::Resolved, 2, at(9)));

        let worse = AttackStory { revision: 3, told: 3, ..story("p", &[Severity::Medium, Severity::Critical]) };
        let grown = incident.with_story(&worse, Severity::Medium, "test", at(11)).unwrap();
        assert_eq!((grown.status, grown.severity), (Status::Open, Severity::Critical));
        assert_eq!(grown.timeline.len(), 2);
    }
}
