//! The example events beside each rule (`<rule>.tests.yml`), and whether the rule does with them what they claim.
//!
//! ```yaml
//! positive:
//!   - name: a user stops a trail
//!     as: user                      # whose call: see `identity`; default `user`
//!     event: {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging}
//! negative:
//!   - name: the pipeline reads the trail's state
//!     as: role
//!     event: {eventSource: cloudtrail.amazonaws.com, eventName: GetTrailStatus, readOnly: true}
//! ```
//!
//! `repeat: 10` makes ten events, `every: 20` seconds apart (default 10), in which `{n}` stands for 0 to 9. `events` gives
//! several instead of one. An event is laid over one with every field that CloudTrail documents as always present.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::detector::{Detector, Options};
use crate::rules::{RuleFile, RuleSet};

/// The account of the examples.
pub const ACCOUNT: &str = "111122223333";
/// An account that is not theirs.
pub const STRANGER: &str = "444455556666";

/// What stands in a test file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    #[serde(default)]
    pub positive: Vec<Case>,
    #[serde(default)]
    pub negative: Vec<Case>,
}

/// One example: some events, and a name that says what they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    #[serde(default, rename = "as")]
    pub identity: Option<String>,
    #[serde(default)]
    pub event: Option<Value>,
    #[serde(default)]
    pub events: Vec<Value>,
    #[serde(default)]
    pub repeat: Option<u32>,
    /// Seconds between events.
    #[serde(default)]
    pub every: Option<i64>,
    /// For files with several rules: the title of the one that must match.
    #[serde(default)]
    pub rule: Option<String>,
}

/// A case that did not do what it claims, or a file that cannot show anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct Failure {
    pub file: String,
    pub reason: String,
}

impl Cases {
    pub fn parse(text: &str) -> Result<Self, yaml_serde::Error> {
        yaml_serde::from_str(text)
    }
}

impl Case {
    /// The events of the example, in order.
    pub fn expand(&self) -> Result<Vec<Value>, String> {
        let who = identity(self.identity.as_deref().unwrap_or("user"))?;
        let templates: Vec<&Value> = self.event.iter().chain(&self.events).collect();
        if templates.is_empty() {
            return Err(format!("{:?} has no event", self.name));
        }
        let start: Timestamp = "2026-03-02T10:00:00Z".parse().map_err(|error: jiff::Error| error.to_string())?;
        let mut events = Vec::new();
        for round in 0..self.repeat.unwrap_or(1) {
            for template in &templates {
                let number = events.len();
                let at = start + SignedDuration::from_secs(number as i64 * self.every.unwrap_or(10));
                let mut event = json!({
                    "eventVersion": "1.10",
                    "userIdentity": who,
                    "eventTime": at.to_string(),
                    "awsRegion": "eu-west-1",
                    "sourceIPAddress": "203.0.113.10",
                    "userAgent": "aws-cli/2.15.0",
                    "requestParameters": null,
                    "responseElements": null,
                    "eventID": format!("example-{number}"),
                    "readOnly": false,
                    "eventType": "AwsApiCall",
                    "managementEvent": true,
                    "recipientAccountId": ACCOUNT,
                    "eventCategory": "Management",
                });
                overlay(&mut event, template);
                number_in(&mut event, round);
                events.push(event);
            }
        }
        Ok(events)
    }
}

/// The `userIdentity` of the kinds of caller that CloudTrail documents.
fn identity(kind: &str) -> Result<Value, String> {
    let session = |issuer: &str, name: &str| {
        let role = issuer.rsplit('/').next().unwrap_or(issuer);
        json!({
            "type": "AssumedRole",
            "principalId": format!("AROAEXAMPLE:{name}"),
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"),
            "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLE", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{issuer}"), "accountId": ACCOUNT, "userName": role},
                "attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "false"},
            },
        })
    };
    let user = |key: &str| {
        json!({
            "type": "IAMUser", "principalId": "AIDAEXAMPLE", "arn": format!("arn:aws:iam::{ACCOUNT}:user/jordan"),
            "accountId": ACCOUNT, "accessKeyId": key, "userName": "jordan",
        })
    };
    Ok(match kind {
        "user" => user("AKIAEXAMPLE"),
        "user_mfa" => {
            let mut who = user("ASIAEXAMPLE");
            who["sessionContext"] =
                json!({"attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "true"}});
            who
        }
        "role" => session("deploy-pipeline", "run-4711"),
        "sso" => {
            session("aws-reserved/sso.amazonaws.com/AWSReservedSSO_Operators_0123456789abcdef", "jordan@example.com")
        }
        "instance" => {
            let mut who = session("web-server", "i-0123456789abcdef0");
            who["sessionContext"]["ec2RoleDelivery"] = json!("2.0");
            who
        }
        "root" => json!({
            "type": "Root", "principalId": ACCOUNT, "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT,
            "accessKeyId": "ASIAEXAMPLE", "sessionContext": {"attributes": {"creationDate": "2026-03-02T09:00:00Z", "mfaAuthenticated": "true"}},
        }),
        "service" => json!({"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}),
        "stranger" => json!({"type": "AWSAccount", "principalId": "AIDASTRANGER", "accountId": STRANGER}),
        other => {
            return Err(format!(
                "there is no identity {other:?}: use user, user_mfa, role, sso, instance, root, service or stranger"
            ));
        }
    })
}

fn overlay(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                overlay(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => base.clone_from(over),
    }
}

fn number_in(value: &mut Value, number: u32) {
    match value {
        Value::String(text) if text.contains("{n}") => *text = text.replace("{n}", &number.to_string()),
        Value::Array(list) => list.iter_mut().for_each(|value| number_in(value, number)),
        Value::Object(map) => map.values_mut().for_each(|value| number_in(value, number)),
        _ => {}
    }
}

/// Runs the examples of one rule file against that file alone. Without a positive and a negative example that hold,
/// nothing is shown, and that is a failure too.
pub fn check(rules: &RuleFile, examples: Option<&str>) -> Vec<Failure> {
    let mut failures = Vec::new();
    let mut fail = |reason: String| failures.push(Failure { file: rules.name.clone(), reason });
    let set = RuleSet::load([rules.clone()]);
    for problem in set.problems() {
        fail(problem.to_string());
    }
    for info in set.infos().iter().filter(|info| !info.feeds_only) {
        for (what, missing) in [
            ("description (why the rule exists)", info.description.is_empty()),
            ("falsepositives", info.falsepositives.is_empty()),
            ("response (what to do first)", info.response.is_empty()),
            ("ATT&CK tactic and technique among its tags", info.tactics().is_empty() || info.techniques().is_empty()),
        ] {
            if missing {
                fail(format!("{:?} has no {what}", info.title));
            }
        }
    }
    let Some(examples) = examples else {
        fail("has no example events: put them into the .tests.yml beside it".to_owned());
        return failures;
    };
    let cases = match Cases::parse(examples) {
        Ok(cases) => cases,
        Err(error) => {
            fail(format!("the example events cannot be read: {error}"));
            return failures;
        }
    };
    for (kind, list) in [("positive", &cases.positive), ("negative", &cases.negative)] {
        if list.is_empty() {
            fail(format!("has no {kind} example"));
        }
    }
    let mut unshown: Vec<&str> =
        set.infos().iter().filter(|info| !info.feeds_only).map(|info| info.title.as_str()).collect();
    for (cases, wanted) in [(&cases.positive, true), (&cases.negative, false)] {
        for case in cases {
            let titles = match run(&set, case) {
                Ok(titles) => titles,
                Err(reason) => {
                    fail(reason);
                    continue;
                }
            };
            let hit = match &case.rule {
                Some(rule) => titles.contains(rule),
                None => !titles.is_empty(),
            };
            if hit != wanted {
                let claim = if wanted { "should match and does not" } else { "should not match and does" };
                fail(format!("{:?} {claim}", case.name));
            }
            if wanted {
                unshown.retain(|title| !titles.iter().any(|found| found == title));
            }
        }
    }
    for title in unshown {
        fail(format!("no positive example shows {title:?}"));
    }
    failures
}

/// The titles of the rules that match the events of a case.
pub fn run(set: &RuleSet, case: &Case) -> Result<Vec<String>, String> {
    let (mut detector, problems) = Detector::new(set, Options::default());
    if let Some(problem) = problems.first() {
        return Err(problem.to_string());
    }
    Ok(case.expand()?.into_iter().flat_map(|event| detector.observe(event)).map(|found| found.title).collect())
}
