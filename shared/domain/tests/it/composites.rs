//! One voice for a resource, and that no alarm is unheard on the way there and back.

use nightjar_domain::coverage::{CompositePlan, Ownership};
use proptest::prelude::*;

use crate::world::{INSTANCE, QUEUE, World, any_world};

/// A first apply takes two rounds, and to take a resource out of a group three; the last finds nothing.
const ROUNDS: usize = 5;

impl World {
    fn in_one_voice(mut self) -> Self {
        self.policy.composites = true;
        self
    }

    /// Every alarm of ours that tells nobody has a composite alarm that tells for it, or is on its way out.
    fn everything_is_heard(&self) -> Result<(), String> {
        let mut alone = self.clone();
        alone.composites.clear();
        let leaving: Vec<String> = alone.plan().delete.into_iter().map(|deletion| deletion.name).collect();
        let spoken_for = |name: &str| {
            let mut heard =
                self.composites.iter().filter(|one| one.actions_enabled && !one.spec.alarm_actions.is_empty());
            heard.any(|one| one.spec.members.contains(name))
        };
        let silent =
            self.existing.iter().filter(|one| one.ownership == Ownership::Ours && one.spec.alarm_actions.is_empty());
        match silent.map(|one| &one.spec.name).find(|name| !leaving.contains(name) && !spoken_for(name)) {
            Some(name) => Err(format!("nobody hears of {name}")),
            None => Ok(()),
        }
    }

    /// Plans and does until there is nothing to do, and says how often.
    fn rests(&mut self) -> Result<usize, String> {
        for round in 0..ROUNDS {
            let plan = self.plan();
            if plan.steps() == 0 {
                return if plan.goes_on { Err("it waits for nothing".to_owned()) } else { Ok(round) };
            }
            self.apply(&plan, usize::MAX);
            self.everything_is_heard()?;
        }
        Err(format!("no rest: {:?}", self.plan()))
    }

    fn silent(&self) -> usize {
        self.existing.iter().filter(|one| one.spec.alarm_actions.is_empty()).count()
    }
}

/// An instance with several alarms and a queue with several.
fn fleet() -> World {
    World::new(&[(INSTANCE, &[("aiops:alarms", "all")]), (QUEUE, &[("aiops:alarms", "all")])])
}

#[test]
fn a_composite_alarm_comes_first_and_then_its_alarms_fall_silent() {
    let mut world = fleet().in_one_voice();
    let first = world.plan();
    assert!(first.goes_on && first.composites.put.len() == 2, "{:?}", first.composites);
    assert!(first.create.iter().all(|step| !step.alarm.alarm_actions.is_empty()), "each tells until another does");
    let voice = &first.composites.put[0];
    assert!(voice.composite.rule().starts_with("ALARM(\"aiops-") && voice.composite.rule().contains(" OR ALARM("));
    assert!(voice.composite.description.ends_with(&format!(" resource={}", voice.resource)));
    assert_eq!(world.rests(), Ok(2));
    let of_suite = world.existing.iter().filter(|one| one.spec.alarm_actions[..] == [world.policy.ops_topic.clone()]);
    assert_eq!(world.existing.len(), world.silent() + of_suite.count(), "the suite's own alarms tell for themselves");
    let plan = world.plan();
    let usd = 0.1 * world.existing.len() as f64 + 0.5 * 2.0;
    assert!((plan.usd_a_month.now - usd).abs() < 0.005 && (first.usd_a_month.after - usd).abs() < 0.005);
}

#[test]
fn one_alarm_alone_needs_no_other_voice() {
    let mut world = World::new(&[("arn:aws:lambda:eu-west-1:111122223333:function:f", &[])]).in_one_voice();
    let alarms = world.plan().create.iter().filter(|step| !step.resource.starts_with("nightjar:")).count();
    assert_eq!(world.plan().composites.put.len(), usize::from(alarms > 1));
    assert!(world.rests().is_ok());
}

#[test]
fn turned_off_every_alarm_has_its_voice_back_before_the_composite_alarms_go() {
    let mut world = fleet().in_one_voice();
    world.rests().unwrap();
    world.policy.composites = false;
    let plan = world.plan();
    assert!(plan.composites == CompositePlan::default() && plan.goes_on && !plan.change.is_empty());
    world.rests().unwrap();
    assert_eq!((world.composites.len(), world.silent()), (0, 0));
}

#[test]
fn somebody_who_switches_a_composite_alarm_off_gives_its_alarms_their_voices_back() {
    let mut world = fleet().in_one_voice();
    world.rests().unwrap();
    world.composites[0].actions_enabled = false;
    world.rests().unwrap();
    assert!(!world.composites[0].actions_enabled, "the switch stays");
    let members = &world.composites[0].spec.members;
    let heard = world.existing.iter().filter(|one| members.contains(&one.spec.name));
    assert!(heard.clone().count() > 1 && heard.clone().all(|one| !one.spec.alarm_actions.is_empty()));
}

#[test]
fn a_rule_that_somebody_changed_is_set_right_and_speaks_for_nobody_until_then() {
    let mut world = fleet().in_one_voice();
    world.rests().unwrap();
    world.composites[0].spec.members.clear();
    let plan = world.plan();
    assert_eq!(plan.composites.put.len(), 1);
    assert!(plan.change.iter().all(|change| !change.alarm.alarm_actions.is_empty()) && !plan.change.is_empty());
    world.rests().unwrap();
    assert_eq!(world.plan().steps(), 0);
}

#[test]
fn a_foreign_composite_alarm_under_our_name_is_a_conflict_and_silences_nobody() {
    let mut world = fleet().in_one_voice();
    let mut foreign = world.plan().composites.put.remove(0);
    foreign.composite.alarm_actions.clear();
    world.composites.push(nightjar_domain::coverage::ExistingComposite {
        spec: foreign.composite.clone(),
        actions_enabled: true,
        ownership: Ownership::Foreign,
    });
    world.apply(&world.plan(), usize::MAX);
    world.apply(&world.plan(), usize::MAX);
    assert!(world.plan().conflicts.iter().any(|conflict| conflict.name == foreign.composite.name));
    world.everything_is_heard().unwrap();
    assert_eq!(world.composites[0].spec, foreign.composite);
}

#[test]
fn alarms_that_may_not_be_deleted_yet_are_still_heard() {
    let queues: Vec<String> = (0..12).map(|n| format!("{QUEUE}{n}")).collect();
    let all: Vec<(&str, &[(&str, &str)])> =
        queues.iter().map(|arn| (arn.as_str(), &[("aiops:alarms", "all")][..])).collect();
    let mut world = World::new(&all).in_one_voice();
    world.rests().unwrap();
    let (alarms, voices) = (world.existing.len(), world.composites.len());
    assert!(voices == queues.len() && world.silent() > 20, "{alarms} alarms, {voices} composite alarms");
    world.discovered.resources.clear();
    world.rests().unwrap();
    assert_eq!((world.existing.len(), world.composites.len()), (alarms, voices), "the brake holds both");
    world.policy.allow_mass_deletion = true;
    world.rests().unwrap();
    assert_eq!((world.silent(), world.composites.len()), (0, 0));
}

#[test]
fn the_way_to_take_everything_down_ends() {
    let mut world = fleet().in_one_voice();
    world.rests().unwrap();
    (world.policy.max_alarms, world.policy.allow_mass_deletion) = (0, true);
    world.rests().unwrap();
    assert_eq!((world.existing.len(), world.composites.len()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is there, and wherever a run is cut off: turned on, turned off, resources gone, fewer allowed.
    #[test]
    fn every_way_comes_to_rest_and_no_alarm_is_unheard(
        mut world in any_world(),
        cut in 0..20_usize,
        turns in prop::collection::vec((prop::bool::ANY, prop::bool::ANY, 0..40_usize, 0..3_usize), 1..4),
    ) {
        for (composites, allow, cap, gone) in turns {
            (world.policy.composites, world.policy.allow_mass_deletion) = (composites, allow);
            world.policy.max_alarms = cap;
            world.discovered.resources.truncate(world.discovered.resources.len().saturating_sub(gone));
            let plan = world.plan();
            world.apply(&plan, cut);
            prop_assert_eq!(world.everything_is_heard(), Ok(()));
            let rest = world.rests();
            prop_assert!(rest.is_ok(), "{:?}", rest);
        }
    }
}
