//! The inventory follows what AWS says, and a quiet run changes nothing.

use std::collections::BTreeMap;

use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::onboarding::{
    Discovered, FoundResource, InventoryPlan, ListedMetric, log_group_candidates, log_sources_by_tag, plan_inventory,
};
use nightjar_domain::resource::{LogSource, Missing, Resource};
use nightjar_testkit::{INSTANCE, LOG_GROUP, at, now, resource};
use rstest::rstest;

const LOG_GROUPS_TAG: &str = "aiops:log-groups";

fn found() -> FoundResource {
    let Resource { reference, tags, state, launched_at, neighbours, .. } = resource();
    FoundResource { reference, tags, state, launched_at, neighbours, details: BTreeMap::new() }
}

fn agent_metric(name: &str, extra: &[(&str, &str)]) -> ListedMetric {
    let dimensions = extra.iter().copied().chain([("InstanceId", INSTANCE)]);
    ListedMetric {
        namespace: "CWAgent".to_owned(),
        name: name.to_owned(),
        dimensions: dimensions.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    }
}

/// The instance with its log group and an agent that reports memory and two disks.
fn discovered() -> Discovered {
    Discovered {
        resources: vec![found()],
        log_groups: [LOG_GROUP.to_owned()].into(),
        listed_metrics: vec![
            agent_metric("mem_used_percent", &[]),
            agent_metric("disk_used_percent", &[("path", "/")]),
            agent_metric("disk_used_percent", &[("path", "/data")]),
        ],
        ..Discovered::default()
    }
}

fn plan_for(discovered: &Discovered, known: &[Resource]) -> InventoryPlan {
    plan_inventory(discovered, known, &Catalogue::bundled().unwrap(), LOG_GROUPS_TAG, now())
}

/// What the inventory holds after the first run on `discovered`.
fn onboarded(discovered: &Discovered) -> Resource {
    plan_for(discovered, &[]).put.remove(0)
}

#[test]
fn a_new_resource_is_described_and_counted_as_new() {
    let plan = plan_for(&discovered(), &[]);
    let resource = &plan.put[0];
    assert_eq!(plan.new, [resource.reference.arn.clone()].into());
    assert_eq!((resource.onboarded_at, resource.updated_at), (now(), now()));
    assert_eq!(resource.missing, []);
    assert_eq!(resource.log_sources, [LogSource { group: LOG_GROUP.to_owned(), stream_prefix: None }]);
    let names: Vec<&str> = resource.metrics.iter().map(|watched| watched.metric.name.as_str()).collect();
    assert_eq!(
        names,
        ["CPUUtilization", "NetworkIn", "NetworkOut", "mem_used_percent", "disk_used_percent", "disk_used_percent"]
    );
}

#[test]
fn a_quiet_run_writes_nothing() {
    let known = Resource { updated_at: at("2026-11-20T00:00:00Z"), ..onboarded(&discovered()) };
    assert_eq!(plan_for(&discovered(), &[known]), InventoryPlan::default());
}

#[test]
fn the_order_in_which_aws_lists_metrics_is_no_change() {
    let known = onboarded(&discovered());
    let mut shuffled = discovered();
    shuffled.listed_metrics.reverse();
    shuffled.listed_metrics.push(shuffled.listed_metrics[0].clone());
    assert_eq!(plan_for(&shuffled, &[known]), InventoryPlan::default());
}

#[rstest]
#[case::state(|d: &mut Discovered| d.resources[0].state = "stopped".to_owned())]
#[case::tag(|d: &mut Discovered| { d.resources[0].tags.remove("aiops:remediate"); })]
#[case::new_disk(|d: &mut Discovered| d.listed_metrics.push(agent_metric("disk_used_percent", &[("path", "/tmp")])))]
#[case::log_group_deleted(|d: &mut Discovered| d.log_groups.clear())]
fn a_change_is_written_and_keeps_the_day_of_onboarding(#[case] change: fn(&mut Discovered)) {
    let known = Resource { onboarded_at: at("2026-11-01T00:00:00Z"), ..onboarded(&discovered()) };
    let mut after = discovered();
    change(&mut after);
    let plan = plan_for(&after, &[known]);
    assert_eq!((plan.put.len(), plan.new.len(), plan.retire.len()), (1, 0, 0));
    assert_eq!(plan.put[0].onboarded_at, at("2026-11-01T00:00:00Z"));
}

#[test]
fn what_is_no_longer_found_is_retired() {
    let known = onboarded(&discovered());
    let plan = plan_for(&Discovered::default(), std::slice::from_ref(&known));
    assert_eq!(plan, InventoryPlan { retire: vec![known.reference.arn], ..InventoryPlan::default() });
}

#[rstest]
#[case::nothing_missing(|_: &mut Discovered| {}, &[])]
#[case::no_agent(|d: &mut Discovered| d.listed_metrics.clear(), &[Missing::MemoryMetric, Missing::DiskMetric])]
#[case::agent_of_another_instance(
    |d: &mut Discovered| for row in &mut d.listed_metrics { row.dimensions.insert("InstanceId".to_owned(), "i-1".to_owned()); },
    &[Missing::MemoryMetric, Missing::DiskMetric]
)]
#[case::named_group_absent(|d: &mut Discovered| d.log_groups.clear(), &[Missing::LogGroup, Missing::NamedLogGroup])]
#[case::one_of_two_absent(
    |d: &mut Discovered| { d.resources[0].tags.insert(LOG_GROUPS_TAG.to_owned(), format!("{LOG_GROUP} /gone")); },
    &[Missing::NamedLogGroup]
)]
#[case::no_tag_and_no_convention(|d: &mut Discovered| { d.resources[0].tags.remove(LOG_GROUPS_TAG); }, &[Missing::LogGroup])]
fn what_is_missing_is_noted(#[case] change: fn(&mut Discovered), #[case] expected: &[Missing]) {
    let mut discovered = discovered();
    change(&mut discovered);
    assert_eq!(onboarded(&discovered).missing, expected);
}

#[test]
fn without_a_tag_the_conventional_log_group_serves() {
    let mut discovered = discovered();
    discovered.resources[0].tags = BTreeMap::new();
    discovered.log_groups = [format!("/aws/ec2/{INSTANCE}")].into();
    let resource = onboarded(&discovered);
    assert_eq!(resource.log_sources[0].group, format!("/aws/ec2/{INSTANCE}"));
    assert_eq!(resource.missing, []);
}

#[rstest]
#[case::one("/app", &[("/app", None)])]
#[case::several("  /app\t/db ", &[("/app", None), ("/db", None)])]
#[case::with_prefix("/shared:web- /db", &[("/shared", Some("web-")), ("/db", None)])]
#[case::prefix_with_a_colon("/shared:web:1", &[("/shared", Some("web:1"))])]
#[case::empty_prefix("/shared:", &[("/shared", None)])]
#[case::nothing("", &[])]
fn the_tag_names_groups_and_streams(#[case] tag: &str, #[case] expected: &[(&str, Option<&str>)]) {
    let sources = log_sources_by_tag(tag);
    let read: Vec<_> = sources.iter().map(|s| (s.group.as_str(), s.stream_prefix.as_deref())).collect();
    assert_eq!(read, expected);
}

#[test]
fn a_tag_with_impossible_names_is_noted_and_not_asked_about() {
    let mut discovered = discovered();
    let tag = format!(":web @app grüße {LOG_GROUP}");
    discovered.resources[0].tags.insert(LOG_GROUPS_TAG.to_owned(), tag);
    assert_eq!(
        log_group_candidates(&discovered.resources[0], &Catalogue::bundled().unwrap(), LOG_GROUPS_TAG),
        [LOG_GROUP]
    );
    assert_eq!(onboarded(&discovered).missing, [Missing::NamedLogGroup]);
}
