//! What may be done about an attack: only what a policy for attacks says, and never without a person by default.

use nightjar_domain::accounts::Scope;
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{
    AccessKey, Action, BELTS, Claim, ClaimState, DeclineReason, FleetState, IAM_USER, Mode, Plan, Policies,
    PoliciesDocument, RemediationOutcome, Remembered, Situation, Step, UserState, explain, may_go_on, subject,
};
use nightjar_domain::resource::EC2_INSTANCE;
use nightjar_domain::security::AttackStory;
use nightjar_domain::severity::Severity;
use nightjar_testkit::{attack_story, now, security_incident};
use rstest::rstest;

use super::{OPT_IN, PROTECTED, World, ended, tag, world};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// An attack with a user's key, in a world in which everything speaks for making it inactive.
fn attack() -> World {
    let mut world = world();
    world.incident = security_incident();
    world.policies.bounds.home = Some(Scope::of(&subject(&world.incident)));
    let active = AccessKey { id: KEY.to_owned(), is_active: true };
    world.fleet = FleetState {
        user: Some(UserState {
            name: "eve".to_owned(),
            tags: [tag(OPT_IN, "disable_access_key")].into(),
            keys: vec![active],
            named: vec![KEY.to_owned()],
            own: Some("ASIAFUNCTION".to_owned()),
        }),
        ..FleetState::default()
    };
    world
}

fn user(world: &mut World) -> &mut UserState {
    world.fleet.user.as_mut().unwrap()
}

fn mode_of(world: &World) -> Option<Mode> {
    match world.plan() {
        Plan::Planned { mode, .. } => Some(mode),
        Plan::Declined { .. } => None,
    }
}

#[test]
fn a_person_is_asked_also_where_everything_else_is_automatic() {
    let world = attack();
    let Plan::Planned { policy, steps, mode } = world.plan() else { panic!("{:?}", world.plan()) };
    assert_eq!((policy.as_str(), mode), ("attack-with-a-key", Mode::Approve));
    assert_eq!(steps, [Step::from(Action::DisableAccessKey)]);
}

/// The deployment's mode, the policy's own, the setting for attacks, and what comes of it.
#[rstest]
#[case(Mode::Auto, None, Mode::Approve, Some(Mode::Approve))]
#[case(Mode::Auto, Some(Mode::Auto), Mode::Approve, Some(Mode::Approve))]
#[case(Mode::Auto, None, Mode::Auto, Some(Mode::Auto))]
#[case(Mode::Approve, None, Mode::Auto, Some(Mode::Approve))]
#[case(Mode::DryRun, Some(Mode::Auto), Mode::Auto, Some(Mode::DryRun))]
#[case(Mode::Auto, Some(Mode::DryRun), Mode::Auto, Some(Mode::DryRun))]
#[case(Mode::Auto, None, Mode::Off, None)]
fn only_the_setting_for_attacks_makes_it_automatic(
    #[case] deployment: Mode,
    #[case] own: Option<Mode>,
    #[case] attacks: Mode,
    #[case] expected: Option<Mode>,
) {
    let mut world = attack();
    world.policies.bounds.mode = deployment;
    world.policies.bounds.security_mode = attacks;
    world.policies.document.policies.iter_mut().for_each(|policy| policy.mode = own);
    assert_eq!(mode_of(&world), expected);
}

#[test]
fn the_setting_for_attacks_changes_nothing_else() {
    let mut world = world();
    world.policies.bounds.security_mode = Mode::Off;
    assert_eq!(mode_of(&world), Some(Mode::Auto));
}

#[test]
fn what_was_approved_stops_when_the_setting_is_taken_back() {
    let mut world = attack();
    let step = Step::from(Action::DisableAccessKey);
    let go_on =
        |world: &World| may_go_on(&world.incident, &world.policies, "attack-with-a-key", &step, &world.fleet, now());
    assert_eq!(go_on(&world), Ok(()));
    world.policies.bounds.security_mode = Mode::DryRun;
    assert_eq!(go_on(&world), Err(DeclineReason::SwitchedOff));
}

/// Policies for attacks are for attacks, and all others are not.
#[test]
fn no_other_policy_is_meant_for_an_attack() {
    let mut world = attack();
    world.policies.document.policies.retain(|policy| !policy.matches.security);
    assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::SecurityIncident });
    let mut world = super::world();
    world.incident.security = security_incident().security;
    assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::SecurityIncident }, "the story alone decides");
    let mut world = super::world();
    world.policies.document.policies.retain(|policy| policy.matches.security);
    assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::NoPolicy });
}

/// For each belt of an attack, a case in which that belt alone stops it.
#[rstest]
#[case::no_such_user("exists", |w: &mut World| w.fleet.user = None)]
#[case::protected("protected", |w: &mut World| user(w).tags.extend([tag(PROTECTED, "")]))]
#[case::no_opt_in("opt_in", |w: &mut World| user(w).tags.clear())]
#[case::opted_in_to_something_else("opt_in", |w: &mut World| user(w).tags.extend([tag(OPT_IN, "reboot isolate")]))]
#[case::not_severe("confidence", |w: &mut World| {
    w.incident.severity = Severity::Medium;
    w.policies.document.policies.iter_mut().for_each(|policy| policy.matches.min_severity = None);
})]
#[case::another_type("supported_type", |w: &mut World| {
    w.incident = acted_as(&["arn:aws:sts::111122223333:assumed-role/deploy/run-7"]);
    w.policies.document.policies.iter_mut().for_each(|policy| policy.matches.resource_types.clear());
})]
#[case::break_glass("precondition", |w: &mut World| w.policies.document.break_glass.push("eve".to_owned()))]
#[case::no_key_named("precondition", |w: &mut World| user(w).named.clear())]
#[case::its_own_key("precondition", |w: &mut World| user(w).own = Some(KEY.to_owned()))]
#[case::gone("precondition", |w: &mut World| user(w).keys[0].id = "AKIAOTHER".to_owned())]
#[case::inactive("precondition", |w: &mut World| user(w).keys[0].is_active = false)]
fn only_this_belt_stops_an_answer(#[case] belt: &str, #[case] change: fn(&mut World)) {
    let mut world = attack();
    change(&mut world);
    let explained = explain(&world.incident, &world.policies, &world.fleet, now());
    assert_eq!(explained.belt, Some(belt), "{explained:?}");
    let World { incident, policies, fleet } = &world;
    let policy = policies.document.policies.iter().find(|policy| policy.matches.security).unwrap();
    let step = &policy.runbook[0];
    let situation = Situation { incident, policies, policy, step, fleet, now: now(), resumes: false };
    let stopping: Vec<&str> =
        BELTS.iter().filter(|belt| (belt.check)(&situation).is_some()).map(|belt| belt.name).collect();
    assert_eq!(stopping, [belt], "no other belt has anything against it");
}

#[test]
fn a_medium_attack_has_no_policy_by_default() {
    let mut world = attack();
    world.incident.severity = Severity::Medium;
    assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::SecurityIncident });
}

fn acted_as(sessions: &[&str]) -> Incident {
    let principal = sessions[0].replace(":sts:", ":iam:").replace("assumed-role", "role");
    let principal = principal.rsplit_once('/').map_or(principal.clone(), |(role, _)| role.to_owned());
    let sessions = sessions.iter().map(|&session| session.to_owned()).collect();
    let story = AttackStory { principal, sessions, ..attack_story() };
    Incident::of_attack(story, Severity::Medium, "test", now())
}

const INSTANCE_SESSION: &str = "arn:aws:sts::111122223333:assumed-role/web/i-0a1b2c3d4e5f60718";

#[rstest]
#[case::an_instance(&[INSTANCE_SESSION], EC2_INSTANCE, "arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f60718")]
#[case::the_same_twice(&[INSTANCE_SESSION, INSTANCE_SESSION], EC2_INSTANCE, "arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f60718")]
#[case::two_instances(&[INSTANCE_SESSION, "arn:aws:sts::111122223333:assumed-role/web/i-0a1b2c3d4e5f60719"], "iam:role", "arn:aws:iam::111122223333:role/web")]
#[case::a_pipeline(&["arn:aws:sts::111122223333:assumed-role/deploy/run-7"], "iam:role", "arn:aws:iam::111122223333:role/deploy")]
#[case::a_name_like_one(&["arn:aws:sts::111122223333:assumed-role/deploy/i-am-ada"], "iam:role", "arn:aws:iam::111122223333:role/deploy")]
fn an_attack_is_about_the_instance_whose_role_it_used(
    #[case] sessions: &[&str],
    #[case] kind: &str,
    #[case] arn: &str,
) {
    let subject = subject(&acted_as(sessions));
    assert_eq!((subject.kind.as_str(), subject.arn.as_str()), (kind, arn));
}

#[test]
fn a_users_attack_is_about_the_user_and_any_other_incident_about_its_resource() {
    let user = subject(&security_incident());
    assert_eq!((user.kind.as_str(), user.arn.as_str()), (IAM_USER, "arn:aws:iam::111122223333:user/eve"));
    let incident = nightjar_testkit::incident();
    assert_eq!(subject(&incident), incident.anomaly.resource);
}

#[test]
fn an_instance_behind_an_attack_is_isolated_with_approval() {
    let mut world = world();
    world.plan_for(Action::Isolate);
    let isolate = world.runbook().remove(0);
    world.incident = acted_as(&[INSTANCE_SESSION]);
    world.policies.bounds.home = Some(Scope::of(&subject(&world.incident)));
    let policy = world.policies.document.policies.iter_mut().find(|policy| policy.matches.security).unwrap();
    policy.matches.resource_types = vec![EC2_INSTANCE.to_owned()];
    policy.runbook = vec![Step::from(Action::SnapshotFirst), isolate];
    assert_eq!(mode_of(&world), Some(Mode::Approve));
    world.instance().tags.remove(OPT_IN);
    assert!(matches!(world.plan(), Plan::Declined { reason: DeclineReason::NotOptedIn { .. } }));
}

#[test]
fn only_the_keys_that_were_used_and_still_work_become_inactive() {
    let mut world = attack();
    let key = |id: &str, is_active| AccessKey { id: id.to_owned(), is_active };
    user(&mut world).keys = vec![key(KEY, true), key("AKIASECOND", true)];
    let before = Remembered::before(Action::DisableAccessKey, &world.fleet);
    assert_eq!(before, Some(Remembered::AccessKeys { user: "eve".to_owned(), keys: vec![KEY.to_owned()] }));
    assert!(!user(&mut world).are_inactive(&[KEY.to_owned()]));
    user(&mut world).keys[0].is_active = false;
    assert!(user(&mut world).are_inactive(&[KEY.to_owned()]));
    assert!(!user(&mut world).are_inactive(&["AKIAGONE".to_owned()]), "a key that is gone is not known to be inactive");
}

#[test]
fn an_approval_does_not_outlive_the_user_as_it_was() {
    let changes: [fn(&mut UserState); 3] = [
        |user| user.keys[0].is_active = false,
        |user| user.keys.push(AccessKey { id: "AKIANEW".to_owned(), is_active: true }),
        |user| user.tags.extend([tag("owner", "ops")]),
    ];
    let asked = attack().fleet.fingerprint();
    assert!(asked.is_some() && FleetState::default().fingerprint().is_none());
    for change in changes {
        let mut world = attack();
        change(user(&mut world));
        assert_ne!(world.fleet.fingerprint(), asked);
    }
}

fn contained() -> Claim {
    let keys = Remembered::AccessKeys { user: "eve".to_owned(), keys: vec![KEY.to_owned()] };
    ended(Action::DisableAccessKey, Some(keys), ClaimState::Contained { action: Action::DisableAccessKey })
}

#[test]
fn people_are_told_what_it_keeps_out_and_the_way_back() {
    let outcome = RemediationOutcome::of(&security_incident(), &contained()).unwrap();
    let text = outcome.result.text();
    assert!(text.contains("nobody calls AWS with the key any more") && text.contains("remediate undo"), "{text}");
    assert_eq!(outcome.severity, Severity::Critical);
    assert!(contained().ask_back("ops", "it was our scanner", now()).is_ok());
}

#[rstest]
#[case::a_reboot_is_no_answer("attack-with-a-key", r#"[{"action": "reboot"}]"#, "an attack is answered with")]
#[case::a_key_without_an_attack(
    "restart-unwell-instance",
    r#"[{"action": "disable_access_key"}]"#,
    "only a policy for attacks"
)]
#[case::both(
    "attack-with-a-key",
    r#"[{"action": "isolate", "security_group": "sg-9"}, {"action": "disable_access_key"}]"#,
    "a policy for each"
)]
#[case::more_than_people(
    "attack-with-a-key",
    r#"[{"action": "disable_access_key"}, {"action": "snapshot_first"}]"#,
    "only people can follow it"
)]
fn policies_that_make_no_sense_are_refused(#[case] policy: &str, #[case] runbook: &str, #[case] told: &str) {
    let mut document = serde_json::to_value(PoliciesDocument::bundled().unwrap()).unwrap();
    let policies = document["policies"].as_array_mut().unwrap();
    let found = policies.iter_mut().find(|known| known["name"] == policy).unwrap();
    found["runbook"] = serde_json::from_str(runbook).unwrap();
    let error = PoliciesDocument::parse(&document.to_string()).unwrap_err().to_string();
    assert!(error.contains(told), "{error}");
}

#[test]
fn the_shipped_policies_answer_attacks_and_load_with_their_settings() {
    let World { policies: Policies { document, .. }, .. } = attack();
    assert!(document.policies.iter().any(|policy| policy.matches.security));
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(PoliciesDocument::parse(&text).unwrap(), document);
}
