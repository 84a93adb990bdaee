//! Events of one principal, and what is remembered of it, to stories and what is to be remembered then.
//!
//! Everything that is remembered belongs to one principal, except the correlations over several of them
//! ([`RuleSet::split_by_principal`]), which belong to the account. So functions that run at the same time meet only where
//! the same principal acts, and a condition on one item's version is enough to keep them from overwriting each other.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use nightjar_domain::id::FactId;
use nightjar_domain::security::AttackStory;
use rsigma_eval::CorrelationSnapshot;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::baseline::Baseline;
use crate::detector::{Detector, Match, Options};
use crate::facts;
use crate::noise::Noise;
use crate::rules::{RuleInfo, RuleProblem, RuleSet};
use crate::story::{self, Policy, Told};

/// The form of [`Memory`]; another one is not read.
const FORM: u32 = 1;
/// Encoded bytes of one memory, below the 400 KB that DynamoDB takes. Above, correlations under way are forgotten first.
const MAX_BYTES: usize = 300_000;
/// Bytes that an encoded memory may unpack to.
const MAX_UNPACKED_BYTES: u64 = 64 << 20;

/// What is remembered of a principal, or of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Memory {
    form: u32,
    pub baseline: Baseline,
    correlations: CorrelationSnapshot,
    /// Time of the latest event that a correlation counted, in seconds since 1970.
    latest: i64,
    /// The stories that may still go on.
    pub stories: Vec<AttackStory>,
}

impl Default for Memory {
    fn default() -> Self {
        let nothing = CorrelationSnapshot {
            version: 1,
            windows: std::collections::HashMap::default(),
            last_alert: std::collections::HashMap::default(),
            event_buffers: std::collections::HashMap::default(),
            event_ref_buffers: std::collections::HashMap::default(),
        };
        Self { form: FORM, baseline: Baseline::default(), correlations: nothing, latest: 0, stories: Vec::new() }
    }
}

/// A memory that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    #[error("it is damaged: {0}")]
    Damaged(#[from] std::io::Error),
    #[error("it does not have the expected form: {0}")]
    Form(#[from] serde_json::Error),
    #[error("it has form {found}, and only {FORM} is known here")]
    Version { found: u32 },
}

impl Memory {
    /// Compressed JSON. Correlations under way are left out where it would be too large for an item.
    pub fn encode(&self) -> Result<Vec<u8>, MemoryError> {
        let whole = packed(self)?;
        if whole.len() <= MAX_BYTES {
            return Ok(whole);
        }
        packed(&Self { correlations: Self::default().correlations, ..self.clone() })
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, MemoryError> {
        let mut json = Vec::new();
        GzDecoder::new(bytes).take(MAX_UNPACKED_BYTES).read_to_end(&mut json)?;
        let memory: Self = serde_json::from_slice(&json)?;
        if memory.form == FORM { Ok(memory) } else { Err(MemoryError::Version { found: memory.form }) }
    }
}

fn packed(memory: &Memory) -> Result<Vec<u8>, MemoryError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&serde_json::to_vec(memory)?)?;
    Ok(encoder.finish()?)
}

/// An event with whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// `eventID`; for an event without one, derived from its content.
    pub id: String,
    pub at: Option<Timestamp>,
    /// The account and principal whose memory it needs.
    pub principal: String,
    /// The account whose memory it needs besides.
    pub account: Option<String>,
    event: Value,
}

/// What the events of one principal came to.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    pub memory: Memory,
    pub account_memory: Memory,
    /// Ids of the events that changed a memory: judged again, they would count twice.
    pub eventful: Vec<String>,
    /// What matched and was not expected.
    pub matches: Vec<Match>,
    /// What matched and was expected, each with why.
    pub expected: Vec<(Match, String)>,
    /// Whether a story began, or changed so that a reader would see it.
    pub changed: bool,
}

/// Rules and noise control at work.
#[derive(Debug)]
pub struct Monitor {
    own: Detector,
    several: Detector,
    has_several: bool,
    noise: Noise,
    policy: Policy,
    options: Options,
    rules: Vec<RuleInfo>,
    problems: Vec<RuleProblem>,
}

impl Monitor {
    pub fn new(rules: &RuleSet, noise: Noise) -> Self {
        let options =
            Options { trusted_accounts: noise.trusted_accounts.iter().cloned().collect(), ..Options::default() };
        let (own, several) = rules.split_by_principal();
        let has_several = !several.is_empty();
        let (own, own_problems) = Detector::new(&own, options.clone());
        let (several, several_problems) = Detector::new(&several, options.clone());
        let problems = rules.problems().iter().cloned().chain(own_problems).chain(several_problems).collect();
        let infos = rules.infos().iter().filter(|info| !info.feeds_only).cloned().collect();
        Self { own, several, has_several, noise, policy: Policy::default(), options, rules: infos, problems }
    }

    /// The rules that make matches.
    pub fn rules(&self) -> &[RuleInfo] {
        &self.rules
    }

    /// Rules that do not load.
    pub fn problems(&self) -> &[RuleProblem] {
        &self.problems
    }

    pub fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Adds what rules need and an event does not say, and finds out whose it is.
    pub fn receive(&self, mut event: Value) -> Incoming {
        facts::enrich(&mut event, &self.options.trusted_accounts);
        let text = |path: &str| event.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let account = text("/recipientAccountId").or_else(|| text("/userIdentity/accountId")).unwrap_or("unknown");
        let id = text("/eventID").map(str::to_owned);
        Incoming {
            id: id.unwrap_or_else(|| FactId::derive(&[&event.to_string()]).to_string()),
            at: text("/eventTime").and_then(|text| text.parse().ok()),
            principal: format!("{account}#{}", facts::actor(&event)),
            account: (self.has_several && self.several.looks_for(&event)).then(|| account.to_owned()),
            event,
        }
    }

    /// Judges events of one principal, in the order of their time, on what is remembered of it and of its account.
    pub fn judge(&mut self, mut events: Vec<Incoming>, memory: Memory, account_memory: Memory) -> Verdict {
        events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let Memory { mut baseline, correlations, latest, mut stories, .. } = memory;
        let revisions = |stories: &[AttackStory]| stories.iter().map(|story| u64::from(story.revision)).sum::<u64>();
        let before = revisions(&stories);
        self.own.resume(correlations, latest);
        let mut verdict = Verdict::default();
        let uses_account = events.iter().any(|incoming| incoming.account.is_some());
        if uses_account {
            self.several.resume(account_memory.correlations.clone(), account_memory.latest);
        }
        for incoming in &mut events {
            let mut judged = self.own.judge(&mut incoming.event, &mut baseline);
            if incoming.account.is_some() {
                judged.matches.extend(self.several.judge(&mut incoming.event, &mut Baseline::default()).matches);
                judged.eventful = true;
            }
            if judged.eventful {
                verdict.eventful.push(incoming.id.clone());
            }
            for mut found in judged.matches {
                found.event_id.clone_from(&incoming.id);
                if let Some(why) = self.noise.expects(&found) {
                    let why = why.to_owned();
                    verdict.expected.push((found, why));
                    continue;
                }
                // A story that is opened may push an older one out, so the sum alone would not tell.
                let told = story::add(&mut stories, &found, &self.policy);
                verdict.changed |= matches!(told, Told::Opened(_) | Told::Grew(_));
                verdict.matches.push(found);
            }
        }
        verdict.changed |= revisions(&stories) != before;
        if let Some(last) = events.iter().filter_map(|incoming| incoming.at).max() {
            story::close(&mut stories, last, &self.policy);
        }
        verdict.account_memory = account_memory;
        if uses_account {
            verdict.account_memory.correlations = self.several.correlations();
            verdict.account_memory.latest = self.several.latest();
        }
        verdict.memory =
            Memory { form: FORM, baseline, correlations: self.own.correlations(), latest: self.own.latest(), stories };
        verdict
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::month::Month;

    fn event(id: &str, name: &str, second: i64) -> Value {
        json!({
            "eventID": id, "eventName": name, "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "eu-west-1",
            "eventTime": Timestamp::from_second(1_772_409_600 + second).unwrap().to_string(),
            "sourceIPAddress": "203.0.113.9", "recipientAccountId": "111122223333", "readOnly": false,
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve", "accessKeyId": "AKIAEXAMPLE",
                "userName": "eve", "accountId": "111122223333"},
            "requestParameters": {"name": "main"},
        })
    }

    fn failed_login(user: &str, second: i64) -> Value {
        json!({
            "eventID": format!("login-{user}"), "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com",
            "eventTime": Timestamp::from_second(1_772_409_600 + second).unwrap().to_string(), "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.7", "recipientAccountId": "111122223333", "readOnly": false,
            "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": user, "accessKeyId": ""},
            "responseElements": {"ConsoleLogin": "Failure"}, "errorMessage": "Failed authentication",
        })
    }

    fn monitor() -> Monitor {
        Monitor::new(&RuleSet::bundled(), Noise::default())
    }

    #[test]
    fn one_event_begins_a_story_and_the_next_one_goes_on_with_it() {
        let mut monitor = monitor();
        let first = monitor.receive(event("1", "StopLogging", 0));
        assert_eq!(first.principal, "111122223333#arn:aws:iam::111122223333:user/eve");
        assert_eq!(first.account, None);
        let verdict = monitor.judge(vec![first], Memory::default(), Memory::default());
        assert!(verdict.changed && verdict.eventful == ["1"]);
        let memory = Memory::decode(&verdict.memory.encode().unwrap()).unwrap();
        assert_eq!(memory.stories.len(), 1);

        let second = monitor.receive(event("2", "DeleteTrail", 60));
        let verdict = monitor.judge(vec![second], memory, Memory::default());
        assert_eq!(verdict.memory.stories.len(), 1);
        assert_eq!(verdict.memory.stories[0].first_at.to_string(), "2026-03-02T00:00:00Z");
        assert!(verdict.memory.stories[0].matches >= 2);
    }

    #[test]
    fn an_ordinary_call_changes_nothing_the_second_time() {
        let mut monitor = monitor();
        let call = |monitor: &Monitor, second| monitor.receive(event("1", "DescribeTrails", second));
        let first = call(&monitor, 0);
        let verdict = monitor.judge(vec![first], Memory::default(), Memory::default());
        let again = Monitor::new(&RuleSet::load([]), Noise::default()).judge(
            vec![call(&monitor, 9)],
            verdict.memory.clone(),
            Memory::default(),
        );
        assert_eq!(again.eventful, Vec::<String>::new());
        assert_eq!(again.memory.baseline, verdict.memory.baseline);
    }

    #[test]
    fn what_crosses_principals_is_remembered_by_the_account() {
        let mut monitor = monitor();
        let mut account = Memory::default();
        let mut titles = Vec::new();
        for (number, user) in ["ada", "ben", "carla", "dmitri", "eve", "fay", "gus", "hal"].iter().enumerate() {
            let incoming = monitor.receive(failed_login(user, number as i64 * 10));
            assert_eq!(incoming.account.as_deref(), Some("111122223333"));
            // Each user is a principal of its own: without the account's memory nobody would count.
            let verdict = monitor.judge(vec![incoming], Memory::default(), account);
            titles.extend(verdict.matches.into_iter().map(|found| found.title));
            account = verdict.account_memory;
        }
        let address = |info: &&RuleInfo| info.file.ends_with("login_failures_address.yml");
        let wanted =
            &RuleSet::bundled().infos().iter().find(|info| address(info) && !info.feeds_only).unwrap().title.clone();
        assert_eq!(titles.iter().filter(|title| *title == wanted).count(), 1, "{titles:?}");
    }

    #[test]
    fn a_memory_holds_nothing_of_the_principal_that_was_judged_before() {
        let mut monitor = monitor();
        let month: Vec<Value> = Month::new(5).take(3_000).collect();
        let incoming: Vec<Incoming> = month.into_iter().map(|event| monitor.receive(event)).collect();
        let mine =
            incoming.iter().find(|incoming| incoming.principal.ends_with("role/terraform")).unwrap().principal.clone();
        let own: Vec<Incoming> = incoming.iter().filter(|incoming| incoming.principal == mine).cloned().collect();
        let alone = monitor.judge(own.clone(), Memory::default(), Memory::default());
        let others = incoming.into_iter().filter(|incoming| incoming.principal != mine).collect();
        monitor.judge(others, Memory::default(), Memory::default());
        let after = monitor.judge(own, Memory::default(), Memory::default());
        let sorted = |memory: &Memory| {
            let mut groups: Vec<String> = memory
                .correlations
                .windows
                .iter()
                .flat_map(|(rule, groups)| groups.iter().map(move |(key, _)| format!("{rule} {key:?}")))
                .collect();
            groups.sort();
            (groups, memory.latest, memory.baseline.clone())
        };
        assert_eq!(sorted(&alone.memory), sorted(&after.memory));
    }

    #[test]
    fn what_is_expected_is_told_apart_and_opens_nothing() {
        let noise =
            Noise::parse(r#"{"expected":[{"why":"the trail is moved","principals":["arn:aws:iam::*:user/eve"]}]}"#);
        let mut monitor = Monitor::new(&RuleSet::bundled(), noise.unwrap());
        let incoming = monitor.receive(event("1", "StopLogging", 0));
        let verdict = monitor.judge(vec![incoming], Memory::default(), Memory::default());
        assert_eq!((verdict.matches.len(), verdict.changed, verdict.memory.stories.len()), (0, false, 0));
        assert_eq!(verdict.expected[0].1, "the trail is moved");
    }

    #[test]
    fn damage_and_other_forms_are_named() {
        assert!(matches!(Memory::decode(b"nonsense"), Err(MemoryError::Damaged(_))));
        let other = Memory { form: 9, ..Memory::default() };
        assert!(matches!(Memory::decode(&packed(&other).unwrap()), Err(MemoryError::Version { found: 9 })));
    }

    #[test]
    fn a_memory_fits_an_item_whatever_it_saw() {
        let mut monitor = monitor();
        let flood: Vec<Incoming> = (0..3_000)
            .map(|number| {
                let mut event = event(&number.to_string(), "DescribeInstanceAttribute", number);
                event["eventSource"] = json!("ec2.amazonaws.com");
                let noise: String =
                    (0..500).map(|k| char::from(b'a' + ((number * 31 + k * k * 7 + number * k) % 26) as u8)).collect();
                event["requestParameters"] = json!({"attribute": "userData", "instanceId": noise});
                monitor.receive(event)
            })
            .collect();
        let verdict = monitor.judge(flood, Memory::default(), Memory::default());
        assert!(verdict.memory.encode().unwrap().len() <= MAX_BYTES);
    }
}
