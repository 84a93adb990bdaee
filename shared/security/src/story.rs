//! Matches to incidents: one per principal, session and chain of tactics, not one per event.
//!
//! A story belongs to a principal in an account. A match joins a story of its session while no more than
//! [`Policy::quiet`] passed since the story's last match and no more than [`Policy::longest`] since its first, whatever the
//! tactic: an attack is a chain of tactics. Sessions of one role stay apart, so that a stolen session is not hidden in the
//! role's daily work; where another session of the role satisfied the same rule, the two are one story, or every run of a
//! pipeline would be an incident. The id comes from the first match, so a redelivery opens the same incident.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::security::{AttackStep, AttackStory};
use nightjar_domain::severity::Severity;
use serde::{Deserialize, Serialize};

use crate::detector::Match;
use crate::rules::{Level, tactics};

/// Steps kept in a story; further ones are counted. A step has about 1 KB, and SNS takes 256 KB a message.
const MAX_STEPS: usize = 50;
/// Sessions, regions, addresses and keys kept in a story.
const MAX_NAMES: usize = 10;
/// Characters kept of a text that comes from an event or a rule.
const MAX_TEXT: usize = 500;
/// Stories kept of one principal; beyond, the one untouched for longest is closed.
const MAX_STORIES: usize = 8;
/// Principals whose stories are kept open at once in [`Stories`].
const MAX_PRINCIPALS: usize = 2_000;

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

/// Adds a match to the open stories of its principal. One without a time has no place in a story and is noted only.
pub fn add(open: &mut Vec<AttackStory>, found: &Match, policy: &Policy) -> Told {
    let Some(at) = found.context.at else { return Told::Noted };
    let session = &found.context.session;
    let near = |story: &AttackStory| belongs(story, at, policy);
    let own = open.iter().position(|story| near(story) && story.sessions.contains(session));
    let same_rule =
        || open.iter().position(|story| near(story) && story.steps.iter().any(|step| step.rule_id == found.rule_id));
    if let Some(story) = own.or_else(same_rule).and_then(|index| open.get_mut(index)) {
        return join(story, found, at);
    }
    if found.level < policy.opens_at {
        return Told::Noted;
    }
    if open.len() >= MAX_STORIES
        && let Some(oldest) = (0..open.len()).min_by_key(|index| open.get(*index).map(|story| story.last_at))
    {
        open.remove(oldest);
    }
    let story = begin(found, at);
    let id = story.id.clone();
    open.push(story);
    Told::Opened(id)
}

/// Closes the stories that nothing can join any more at `now`, even if it comes as late as CloudTrail's history allows an
/// event to be looked up in practice: a day.
pub fn close(open: &mut Vec<AttackStory>, now: Timestamp, policy: &Policy) {
    open.retain(|story| now.duration_since(story.last_at) <= policy.quiet + policy.longest);
}

fn belongs(story: &AttackStory, at: Timestamp, policy: &Policy) -> bool {
    at.duration_since(story.last_at) <= policy.quiet
        && at.duration_since(story.first_at) <= policy.longest
        && story.last_at.duration_since(at) <= policy.longest
}

fn begin(found: &Match, at: Timestamp) -> AttackStory {
    let context = &found.context;
    let mut story = AttackStory {
        id: IncidentId::derive(&["security", &context.account, &context.actor, &found.event_id, &at.to_string()]),
        principal: cut(&context.actor),
        sessions: Vec::new(),
        account: context.account.clone(),
        regions: Vec::new(),
        addresses: Vec::new(),
        access_keys: Vec::new(),
        severity: Severity::Info,
        first_at: at,
        last_at: at,
        tactics: Vec::new(),
        steps: Vec::new(),
        more_steps: 0,
        matches: 0,
        revision: 0,
        told: 0,
    };
    join(&mut story, found, at);
    story
}

fn join(story: &mut AttackStory, found: &Match, at: Timestamp) -> Told {
    let context = &found.context;
    let severity = found.level.severity();
    let new_tactics: Vec<String> = tactics(&found.tags)
        .into_iter()
        .filter(|tactic| story.tactics.iter().all(|known| known != tactic))
        .map(str::to_owned)
        .collect();
    let longer = !new_tactics.is_empty() && found.level >= Level::Medium;
    let worse = severity > story.severity;
    let mut changed = worse || !new_tactics.is_empty();
    story.tactics.extend(new_tactics);
    story.severity = story.severity.max(severity);
    story.first_at = story.first_at.min(at);
    story.last_at = story.last_at.max(at);
    story.matches += 1;
    for (names, name) in [
        (&mut story.sessions, &context.session),
        (&mut story.regions, &context.region),
        (&mut story.addresses, &context.address),
        (&mut story.access_keys, &context.access_key),
    ] {
        if !name.is_empty() && names.len() < MAX_NAMES && names.iter().all(|known| known != name) {
            names.push(cut(name));
            changed = true;
        }
    }
    let full = story.steps.len() >= MAX_STEPS;
    match story.steps.iter_mut().find(|step| step.rule_id == found.rule_id) {
        Some(step) => {
            step.times += 1;
            // Ten, a hundred, a thousand times: a reader wants to know that it goes on, not every single time.
            changed |= step.times.to_string().trim_end_matches('0') == "1";
        }
        None if full => story.more_steps += 1,
        None => {
            story.steps.push(step(found, at));
            changed = true;
        }
    }
    story.revision += u32::from(changed);
    if worse || longer {
        story.told = story.revision;
        Told::Grew(story.id.clone())
    } else {
        Told::Joined(story.id.clone())
    }
}

fn step(found: &Match, at: Timestamp) -> AttackStep {
    AttackStep {
        rule_id: found.rule_id.clone(),
        title: cut(&found.title),
        severity: found.level.severity(),
        tags: found.tags.clone(),
        event_name: cut(&found.event_name),
        event_id: cut(&found.event_id),
        at,
        times: 1,
        target: found.context.target.as_deref().map(cut),
        error: found.context.error.as_deref().map(cut),
        why: cut(&found.context.why),
        response: cut(&found.context.response),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The open stories of all principals, for whoever judges a whole stream at once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stories {
    open: BTreeMap<String, Vec<AttackStory>>,
}

impl Stories {
    /// Adds a match to the stories of its principal.
    pub fn add(&mut self, found: &Match, policy: &Policy) -> Told {
        let key = format!("{}\n{}", found.context.account, found.context.actor);
        if !self.open.contains_key(&key) && self.open.len() >= MAX_PRINCIPALS {
            let last = |stories: &[AttackStory]| stories.iter().map(|story| story.last_at).max();
            let oldest = self.open.iter().min_by_key(|(_, stories)| last(stories)).map(|(key, _)| key.clone());
            oldest.map(|key| self.open.remove(&key));
        }
        let stories = self.open.entry(key.clone()).or_default();
        let told = add(stories, found, policy);
        if stories.is_empty() {
            self.open.remove(&key);
        }
        told
    }

    pub fn get(&self, id: &IncidentId) -> Option<&AttackStory> {
        self.iter().find(|story| story.id == *id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &AttackStory> {
        self.open.values().flatten()
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
                session: actor.to_owned(),
                account: "1".to_owned(),
                ..Context::default()
            },
        }
    }

    fn in_session(session: &str, found: Match) -> Match {
        Match { context: Context { session: session.to_owned(), ..found.context }, ..found }
    }

    #[test]
    fn an_attack_is_one_incident_and_another_principal_another() {
        let (mut stories, policy) = (Stories::default(), Policy::default());
        assert_eq!(stories.add(&found("a", 0, Level::Low, "discovery"), &policy), Told::Noted);
        let Told::Opened(id) = stories.add(&found("a", 1, Level::Medium, "discovery"), &policy) else { unreachable!() };
        assert_eq!(stories.add(&found("a", 2, Level::Medium, "discovery"), &policy), Told::Joined(id.clone()));
        assert_eq!(stories.add(&found("a", 3, Level::High, "persistence"), &policy), Told::Grew(id.clone()));
        assert!(matches!(stories.add(&found("b", 3, Level::High, "persistence"), &policy), Told::Opened(_)));
        let story = stories.get(&id).unwrap();
        assert_eq!(story.tactics, ["discovery", "persistence"]);
        assert_eq!(story.title(), "T persistence, and 1 more finding: a");
        assert_eq!((story.revision, story.told, story.matches), (2, 2, 3), "the second match changed a count alone");
        assert!(
            matches!(stories.add(&found("a", 3 + 361, Level::Medium, "impact"), &policy), Told::Opened(_)),
            "six quiet hours"
        );
    }

    #[test]
    fn sessions_stay_apart_unless_they_do_the_same_thing() {
        let (mut stories, policy) = (Stories::default(), Policy::default());
        let mut add = |session: &str, minute: i64, tactic: &str| {
            stories.add(&in_session(session, found("role", minute, Level::Medium, tactic)), &policy)
        };
        let Told::Opened(daily) = add("run-1", 0, "execution") else { unreachable!() };
        assert_eq!(add("run-2", 9, "execution"), Told::Joined(daily.clone()), "another run does the same thing");
        let Told::Opened(theft) = add("stolen", 10, "credential-access") else { unreachable!() };
        assert_eq!(add("stolen", 11, "exfiltration"), Told::Grew(theft), "the chain stays in its session");
        assert_eq!(add("run-2", 12, "impact"), Told::Grew(daily), "a session that joined belongs to the story");
    }

    #[test]
    fn a_late_match_joins_and_the_id_is_that_of_the_first() {
        let (mut stories, policy) = (Stories::default(), Policy::default());
        let Told::Opened(id) = stories.add(&found("a", 60, Level::High, "impact"), &policy) else { unreachable!() };
        assert_eq!(stories.add(&found("a", 50, Level::Medium, "impact"), &policy), Told::Joined(id.clone()));
        let mut again = Stories::default();
        assert_eq!(again.add(&found("a", 60, Level::High, "impact"), &policy), Told::Opened(id));
    }

    #[test]
    fn a_story_closes_when_nothing_can_join_it() {
        let policy = Policy::default();
        let mut open = Vec::new();
        add(&mut open, &found("a", 0, Level::High, "impact"), &policy);
        close(&mut open, Timestamp::from_second(29 * 3600).unwrap(), &policy);
        assert_eq!(open.len(), 1);
        close(&mut open, Timestamp::from_second(31 * 3600).unwrap(), &policy);
        assert_eq!(open, []);
    }

    proptest::proptest! {
        #[test]
        fn stories_are_bounded(steps in proptest::collection::vec((0_u8..4, 0_i64..3000), 0..200)) {
            let (mut stories, policy) = (Stories::default(), Policy::default());
            for (who, minute) in steps {
                let found = found("role", minute, Level::Medium, &format!("t{minute}"));
                stories.add(&in_session(&who.to_string(), found), &policy);
            }
            proptest::prop_assert!(stories.iter().count() <= MAX_STORIES);
            for story in stories.iter() {
                proptest::prop_assert!(story.steps.len() <= MAX_STEPS);
                proptest::prop_assert!(story.told <= story.revision);
                proptest::prop_assert!(story.last_at.duration_since(story.first_at) <= policy.longest);
            }
        }
    }
}
