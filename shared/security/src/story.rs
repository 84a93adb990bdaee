//! Matches to incidents: one per principal and chain of tactics, not one per event.
//!
//! A story belongs to an actor in an account. A match joins it while no more than [`Policy::quiet`] passed since the
//! last one and no more than [`Policy::longest`] since the first, whatever its tactic: an attack is a chain of tactics.
//! A role takes part with its session, so that one compromised session and the role's daily work stay apart, unless the
//! role's sessions do the same thing: then it is the role's story. The id comes from the first match, so a redelivery
//! opens the same incident.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use serde::{Deserialize, Serialize};

use crate::detector::Match;
use crate::rules::{Level, tactics};

/// Steps kept in a story; further ones are counted.
const MAX_STEPS: usize = 100;
/// Stories kept open at once; beyond, the one untouched for longest is closed.
const MAX_STORIES: usize = 2_000;

/// When matches belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The level at which a match is worth a story; lower ones only join.
    pub opens_at: Level,
    pub quiet: SignedDuration,
    pub longest: SignedDuration,
}

impl Default for Policy {
    /// Six hours of quiet end a story, and a day its longest length: what is left of the night finds one incident.
    fn default() -> Self {
        Self { opens_at: Level::Medium, quiet: SignedDuration::from_hours(6), longest: SignedDuration::from_hours(24) }
    }
}

/// One incident of kind `security`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    pub id: IncidentId,
    pub actor: String,
    pub account: String,
    pub level: Level,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// ATT&CK tactics in the order in which they appeared.
    pub tactics: Vec<String>,
    pub steps: Vec<Step>,
    /// Steps beyond those kept.
    pub more: u64,
}

/// One rule that matched, once or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub rule_id: String,
    pub title: String,
    pub level: Level,
    pub event_name: String,
    /// The id of the first event.
    pub event_id: String,
    pub at: Timestamp,
    pub times: u64,
}

impl Story {
    /// What happened, in one line.
    pub fn title(&self) -> String {
        let worst =
            self.steps.iter().max_by_key(|step| step.level).map_or("Security event", |step| step.title.as_str());
        let name = self.actor.rsplit(['/', ':']).next().unwrap_or(&self.actor);
        match self.steps.len() {
            0 | 1 => format!("{worst}: {name}"),
            n => format!("{worst}, and {} more findings: {name}", n - 1),
        }
    }
}

/// What a match did to the stories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A new incident.
    Opened(IncidentId),
    /// A known one got worse, or a tactic longer: worth telling again.
    Grew(IncidentId),
    /// A known one, and nothing new about it.
    Joined(IncidentId),
    /// Below the level that opens a story, and there is none to join.
    Noted,
}

/// The stories that are open.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stories {
    open: BTreeMap<String, Story>,
}

impl Stories {
    /// Adds a match. One without a time has no place in a story and is noted only.
    pub fn add(&mut self, found: &Match, policy: &Policy) -> Told {
        let Some(at) = found.context.at else { return Told::Noted };
        let key = format!("{}\n{}", found.context.account, found.context.actor);
        let belongs = |story: &Story| {
            at.duration_since(story.last_at) <= policy.quiet
                && at.duration_since(story.first_at) <= policy.longest
                && story.last_at.duration_since(at) <= policy.longest
        };
        if let Some(story) = self.open.get_mut(&key).filter(|story| belongs(story)) {
            return story.join(found, at);
        }
        if found.level < policy.opens_at {
            return Told::Noted;
        }
        if self.open.len() >= MAX_STORIES {
            let oldest = self.open.iter().min_by_key(|(_, story)| story.last_at).map(|(key, _)| key.clone());
            oldest.map(|key| self.open.remove(&key));
        }
        let story = Story::open(found, at);
        let id = story.id.clone();
        self.open.insert(key, story);
        Told::Opened(id)
    }

    pub fn get(&self, id: &IncidentId) -> Option<&Story> {
        self.open.values().find(|story| story.id == *id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Story> {
        self.open.values()
    }
}

impl Story {
    fn open(found: &Match, at: Timestamp) -> Self {
        let context = &found.context;
        let mut story = Self {
            id: IncidentId::derive(&["security", &context.account, &context.actor, &found.event_id, &at.to_string()]),
            actor: context.actor.clone(),
            account: context.account.clone(),
            level: found.level,
            first_at: at,
            last_at: at,
            tactics: Vec::new(),
            steps: Vec::new(),
            more: 0,
        };
        story.join(found, at);
        story
    }

    fn join(&mut self, found: &Match, at: Timestamp) -> Told {
        let worse = found.level > self.level;
        let known: BTreeSet<&str> = self.tactics.iter().map(String::as_str).collect();
        let new: Vec<String> =
            tactics(&found.tags).into_iter().filter(|tactic| !known.contains(tactic)).map(str::to_owned).collect();
        let longer = !new.is_empty() && found.level >= Level::Medium;
        self.tactics.extend(new);
        self.level = self.level.max(found.level);
        self.first_at = self.first_at.min(at);
        self.last_at = self.last_at.max(at);
        let full = self.steps.len() >= MAX_STEPS;
        match self.steps.iter_mut().find(|step| step.rule_id == found.rule_id) {
            Some(step) => step.times += 1,
            None if full => self.more += 1,
            None => self.steps.push(Step {
                rule_id: found.rule_id.clone(),
                title: found.title.clone(),
                level: found.level,
                event_name: found.event_name.clone(),
                event_id: found.event_id.clone(),
                at,
                times: 1,
            }),
        }
        if worse || longer { Told::Grew(self.id.clone()) } else { Told::Joined(self.id.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Context;

    fn found(actor: &str, minute: i64, level: Level, tactic: &str) -> Match {
        Match {
            event_id: format!("{actor}-{minute}"),
            event_name: "E".to_owned(),
            rule_id: tactic.to_owned(),
            title: format!("T {tactic}"),
            level,
            tags: vec![format!("attack.{tactic}"), "attack.t1098".to_owned()],
            context: Context {
                at: Some(Timestamp::from_second(minute * 60).unwrap()),
                actor: actor.to_owned(),
                account: "1".to_owned(),
                ..Context::default()
            },
        }
    }

    #[test]
    fn an_attack_is_one_incident_and_another_principal_another() {
        let (mut stories, policy) = (Stories::default(), Policy::default());
        assert_eq!(stories.add(&found("a", 0, Level::Low, "discovery"), &policy), Told::Noted);
        let Told::Opened(id) = stories.add(&found("a", 1, Level::Medium, "discovery"), &policy) else { unreachable!() };
        assert_eq!(stories.add(&found("a", 2, Level::Medium, "discovery"), &policy), Told::Joined(id.clone()));
        assert_eq!(stories.add(&found("a", 3, Level::High, "persistence"), &policy), Told::Grew(id.clone()));
        assert!(matches!(stories.add(&found("b", 3, Level::High, "persistence"), &policy), Told::Opened(_)));
        assert_eq!(stories.get(&id).unwrap().tactics, ["discovery", "persistence"]);
        assert_eq!(stories.get(&id).unwrap().title(), "T persistence, and 1 more findings: a");
        assert!(
            matches!(stories.add(&found("a", 3 + 361, Level::Medium, "impact"), &policy), Told::Opened(_)),
            "six quiet hours"
        );
    }

    #[test]
    fn a_late_match_joins_and_the_id_is_that_of_the_first() {
        let (mut stories, policy) = (Stories::default(), Policy::default());
        let Told::Opened(id) = stories.add(&found("a", 60, Level::High, "impact"), &policy) else { unreachable!() };
        assert_eq!(stories.add(&found("a", 50, Level::Medium, "impact"), &policy), Told::Joined(id.clone()));
        let mut again = Stories::default();
        assert_eq!(again.add(&found("a", 60, Level::High, "impact"), &policy), Told::Opened(id));
    }

    proptest::proptest! {
        #[test]
        fn stories_are_bounded(steps in proptest::collection::vec((0_u8..4, 0_i64..3000), 0..200)) {
            let (mut stories, policy) = (Stories::default(), Policy::default());
            for (who, minute) in steps {
                stories.add(&found(&who.to_string(), minute, Level::Medium, &format!("t{minute}")), &policy);
            }
            for story in stories.iter() {
                proptest::prop_assert!(story.steps.len() <= MAX_STEPS);
                proptest::prop_assert!(story.last_at.duration_since(story.first_at) <= policy.longest);
            }
        }
    }
}
