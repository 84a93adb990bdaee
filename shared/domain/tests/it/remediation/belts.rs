//! For each belt a case in which that belt, and no other, stops the act.

use jiff::SignedDuration;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Status;
use nightjar_domain::remediation::{
    Action, BELTS, Control, DeclineReason, Freeze, GROUP_TAG, Mode, OpenRun, Plan, Situation, Stop, explain,
};
use nightjar_testkit::now;
use rstest::rstest;

use super::{OPT_IN, PROTECTED, World, minutes, tag, window, world};

/// For each belt, a situation in which that belt, and no other, stops the act.
#[rstest]
#[case::kill_switch("kill_switch", |w: &mut World| {
    w.fleet.control = Control { stopped: Some(Stop { by: "ops".to_owned(), at: now(), why: "drill".to_owned() }), resumed: None };
})]
#[case::mode("mode", |w: &mut World| w.policies.bounds.mode = Mode::Off)]
#[case::resolved("incident_open", |w: &mut World| w.fleet.incident_status = Some(Status::Resolved))]
#[case::another_type("supported_type", |w: &mut World| {
    w.incident.anomaly.resource.kind = "rds:db".to_owned();
    w.policies.document.policies.last_mut().unwrap().matches.resource_types.clear();
})]
#[case::gone("exists", |w: &mut World| w.fleet.instance = None)]
#[case::protected("protected", |w: &mut World| w.instance().tags.extend([tag(PROTECTED, "")]))]
#[case::no_opt_in("opt_in", |w: &mut World| { w.instance().tags.remove(OPT_IN); })]
#[case::opted_in_to_something_else("opt_in", |w: &mut World| w.instance().tags.extend([tag(OPT_IN, "Reboot")]))]
#[case::consent_to_a_reboot_is_none_to_a_stop("opt_in", |w: &mut World| {
    w.instance().tags.remove(GROUP_TAG);
    w.runbook()[0].action = Action::StopStart;
})]
#[case::stopped("running", |w: &mut World| w.instance().state = "stopped".to_owned())]
#[case::terminating("running", |w: &mut World| w.instance().state = "shutting-down".to_owned())]
#[case::scheduled("scheduled_event", |w: &mut World| w.instance().scheduled_events.push("system-reboot".to_owned()))]
#[case::restarting("restarting", |w: &mut World| w.instance().is_initializing = true)]
#[case::new("too_young", |w: &mut World| w.instance().launched_at = Some(now() - minutes(14)))]
#[case::stale("stale", |w: &mut World| w.incident.anomaly.window_end = now() - minutes(31))]
#[case::unsure("confidence", |w: &mut World| w.incident.finding.causes[0].confidence = 0.49)]
#[case::no_cause("confidence", |w: &mut World| w.incident.finding.causes.clear())]
#[case::sure_that_it_is_unknown("confidence", |w: &mut World| {
    w.incident.finding.causes[0].kind = "unknown".to_owned();
    w.incident.finding.causes[0].confidence = 0.95;
})]
#[case::frozen("freeze", |w: &mut World| {
    w.policies.document.freezes =
        vec![Freeze { name: "sale".to_owned(), from: now(), until: now() + minutes(1) }];
})]
#[case::maintenance("maintenance", |w: &mut World| w.policies.maintenance = window(now()))]
#[case::breaker("breaker", |w: &mut World| {
    let breaker = nightjar_domain::remediation::Breaker { failures: 3, opened_at: Some(now() - minutes(1439)) };
    w.fleet.ledger.breakers.insert("restart-unwell-instance".to_owned(), breaker);
})]
#[case::cooldown("cooldown", |w: &mut World| w.fleet.cooldown_until = Some(now() + SignedDuration::from_secs(1)))]
#[case::under_repair("under_repair", |w: &mut World| {
    let run = OpenRun {
        incident: IncidentId::derive(&["other"]),
        resource_arn: w.incident.anomaly.resource.arn.clone(),
        policy: "p".to_owned(),
        since: now(),
        waiting: true,
        counted: false,
    };
    w.fleet.ledger.runs.push(run);
})]
#[case::hourly_cap("hourly_cap", |w: &mut World| {
    for n in 0..5 {
        w.act(&format!("i-{n}"), |act| { act.open = false; act.at = now() - minutes(59); });
    }
})]
#[case::group_member("group_member", |w: &mut World| w.act("i-2", |act| act.group = Some("web".to_owned())))]
#[case::product_share("product_share", |w: &mut World| {
    w.act("i-2", |act| act.product = Some("shop".to_owned()));
    w.act("i-3", |act| act.product = Some("shop".to_owned()));
})]
#[case::precondition("precondition", |w: &mut World| {
    w.instance().tags.extend([tag(OPT_IN, "stop_start")]);
    w.runbook()[0].action = Action::StopStart;
})]
#[case::group_without_consent("opt_in", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().tags.clear();
})]
#[case::protected_group("protected", |w: &mut World| {
    w.plan_for(Action::ScaleOut);
    w.group().tags.extend([tag(PROTECTED, "")]);
})]
#[case::isolate_in_a_group("precondition", |w: &mut World| {
    w.plan_for(Action::Isolate);
    w.instance().tags.extend([tag(GROUP_TAG, "web")]);
})]
#[case::isolate_two_interfaces("precondition", |w: &mut World| {
    w.plan_for(Action::Isolate);
    w.instance().network_interfaces = 2;
})]
#[case::isolate_what_is_isolated("precondition", |w: &mut World| {
    w.plan_for(Action::Isolate);
    w.instance().security_groups = vec!["sg-9".to_owned()];
})]
#[case::document_without_agent("precondition", |w: &mut World| {
    w.plan_for(Action::SsmDocument);
    w.instance().is_managed = false;
})]
#[case::replace_outside_a_group("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.fleet.group = None;
})]
#[case::replace_the_only_member("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().desired = 1;
    w.group().members.truncate(1);
})]
#[case::replace_beside_an_unhealthy_member("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().members[1].is_healthy = false;
})]
#[case::replace_beside_a_missing_member("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().desired = 4;
})]
#[case::replace_where_nothing_may_be_launched("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().suspended.push("Launch".to_owned());
})]
#[case::replace_what_leaves_already("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().members[0].lifecycle = "Terminating".to_owned();
})]
#[case::scale_beyond_the_maximum("precondition", |w: &mut World| {
    w.plan_for(Action::ScaleOut);
    w.group().max = 3;
})]
#[case::scale_while_a_member_comes("precondition", |w: &mut World| {
    w.plan_for(Action::ScaleOut);
    w.group().members[2].lifecycle = "Pending".to_owned();
})]
#[case::another_account("elsewhere", |w: &mut World| w.incident.anomaly.resource.account = "222233334444".to_owned())]
#[case::another_region("elsewhere", |w: &mut World| w.incident.anomaly.resource.region = "eu-west-1".to_owned())]
fn only_this_belt_stops_it(#[case] belt: &str, #[case] change: fn(&mut World)) {
    let mut world = world();
    change(&mut world);
    let explained = explain(&world.incident, &world.policies, &world.fleet, now());
    assert_eq!(explained.belt, Some(belt), "{explained:?}");
    let policy = world.policies.document.policies.last().unwrap();
    let step = &policy.runbook[0];
    let World { incident, policies, fleet } = &world;
    let situation = Situation { incident, policies, policy, step, fleet, now: now(), resumes: false };
    let stopping: Vec<&str> =
        BELTS.iter().filter(|belt| (belt.check)(&situation).is_some()).map(|belt| belt.name).collect();
    assert_eq!(stopping, [belt], "no other belt has anything against it");
}

#[test]
fn too_many_approvals_wait() {
    let mut world = world();
    world.policies.bounds.mode = Mode::Approve;
    world.policies.document.limits.waiting = 1;
    assert!(matches!(world.plan(), Plan::Planned { .. }));
    let run = OpenRun {
        incident: IncidentId::derive(&["other"]),
        resource_arn: "other".to_owned(),
        policy: "p".to_owned(),
        since: now(),
        waiting: true,
        counted: false,
    };
    world.fleet.ledger.runs.push(run);
    assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::TooManyWaiting { count: 1 } });
}

#[rstest]
#[case::cooldown_ends_now(|w: &mut World| w.fleet.cooldown_until = Some(now()))]
#[case::as_old_as_allowed(|w: &mut World| w.incident.anomaly.window_end = now() - minutes(30))]
#[case::as_young_as_allowed(|w: &mut World| w.instance().launched_at = Some(now() - minutes(15)))]
#[case::as_unsure_as_allowed(|w: &mut World| w.incident.finding.causes[0].confidence = 0.5)]
#[case::the_maintenance_is_over(|w: &mut World| w.policies.maintenance = window(now() - minutes(1)))]
#[case::the_freeze_is_over(|w: &mut World| {
    w.policies.document.freezes =
        vec![Freeze { name: "sale".to_owned(), from: now() - minutes(9), until: now() }];
})]
#[case::the_breaker_closed_by_itself(|w: &mut World| {
    let breaker = nightjar_domain::remediation::Breaker { failures: 3, opened_at: Some(now() - minutes(1440)) };
    w.fleet.ledger.breakers.insert("restart-unwell-instance".to_owned(), breaker);
})]
#[case::one_of_eight_is_within_a_quarter(|w: &mut World| w.act("i-2", |act| act.product = Some("shop".to_owned())))]
#[case::the_only_instance_of_a_product(|w: &mut World| w.fleet.product_members = 1)]
fn limits_are_inclusive(#[case] change: fn(&mut World)) {
    let mut world = world();
    change(&mut world);
    assert!(matches!(world.plan(), Plan::Planned { .. }), "{:?}", world.plan());
}
