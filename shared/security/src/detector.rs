//! Events to matches.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use rsigma_eval::{CorrelationConfig, CorrelationEngine, CorrelationSnapshot, JsonEvent};
use rsigma_parser::SigmaCollection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::baseline::{Baseline, Limits};
use crate::facts;
use crate::rules::{Level, RuleInfo, RuleProblem, RuleSet};

/// Groups of correlations kept at once; beyond, the longest untouched go.
const MAX_GROUPS: usize = 20_000;
/// Entries kept per group and correlation: no threshold of ours comes near.
const MAX_GROUP_ENTRIES: usize = 2_000;
/// Seconds in which a correlation that matched is quiet about the same group.
const QUIET_SECONDS: u64 = 3600;
/// Event ids remembered to drop duplicates.
const MAX_SEEN: usize = 50_000;

/// How a detector judges.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Accounts of one's own organisation: letting them in is not letting in a stranger.
    pub trusted_accounts: BTreeSet<String>,
    pub baseline: Limits,
}

/// One rule that one event (or, for a correlation, the last of several) satisfied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    pub event_id: String,
    pub event_name: String,
    pub rule_id: String,
    pub title: String,
    pub level: Level,
    pub tags: Vec<String>,
    /// The rest is what incidents are made of.
    #[serde(skip)]
    pub context: Context,
}

/// Who did it, where, when, and how many events it took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    pub at: Option<Timestamp>,
    pub actor: String,
    pub session: String,
    pub account: String,
    pub region: String,
    pub source: String,
    pub address: String,
    /// A long-term key; empty where the call was made otherwise.
    #[serde(default)]
    pub access_key: String,
    pub target: Option<String>,
    pub error: Option<String>,
    /// The value a correlation reached; 1 for a single rule.
    pub count: u64,
    /// Why the rule exists.
    pub why: String,
    /// What to do first.
    pub response: String,
}

/// What one event came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    pub matches: Vec<Match>,
    /// Something was learned or counted: judging the same event again would not come to the same.
    pub eventful: bool,
}

/// A rule set at work, with the state of its correlations.
#[derive(Debug)]
pub struct Detector {
    engine: Engine,
    infos: HashMap<String, RuleInfo>,
    baseline: Baseline,
    options: Options,
    seen: HashSet<String>,
    seen_order: VecDeque<String>,
    latest: i64,
}

/// The engine itself cannot be printed.
struct Engine(CorrelationEngine);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CorrelationEngine").field("groups", &self.0.state_count()).finish_non_exhaustive()
    }
}

impl Detector {
    /// Puts `rules` to work. Everything in a [`RuleSet`] has been compiled once, so what the engine still refuses is a
    /// combination of rules, and is returned as a problem; the single rules work without the correlations then.
    pub fn new(rules: &RuleSet, options: Options) -> (Self, Vec<RuleProblem>) {
        let mut problems = Vec::new();
        let mut collection = SigmaCollection::new();
        collection.rules.clone_from(&rules.rules);
        collection.correlations.clone_from(&rules.correlations);
        collection.filters.clone_from(&rules.filters);
        let mut engine = CorrelationEngine::new(config());
        if let Err(error) = engine.add_collection(&collection) {
            problems.push(RuleProblem { file: "all files".to_owned(), rule: None, reason: error.to_string() });
            engine = CorrelationEngine::new(config());
            for rule in &rules.rules {
                if let Err(error) = engine.add_rule(rule) {
                    let rule = Some(rule.title.clone());
                    problems.push(RuleProblem { file: "all files".to_owned(), rule, reason: error.to_string() });
                }
            }
        }
        let infos = rules.infos().iter().map(|info| (info.id.clone(), info.clone())).collect();
        let detector = Self {
            engine: Engine(engine),
            infos,
            baseline: Baseline::default(),
            options,
            seen: HashSet::new(),
            seen_order: VecDeque::new(),
            latest: 0,
        };
        (detector, problems)
    }

    /// Judges one event, and learns from it. An event whose id was seen before matches nothing. A late event counts at
    /// its own time; one without a time is judged by the single rules alone.
    pub fn observe(&mut self, mut event: Value) -> Vec<Match> {
        if let Some(id) = event.get("eventID").and_then(Value::as_str)
            && !self.first_time(id)
        {
            return Vec::new();
        }
        facts::enrich(&mut event, &self.options.trusted_accounts);
        let mut baseline = std::mem::take(&mut self.baseline);
        let judged = self.judge(&mut event, &mut baseline);
        self.baseline = baseline;
        judged.matches
    }

    /// Judges one event that has its derived fields ([`facts::enrich`]), by the habits of `baseline`, which learns from it.
    /// Who calls this keeps an event from being judged twice.
    pub fn judge(&mut self, event: &mut Value, baseline: &mut Baseline) -> Judged {
        let at: Option<Timestamp> = text(event, "eventTime").parse().ok();
        let mut eventful = false;
        if let Some(at) = at {
            let service = text(event, "eventSource").trim_end_matches(".amazonaws.com");
            let action = format!("{service}:{}", text(event, "eventName"));
            let day = at.as_second().div_euclid(86_400);
            let actor = facts::actor(event);
            let observed = baseline.observe(&actor, &action, day, &self.options.baseline);
            eventful |= observed.learned;
            for (fact, holds) in [("first_seen", observed.first_time), ("habit", observed.habit)] {
                if holds {
                    event["nightjar"][fact] = Value::Bool(true);
                }
            }
        }
        let json = JsonEvent::borrow(event);
        let detections = self.engine.0.evaluate(&json);
        if detections.is_empty() {
            return Judged { matches: Vec::new(), eventful };
        }
        let results = match at {
            Some(at) => {
                self.latest = self.latest.max(at.as_second());
                self.engine.0.process_with_detections(&json, detections, at.as_second())
            }
            None => detections,
        };
        let found = results.into_iter().filter_map(|result| {
            let count = result.as_correlation().map_or(1, |body| body.aggregated_value.max(1.0) as u64);
            let info = self.infos.get(result.header.rule_id.as_deref()?).filter(|info| !info.feeds_only)?;
            Some(Match {
                event_id: text(event, "eventID").to_owned(),
                event_name: text(event, "eventName").to_owned(),
                rule_id: info.id.clone(),
                title: info.title.clone(),
                level: info.level,
                tags: info.tags.clone(),
                context: context(event, at, count, info),
            })
        });
        Judged { matches: found.collect(), eventful: true }
    }

    /// Whether any rule looks for this event, which has its derived fields.
    pub fn looks_for(&self, event: &Value) -> bool {
        !self.engine.0.evaluate(&JsonEvent::borrow(event)).is_empty()
    }

    /// Whether this id is new; remembers it.
    fn first_time(&mut self, id: &str) -> bool {
        if !self.seen.insert(id.to_owned()) {
            return false;
        }
        self.seen_order.push_back(id.to_owned());
        if self.seen_order.len() > MAX_SEEN
            && let Some(oldest) = self.seen_order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }

    /// The correlations under way, without those that ran out by the time of the latest event.
    pub fn correlations(&mut self) -> CorrelationSnapshot {
        self.engine.0.evict_expired(self.latest);
        self.engine.0.export_state()
    }

    /// Goes on from `correlations` and from nothing else. Those whose rule no longer exists are dropped. `latest` is the time
    /// of the latest event behind them, in seconds since 1970.
    pub fn resume(&mut self, correlations: CorrelationSnapshot, latest: i64) {
        // The engine has no call to forget everything; by the end of time all has run out.
        self.engine.0.evict_expired(i64::MAX / 4);
        self.engine.0.import_state(correlations);
        self.latest = latest;
    }

    /// Time of the latest event that a correlation counted, in seconds since 1970.
    pub fn latest(&self) -> i64 {
        self.latest
    }

    /// Correlation groups in memory.
    pub fn groups(&self) -> usize {
        self.engine.0.state_count()
    }

    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    pub fn info(&self, rule_id: &str) -> Option<&RuleInfo> {
        self.infos.get(rule_id)
    }
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn config() -> CorrelationConfig {
    CorrelationConfig {
        max_state_entries: MAX_GROUPS,
        max_group_entries: Some(MAX_GROUP_ENTRIES),
        suppress: Some(QUIET_SECONDS),
        ..CorrelationConfig::default()
    }
}

fn context(event: &Value, at: Option<Timestamp>, count: u64, info: &RuleInfo) -> Context {
    let text = |path: &str| event.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    let some = |path: &str| Some(text(path)).filter(|text| !text.is_empty());
    Context {
        at,
        actor: text("/nightjar/actor"),
        session: text("/nightjar/session"),
        account: some("/recipientAccountId").unwrap_or_else(|| text("/userIdentity/accountId")),
        region: text("/awsRegion"),
        source: text("/eventSource"),
        address: text("/sourceIPAddress"),
        // Keys of sessions begin with ASIA, and end with the session.
        access_key: Some(text("/userIdentity/accessKeyId")).filter(|key| key.starts_with("AKIA")).unwrap_or_default(),
        target: some("/nightjar/target"),
        error: some("/errorCode"),
        count,
        why: info.description.clone(),
        response: info.response.clone(),
    }
}
