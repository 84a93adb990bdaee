//! The plan of alarms: what it makes, what it leaves alone, and that it comes to rest.

use nightjar_domain::accounts::Scope;
use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::coverage::{
    AlarmState, CoveragePlan, GapKind, Level, Ownership, Unread, explain, is_unread_there, merged,
};
use proptest::prelude::*;
use rstest::rstest;

use crate::world::{INSTANCE, QUEUE, World, any_world, listed, made, resource};

#[test]
fn an_instance_gets_what_is_on_by_default_and_the_suite_its_heartbeat() {
    let plan = World::new(&[(INSTANCE, &[])]).plan();
    assert_eq!(
        made(&plan, INSTANCE),
        [
            ("CPUUtilization", Level::Critical, 95.0),
            ("StatusCheckFailed", Level::Critical, 1.0),
            ("StatusCheckFailed_AttachedEBS", Level::Critical, 1.0),
        ]
    );
    let heartbeat = plan.create.iter().filter(|creation| creation.resource == "nightjar:aiops");
    let topics: Vec<&str> = heartbeat.map(|creation| creation.alarm.alarm_actions[0].as_str()).collect();
    assert_eq!(topics, ["arn:aws:sns:eu-west-1:111122223333:aiops-ops"; 2]);
    assert_eq!((plan.usd_a_month.now, plan.usd_a_month.after), (0.0, 0.5));
    insta::assert_json_snapshot!(plan.create.iter().find(|creation| creation.resource == INSTANCE));
}

#[test]
fn every_type_of_the_catalogue_has_an_alarm_that_is_on_where_its_metrics_are_published() {
    let catalogue = Catalogue::bundled().unwrap();
    for (name, kind) in &catalogue.resource_types {
        let on = kind.metrics.iter().any(|entry| entry.alarm.is_some());
        assert!(on, "{name}");
    }
}

#[test]
fn metrics_of_the_agent_are_watched_as_they_are_published() {
    let mut world = World::new(&[(INSTANCE, &[("aiops:alarms", "all")])]);
    let id = ("InstanceId", "i-0a1b2c3d4e5f60718");
    world.discovered.listed_metrics = vec![
        listed("CWAgent", "disk_used_percent", &[id, ("path", "/")]),
        listed("CWAgent", "disk_used_percent", &[id, ("path", "/data")]),
        listed("CWAgent", "disk_used_percent", &[("InstanceId", "i-other"), ("path", "/")]),
    ];
    let plan = world.plan();
    let disks = plan.create.iter().filter(|creation| creation.alarm.metric == "disk_used_percent");
    assert_eq!(disks.count(), 4);
    // The agent dies: nothing is published any more, and the alarms stay, to tell it.
    world.apply(&plan, usize::MAX);
    world.discovered.listed_metrics.clear();
    assert!(world.plan().steps() == 0, "{:?}", world.plan().delete);
}

#[test]
fn a_target_group_is_watched_over_both_of_its_dimensions_and_no_others() {
    let balancer = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc";
    let mut world = World::new(&[(balancer, &[])]);
    let (of, group) = (("LoadBalancer", "app/web/50dc"), ("TargetGroup", "targetgroup/web/73e2"));
    world.discovered.listed_metrics = vec![
        listed("AWS/ApplicationELB", "UnHealthyHostCount", &[of, group]),
        listed("AWS/ApplicationELB", "UnHealthyHostCount", &[of, group, ("AvailabilityZone", "eu-west-1a")]),
    ];
    let plan = world.plan();
    let groups = plan.create.iter().filter(|creation| creation.alarm.metric == "UnHealthyHostCount");
    assert_eq!(groups.count(), 1);
}

#[rstest]
#[case::off(&[("aiops:alarm:CPUUtilization", "off")], &[])]
#[case::threshold(&[("aiops:alarm:CPUUtilization", "critical=70")], &[(Level::Critical, 70.0)])]
#[case::warning_implies_all(&[("aiops:alarm:CPUUtilization", "warning=60")], &[(Level::Critical, 95.0), (Level::Warning, 60.0)])]
#[case::all(&[("aiops:alarms", "all")], &[(Level::Critical, 95.0), (Level::Warning, 80.0)])]
#[case::metric_before_resource(&[("aiops:alarms", "off"), ("aiops:alarm:CPUUtilization", "critical")], &[(Level::Critical, 95.0)])]
#[case::resource_off(&[("aiops:alarms", "off")], &[])]
fn tags_override_the_catalogue(#[case] tags: &[(&str, &str)], #[case] expected: &[(Level, f64)]) {
    let world = World::new(&[(INSTANCE, tags)]);
    let plan = world.plan();
    let cpu: Vec<(Level, f64)> =
        made(&plan, INSTANCE).into_iter().filter(|of| of.0 == "CPUUtilization").map(|of| (of.1, of.2)).collect();
    assert_eq!(cpu, expected);
    assert!(!world.gaps(INSTANCE).contains(&GapKind::BadTag));
}

#[rstest]
#[case::word("aiops:alarms", "none")]
#[case::metric("aiops:alarm:CPUUtilisation", "off")]
#[case::empty("aiops:alarm:CPUUtilization", " ")]
#[case::unknown("aiops:alarm:CPUUtilization", "limit=3")]
#[case::number("aiops:alarm:CPUUtilization", "critical=high")]
#[case::infinite("aiops:alarm:CPUUtilization", "critical=inf")]
#[case::twice("aiops:alarm:CPUUtilization", "critical=1 critical=2")]
#[case::window("aiops:alarm:CPUUtilization", "for=5/3")]
#[case::long_window("aiops:alarm:CPUUtilization", "for=300/300")]
#[case::period("aiops:alarm:CPUUtilization", "period=90")]
#[case::missing("aiops:alarm:CPUUtilization", "missing=never")]
#[case::off_and_more("aiops:alarm:CPUUtilization", "off critical=3")]
#[case::order("aiops:alarm:CPUUtilization", "warning=96 critical=95")]
#[case::no_warning("aiops:alarm:StatusCheckFailed", "all")]
fn a_tag_that_cannot_be_used_is_told_and_changes_nothing(#[case] tag: &str, #[case] value: &str) {
    let plain = World::new(&[(INSTANCE, &[])]).plan();
    let world = World::new(&[(INSTANCE, &[(tag, value)])]);
    assert_eq!(made(&world.plan(), INSTANCE), made(&plain, INSTANCE));
    assert!(world.gaps(INSTANCE).contains(&GapKind::BadTag), "{:?}", world.gaps(INSTANCE));
}

#[test]
fn fifty_tags_and_unicode_names_are_no_trouble() {
    let many: Vec<(String, String)> = (0..49).map(|n| (format!("tag-{n}-größe"), "🦀".repeat(60))).collect();
    let mut tags: Vec<(&str, &str)> = many.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    tags.push(("Name", "注文-サービス\u{7}"));
    let plan = World::new(&[(INSTANCE, &tags)]).plan();
    for creation in &plan.create {
        let text = &creation.alarm.description;
        assert!(creation.alarm.name.is_ascii() && text.chars().count() <= 1024 && !text.contains(char::is_control));
    }
}

#[test]
fn an_unknown_type_is_a_gap_and_the_rest_goes_on() {
    let bucket = "arn:aws:s3:::photos";
    let world = World::new(&[(bucket, &[]), (QUEUE, &[])]);
    assert_eq!(world.gaps(bucket), [GapKind::UnknownType]);
    assert!(!made(&world.plan(), QUEUE).is_empty());
}

#[test]
fn what_was_done_needs_not_be_done_again() {
    let world = World::new(&[(INSTANCE, &[("aiops:alarms", "all")]), (QUEUE, &[])]).applied();
    let plan = world.plan();
    assert!(plan.steps() == 0 && plan.unproven.is_empty());
    assert_eq!(plan.in_force, world.existing.len());
}

#[test]
fn a_changed_tag_is_one_change() {
    let mut world = World::new(&[(INSTANCE, &[]), (QUEUE, &[])]).applied();
    world.discovered.resources[0].tags.insert("aiops:alarm:CPUUtilization".to_owned(), "critical=99".to_owned());
    let plan = world.plan();
    assert_eq!((plan.create.len(), plan.change.len(), plan.delete.len()), (0, 1, 0));
    assert!(plan.change[0].differences.contains(&"threshold: 95 → 99".to_owned()), "{:?}", plan.change[0].differences);
}

#[test]
fn alarms_of_what_is_gone_are_deleted_and_drift_is_repaired() {
    let mut world = World::new(&[(INSTANCE, &[]), (QUEUE, &[])]).applied();
    world.discovered.resources.remove(0);
    let drifted = world.existing.iter_mut().find(|existing| existing.spec.metric == "ApproximateAgeOfOldestMessage");
    drifted.unwrap().spec.threshold = 1.0;
    let plan = world.plan();
    assert_eq!((plan.delete.len(), plan.change.len()), (3, 1));
    assert!(plan.delete.iter().all(|deletion| deletion.why.contains("is gone")));
}

#[test]
fn a_foreign_alarm_of_the_same_name_is_a_conflict_and_stays() {
    let mut world = World::new(&[(INSTANCE, &[])]).applied();
    let foreign = world.existing.iter_mut().find(|existing| existing.spec.metric == "CPUUtilization").unwrap();
    foreign.ownership = Ownership::Foreign;
    foreign.spec.threshold = 12.0;
    let plan = world.plan();
    assert!(plan.steps() == 0);
    assert_eq!(plan.conflicts.len(), 1);
    assert!(world.gaps(INSTANCE).contains(&GapKind::AlarmConflict));
    world.discovered.resources.clear();
    let names: Vec<String> = world.plan().delete.into_iter().map(|deletion| deletion.name).collect();
    assert_eq!(names.len(), 2, "the foreign one is not among them: {names:?}");
}

#[test]
fn nothing_is_decided_before_the_ownership_tag_is_read() {
    let mut world = World::new(&[(INSTANCE, &[]), (QUEUE, &[])]).applied();
    world.discovered.resources.remove(0);
    for existing in &mut world.existing {
        existing.ownership = Ownership::Unknown;
        existing.spec.threshold += f64::from(u8::from(existing.spec.namespace == "AWS/SQS"));
    }
    let plan = world.plan();
    assert!(plan.steps() == 0);
    assert_eq!(plan.unproven.len(), 3 + 2);
}

#[test]
fn what_could_not_be_read_is_not_gone() {
    let mut world = World::new(&[(INSTANCE, &[]), (QUEUE, &[])]).applied();
    world.discovered.resources.clear();
    let problem = "AccessDenied".to_owned();
    world.discovered.unread = [Unread { source: "tag:GetResources".to_owned(), problem, scope: None }].into();
    let plan = world.plan();
    assert_eq!((plan.delete.len(), plan.held.len()), (3, 2), "the instance's are deleted, the queue's are held");
    assert!(plan.held.iter().all(|held| held.why.contains(QUEUE)));
}

#[test]
fn many_deletions_at_once_need_a_persons_word() {
    let arns: Vec<String> = (0..20).map(|n| format!("{QUEUE}-{n}")).collect();
    let resources: Vec<(&str, &[(&str, &str)])> = arns.iter().map(|arn| (arn.as_str(), &[][..])).collect();
    let mut world = World::new(&resources).applied();
    world.discovered.resources.clear();
    assert_eq!((world.plan().delete.len(), world.plan().held.len()), (0, 40));
    world.policy.allow_mass_deletion = true;
    assert_eq!((world.plan().delete.len(), world.plan().held.len()), (40, 0));
}

#[test]
fn the_cap_keeps_the_critical_ones_and_the_plan_comes_to_rest() {
    let mut world = World::new(&[(INSTANCE, &[("aiops:alarms", "all")]), (QUEUE, &[("aiops:alarms", "all")])]);
    world.policy.max_alarms = 6;
    let plan = world.plan();
    assert_eq!((plan.create.len(), plan.over_cap), (6, 3));
    assert!(plan.create.iter().all(|creation| creation.level == Level::Critical));
    let mut world = world.applied();
    assert!(world.plan().steps() == 0);
    world.policy.max_alarms = 4;
    assert_eq!(world.plan().delete.len(), 2);
}

#[test]
fn a_region_without_room_gets_what_fits() {
    let mut world = World::new(&[(INSTANCE, &[])]);
    world.others = 4998;
    let plan = world.plan();
    assert_eq!((plan.create.len(), plan.over_quota, plan.quota.now, plan.quota.after), (2, 3, 4998, 5000));
    assert!(world.gaps(INSTANCE).contains(&GapKind::OverQuota));
}

#[test]
fn alarms_that_watch_nothing_or_tell_nobody_are_gaps() {
    let mut world = World::new(&[(INSTANCE, &[("owner", "shop")])]).applied();
    let of = |world: &mut World, metric: &str| world.existing.iter_mut().position(|e| e.spec.metric == metric).unwrap();
    let (cpu, check) = (of(&mut world, "CPUUtilization"), of(&mut world, "StatusCheckFailed"));
    world.existing[cpu].state = AlarmState::InsufficientData;
    world.existing[check].actions_enabled = false;
    let gaps = world.gaps(INSTANCE);
    assert_eq!(
        gaps,
        [
            GapKind::AlarmWithoutData,
            GapKind::ActionsDisabled,
            GapKind::NoMemoryMetric,
            GapKind::NoDiskMetric,
            GapKind::NoLogGroup
        ]
    );
    assert!(world.plan().steps() == 0, "a switch that somebody turned is not turned back");
    insta::assert_json_snapshot!(world.plan().resources[0]);
}

#[test]
fn an_explanation_says_where_each_value_comes_from() {
    let world = World::new(&[(INSTANCE, &[("aiops:alarm:CPUUtilization", "critical=70 for=2/3")])]);
    let plan = world.plan();
    let name = &plan.create.iter().find(|creation| creation.alarm.metric == "CPUUtilization").unwrap().alarm.name;
    let explanation = explain(world.input(), name).unwrap();
    insta::assert_json_snapshot!(explanation);
    assert_eq!(explain(world.input(), "aiops-no-such-critical-0123456789"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(mut world in any_world()) {
        let plan = world.plan();
        world.apply(&plan, usize::MAX);
        prop_assert!(world.plan().steps() == 0, "{:?}", world.plan());
    }

    #[test]
    fn a_run_that_is_cut_off_is_finished_by_the_next(mut world in any_world(), steps in 0..20_usize) {
        let plan = world.plan();
        world.apply(&plan, steps);
        let rest = world.plan();
        world.apply(&rest, usize::MAX);
        prop_assert!(world.plan().steps() == 0);
    }

    #[test]
    fn foreign_alarms_are_never_touched(world in any_world(), vanish in prop::bool::ANY) {
        let mut world = world;
        if vanish {
            world.discovered.resources.clear();
        }
        let plan = world.plan();
        let touched = plan.change.iter().map(|change| &change.alarm.name);
        let touched: Vec<&String> = touched
            .chain(plan.create.iter().map(|creation| &creation.alarm.name))
            .chain(plan.delete.iter().map(|deletion| &deletion.name))
            .collect();
        for existing in &world.existing {
            prop_assert!(!touched.contains(&&existing.spec.name));
        }
    }

    #[test]
    fn the_cap_and_the_scores_hold(world in any_world()) {
        let plan = world.plan();
        prop_assert!(plan.create.len() + plan.in_force + plan.change.len() <= world.policy.max_alarms);
        for covered in &plan.resources {
            prop_assert!(covered.score <= 100 && covered.passed <= covered.checks);
        }
    }
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

/// The same queue, watched from another account.
fn elsewhere() -> World {
    let mut world = World::new(&[(QUEUE, &[])]);
    world.policy.elsewhere = true;
    world.discovered.scope = Some(scope("111122223333/eu-west-1"));
    world
}

#[test]
fn elsewhere_alarms_tell_nobody_and_the_suite_is_not_there() {
    let plan = elsewhere().plan();
    assert!(plan.create.iter().all(|step| step.resource == QUEUE), "{:?}", plan.create);
    assert!(plan.create.iter().all(|step| step.alarm.alarm_actions.is_empty() && step.alarm.ok_actions.is_empty()));
    let again = elsewhere().applied();
    assert!(again.plan().steps() == 0, "it comes to rest");
    let gaps = &plan.resources[0].gaps;
    let owner = gaps.iter().find(|gap| gap.kind == GapKind::NoOwner).unwrap();
    assert!(owner.fix.starts_with("aws --region eu-west-1 resourcegroupstaggingapi "), "{}", owner.fix);
    assert!(owner.fix.ends_with("# with credentials of 111122223333"), "{}", owner.fix);
}

#[test]
fn plans_of_several_accounts_add_up_and_each_is_told() {
    let (home, other, refusing) = ("999900001111/us-east-1", "111122223333/eu-west-1", "222233334444/eu-west-1");
    let plans = [World::new(&[(INSTANCE, &[])]).plan(), elsewhere().plan()];
    let unread = Unread::everything(Some(scope(refusing)), "refused".to_owned());
    let nothing = CoveragePlan { unread: [unread].into(), ..CoveragePlan::default() };
    let (steps, usd) =
        plans.iter().fold((0, 0.0), |(steps, usd), plan| (steps + plan.create.len(), usd + plan.usd_a_month.after));
    let quota = plans[0].quota;
    let [first, second] = plans;
    let whole = merged(vec![(scope(home), first), (scope(other), second), (scope(refusing), nothing)]);
    assert_eq!((whole.create.len(), whole.quota), (steps, quota));
    assert!((whole.usd_a_month.after - usd).abs() < 0.005, "{:?}", whole.usd_a_month);
    let told: Vec<(String, bool)> = whole.by_scope.iter().map(|one| (one.scope.to_string(), one.read)).collect();
    assert_eq!(told, [(home.to_owned(), true), (other.to_owned(), true), (refusing.to_owned(), false)]);
    let alone = merged(vec![(scope(home), World::new(&[]).plan())]);
    assert!(alone.by_scope.is_empty(), "one account and region needs no name");
}

#[rstest]
#[case::there("222233334444", "sqs:queue", true)]
#[case::another_account("111122223333", "sqs:queue", false)]
#[case::what_was_read("222233334444", "ec2:instance", false)]
#[case::nothing_of_it_was_read("333344445555", "ec2:instance", true)]
fn what_could_not_be_read_there_says_nothing_about_here(
    #[case] account: &str,
    #[case] kind: &str,
    #[case] expected: bool,
) {
    let tagging = Unread {
        source: "tag:GetResources".to_owned(),
        problem: "AccessDenied".to_owned(),
        scope: Some(scope("222233334444/eu-west-1")),
    };
    let unread = [tagging, Unread::everything(Some(scope("333344445555/eu-west-1")), "refused".to_owned())].into();
    let mut reference = resource(QUEUE, &[]).reference;
    account.clone_into(&mut reference.account);
    kind.clone_into(&mut reference.kind);
    assert_eq!(is_unread_there(&unread, &reference, &scope("999900001111/eu-west-1")), expected);
}
