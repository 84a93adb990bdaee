//! What can be taken back, and only as long as nobody changed it since.

use nightjar_domain::remediation::{
    AccessKey, Action, CannotUndo, ClaimState, DeclineReason, Remembered, Resume, UserState, Way, resume, way_back,
};
use nightjar_testkit::now;
use rstest::rstest;

use super::{PROTECTED, REBOOT, World, ended, tag, world};

#[test]
fn a_step_is_taken_back_only_once_it_has_ended_and_only_if_it_can_be() {
    let isolated =
        |state| ended(Action::Isolate, Some(Remembered::SecurityGroups { groups: vec!["sg-1".to_owned()] }), state);
    let contained = isolated(ClaimState::Contained { action: Action::Isolate });
    let asked = contained.ask_back("ops", "it was us", now()).unwrap();
    assert_eq!(resume(&asked, now()), Resume::Undo { action: Action::Isolate });
    assert_eq!(asked.ask_back("ops", "again", now()).unwrap(), asked, "asking twice is asking once");
    let undone = asked.settled(ClaimState::Undone { action: Action::Isolate, by: "ops".to_owned() }, now());
    assert_eq!(undone.ask_back("ops", "", now()), Err(CannotUndo::Undone));
    let underway = isolated(ClaimState::Finished { action: Action::Isolate });
    assert_eq!(underway.ask_back("ops", "", now()), Err(CannotUndo::NotEnded));
    let stopped = isolated(ClaimState::Declined(DeclineReason::SwitchedOff));
    assert_eq!(stopped.ask_back("ops", "", now()), Err(CannotUndo::Nothing), "won, but never called");
    let rebooted = ended(REBOOT, None, ClaimState::Healed { action: REBOOT, unread: Vec::new() });
    assert_eq!(rebooted.ask_back("ops", "", now()), Err(CannotUndo::Nothing));
    let command = Some(Remembered::Command { id: "c-1".to_owned() });
    let ran =
        ended(Action::SsmDocument, command, ClaimState::Healed { action: Action::SsmDocument, unread: Vec::new() });
    assert_eq!(ran.ask_back("ops", "", now()), Err(CannotUndo::Nothing));
}

#[test]
fn what_is_remembered_is_how_it_was_before_the_step() {
    let mut world = world();
    world.plan_for(Action::ScaleOut);
    let groups = vec!["sg-1".to_owned(), "sg-2".to_owned()];
    assert_eq!(Remembered::before(Action::Isolate, &world.fleet), Some(Remembered::SecurityGroups { groups }));
    let capacity = Remembered::Capacity { group: "web".to_owned(), desired: 3 };
    assert_eq!(Remembered::before(Action::ScaleOut, &world.fleet), Some(capacity));
    assert_eq!(Remembered::before(REBOOT, &world.fleet), None);
}

fn groups(names: &[&str]) -> Remembered {
    Remembered::SecurityGroups { groups: names.iter().map(|name| (*name).to_owned()).collect() }
}

fn capacity() -> Remembered {
    Remembered::Capacity { group: "web".to_owned(), desired: 3 }
}

fn keys() -> Remembered {
    Remembered::AccessKeys { user: "eve".to_owned(), keys: vec!["AKIA1".to_owned()] }
}

fn isolated(world: &mut World) {
    world.plan_for(Action::Isolate);
    world.instance().security_groups = vec!["sg-9".to_owned()];
}

fn scaled(world: &mut World) {
    world.plan_for(Action::ScaleOut);
    world.group().desired = 4;
}

fn disabled(world: &mut World) {
    world.plan_for(Action::DisableAccessKey);
    let key = |id: &str, is_active| AccessKey { id: id.to_owned(), is_active };
    let keys = vec![key("AKIA1", false), key("AKIA2", false)];
    world.fleet.user = Some(UserState { name: "eve".to_owned(), keys, ..UserState::default() });
}

#[rstest]
#[case::isolation(groups(&["sg-1", "sg-2"]), isolated, Ok(Way::SecurityGroups(vec!["sg-1".to_owned(), "sg-2".to_owned()])))]
#[case::back_already(groups(&["sg-9"]), isolated, Ok(Way::Nothing))]
#[case::other_groups_since(groups(&["sg-1"]), |w: &mut World| { isolated(w); w.instance().security_groups = vec!["sg-7".to_owned()]; }, Err("somebody changed its security groups since: they are sg-7"))]
#[case::protected_since(groups(&["sg-1"]), |w: &mut World| { isolated(w); w.instance().tags.extend([tag(PROTECTED, "")]); }, Err("the instance is protected by the tag aiops:never-touch"))]
#[case::instance_gone(groups(&["sg-1"]), |w: &mut World| { isolated(w); w.fleet.instance = None; }, Err("the instance no longer exists"))]
#[case::capacity(capacity(), scaled, Ok(Way::Capacity { group: "web".to_owned(), desired: 3 }))]
#[case::capacity_changed(capacity(), |w: &mut World| { scaled(w); w.group().desired = 5; }, Err("somebody changed the capacity of web since: it is 5"))]
#[case::group_gone(capacity(), |w: &mut World| { scaled(w); w.fleet.group = None; }, Err("the group web no longer exists"))]
#[case::key(keys(), disabled, Ok(Way::AccessKeys { user: "eve".to_owned(), keys: vec!["AKIA1".to_owned()] }))]
#[case::key_active_already(keys(), |w: &mut World| { disabled(w); w.fleet.user.as_mut().unwrap().keys[0].is_active = true; }, Ok(Way::Nothing))]
#[case::key_deleted(keys(), |w: &mut World| { disabled(w); w.fleet.user.as_mut().unwrap().keys.remove(0); }, Err("the key AKIA1 was deleted since"))]
#[case::user_gone(keys(), |w: &mut World| { disabled(w); w.fleet.user = None; }, Err("the user eve no longer exists"))]
#[case::user_protected(keys(), |w: &mut World| { disabled(w); w.fleet.user.as_mut().unwrap().tags.extend([tag(PROTECTED, "")]); }, Err("the user is protected by the tag aiops:never-touch"))]
#[case::a_document(Remembered::Command { id: "c-1".to_owned() }, isolated, Err("a document cannot be taken back"))]
fn the_way_back_leaves_alone_what_others_changed(
    #[case] remembered: Remembered,
    #[case] change: fn(&mut World),
    #[case] expected: Result<Way, &str>,
) {
    let mut world = world();
    change(&mut world);
    let step = world.runbook()[0].clone();
    let way = way_back(&remembered, Some(&step), &world.fleet, PROTECTED);
    assert_eq!(way, expected.map_err(str::to_owned));
}
