//! Each step, and what it must not do.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_snapshot::CreateSnapshotOutput;
use aws_sdk_ec2::operation::describe_snapshots::DescribeSnapshotsOutput;
use aws_sdk_ec2::operation::modify_instance_attribute::ModifyInstanceAttributeOutput;
use aws_sdk_ec2::operation::start_instances::StartInstancesOutput;
use aws_sdk_ec2::operation::stop_instances::StopInstancesOutput;
use aws_sdk_ec2::types::builders::InstanceBuilder;
use aws_sdk_ec2::types::{
    DeviceType, EbsInstanceBlockDevice, GroupIdentifier, InstanceBlockDeviceMapping, InstanceNetworkInterface,
    InstanceState, InstanceStateName, Snapshot,
};
use aws_smithy_mocks::{Rule, mock};
use nightjar_domain::remediation::{Action, AllowedDocument, Claim, ClaimState, Ledger, Remembered, Step};
use nightjar_testkit::{INSTANCE, now};

use crate::support::{ByHand, CARRIED_OUT, DECLINED, ESCALATED, WAITING, World, ago, open, run};

fn in_state(instance: InstanceBuilder, name: InstanceStateName) -> InstanceBuilder {
    instance.state(InstanceState::builder().name(name).build())
}

fn on_ebs(instance: InstanceBuilder) -> InstanceBuilder {
    let volume = |id: &str| {
        InstanceBlockDeviceMapping::builder().ebs(EbsInstanceBlockDevice::builder().volume_id(id).build()).build()
    };
    instance
        .root_device_type(DeviceType::Ebs)
        .block_device_mappings(volume("vol-1"))
        .block_device_mappings(volume("vol-2"))
}

fn grouped(instance: InstanceBuilder, ids: &[&str]) -> InstanceBuilder {
    let groups = ids.iter().map(|id| GroupIdentifier::builder().group_id(*id).build());
    instance.set_security_groups(Some(groups.collect())).network_interfaces(InstanceNetworkInterface::builder().build())
}

/// A world whose policy has this runbook, on an instance that consents to its first step.
fn with(consent: &'static str, runbook: Vec<Step>) -> World {
    let mut world = World::new();
    world.tags.retain(|(key, _)| *key != "aiops:remediate");
    world.tags.push(("aiops:remediate", consent));
    world.runbook = Some(runbook);
    world
}

/// A world that finds a run in this state, whose current step was carried out half an hour ago.
fn found(consent: &'static str, step: Step, state: ClaimState, remembered: Option<Remembered>) -> World {
    let mut world = with(consent, vec![step.clone()]);
    let mut claim: Claim = run(state, 0, ago(1800));
    let run = claim.run.as_mut().unwrap();
    run.steps = vec![step];
    run.remembered = remembered;
    world.stored = Some(claim);
    world.ledger = open(false);
    world
}

fn quarantine() -> Step {
    Step { security_group: Some("sg-9".to_owned()), ..Step::from(Action::Isolate) }
}

fn stop() -> Rule {
    mock!(aws_sdk_ec2::Client::stop_instances)
        .match_requests(|request| request.instance_ids() == [INSTANCE] && request.force() != Some(true))
        .then_output(|| StopInstancesOutput::builder().build())
}

fn start() -> Rule {
    mock!(aws_sdk_ec2::Client::start_instances)
        .match_requests(|request| request.instance_ids() == [INSTANCE])
        .then_output(|| StartInstancesOutput::builder().build())
}

fn set_groups(expected: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_ec2::Client::modify_instance_attribute)
        .match_requests(move |request| request.instance_id() == Some(INSTANCE) && request.groups() == expected)
        .then_output(|| ModifyInstanceAttributeOutput::builder().build())
}

#[tokio::test]
async fn a_stop_is_asked_for_and_the_start_waits_for_the_instance() {
    let mut world = with("stop_start", vec![Step::from(Action::StopStart)]);
    world.instance = on_ebs;
    world.ec2 = vec![stop()];
    assert_eq!(world.run().await.unwrap(), WAITING);
    assert_eq!(world.ec2[0].num_calls(), 1);
}

#[tokio::test]
async fn consent_to_a_reboot_stops_nothing() {
    let mut world = with("reboot", vec![Step::from(Action::StopStart)]);
    world.instance = on_ebs;
    assert_eq!(world.run().await.unwrap(), DECLINED);
}

#[tokio::test]
async fn an_instance_that_would_lose_its_root_disk_is_not_stopped() {
    let mut world = with("stop_start", vec![Step::from(Action::StopStart)]);
    world.instance = |instance| instance.root_device_type(DeviceType::InstanceStore);
    assert_eq!(world.run().await.unwrap(), DECLINED);
}

#[tokio::test]
async fn what_has_stopped_is_started_and_not_stopped_again() {
    let step = Step::from(Action::StopStart);
    let underway = ClaimState::Underway { action: Action::StopStart };
    let mut world = found("stop_start", step.clone(), underway.clone(), None);
    world.instance = |instance| in_state(instance, InstanceStateName::Stopped);
    world.ec2 = vec![start()];
    world.sweep().await.unwrap();
    assert_eq!(world.ec2[0].num_calls(), 1);

    // While it is still stopping, nothing is called; after a quarter of an hour people are told.
    let mut world = found("stop_start", step, underway, None);
    world.instance = |instance| in_state(instance, InstanceStateName::Stopping);
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    assert_eq!(world.sns.num_calls(), 1);
}

#[tokio::test]
async fn a_stop_of_unknown_outcome_is_seen_in_the_instance_and_not_repeated() {
    let mut world =
        found("stop_start", Step::from(Action::StopStart), ClaimState::Started { action: Action::StopStart }, None);
    world.instance = |instance| in_state(instance, InstanceStateName::Stopped);
    world.ec2 = vec![start()];
    world.sweep().await.unwrap();
    assert_eq!(world.ec2[0].num_calls(), 1);
}

fn snapshots(taken: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_ec2::Client::describe_snapshots)
        .match_requests(|request| request.owner_ids() == ["self"])
        .then_output(move || {
            let found = taken.iter().map(|volume| Snapshot::builder().volume_id(*volume).build());
            DescribeSnapshotsOutput::builder().set_snapshots(Some(found.collect())).build()
        })
}

fn snapshot() -> Rule {
    mock!(aws_sdk_ec2::Client::create_snapshot).then_output(|| CreateSnapshotOutput::builder().build())
}

#[tokio::test]
async fn snapshots_come_first_and_the_reboot_follows_at_once() {
    let first = Step { settle_minutes: 0, ..Step::from(Action::SnapshotFirst) };
    let mut world = with("reboot", vec![first, Step::from(Action::Reboot)]);
    world.instance = on_ebs;
    // One volume was taken by a delivery that died: it is not taken again.
    world.ec2 = vec![snapshots(&["vol-1"]), snapshot()];
    assert_eq!(world.run().await.unwrap(), CARRIED_OUT);
    assert_eq!((world.ec2[1].num_calls(), world.reboots()), (1, 1));
}

#[tokio::test]
async fn without_its_snapshot_nothing_is_rebooted() {
    use aws_sdk_ec2::operation::create_snapshot::CreateSnapshotError;
    use aws_smithy_types::error::ErrorMetadata;
    let mut world = with("reboot", vec![Step::from(Action::SnapshotFirst), Step::from(Action::Reboot)]);
    world.instance = on_ebs;
    let refused = mock!(aws_sdk_ec2::Client::create_snapshot)
        .then_error(|| CreateSnapshotError::generic(ErrorMetadata::builder().code("SnapshotLimitExceeded").build()));
    world.ec2 = vec![snapshots(&[]), refused];
    assert_eq!(world.run().await.unwrap(), ESCALATED);
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn an_instance_is_put_into_the_quarantine_alone() {
    let mut world = with("isolate", vec![quarantine()]);
    world.instance = |instance| grouped(instance, &["sg-2", "sg-1"]);
    world.ec2 = vec![set_groups(&["sg-9"])];
    world.run().await.unwrap();
    assert_eq!((world.ec2[0].num_calls(), world.reboots()), (1, 0));
}

#[tokio::test]
async fn consent_to_everything_else_isolates_nothing() {
    let mut world = with("reboot stop_start ssm_document asg_replace scale_out", vec![quarantine()]);
    world.instance = |instance| grouped(instance, &["sg-1"]);
    assert_eq!(world.run().await.unwrap(), DECLINED);
}

fn old_groups() -> Remembered {
    Remembered::SecurityGroups { groups: vec!["sg-1".to_owned(), "sg-2".to_owned()] }
}

#[tokio::test]
async fn what_is_isolated_is_left_to_people_who_are_told_of_the_way_back() {
    let finished = ClaimState::Finished { action: Action::Isolate };
    let mut world = found("isolate", quarantine(), finished.clone(), Some(old_groups()));
    world.instance = |instance| grouped(instance, &["sg-9"]);
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    assert_eq!(world.sns.num_calls(), 1);
}

fn asked_back() -> ClaimState {
    ClaimState::UndoRequested { action: Action::Isolate, by: "ops".to_owned(), why: "it was us".to_owned() }
}

#[tokio::test]
async fn an_isolation_is_taken_back_to_the_groups_there_were() {
    let mut world = found("isolate", quarantine(), asked_back(), Some(old_groups()));
    world.instance = |instance| grouped(instance, &["sg-9"]);
    world.ec2 = vec![set_groups(&["sg-1", "sg-2"])];
    assert_eq!(world.sweep().await.unwrap(), CARRIED_OUT);
    assert_eq!((world.ec2[0].num_calls(), world.sns.num_calls()), (1, 1));
}

#[tokio::test]
async fn what_somebody_changed_since_is_not_overwritten() {
    let changes: [fn(InstanceBuilder) -> InstanceBuilder; 2] =
        [|instance| grouped(instance, &["sg-7"]), |instance| grouped(instance, &["sg-9", "sg-7"])];
    for change in changes {
        let mut world = found("isolate", quarantine(), asked_back(), Some(old_groups()));
        world.instance = change;
        assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    }
    // As it was before: nothing to do, and that is told.
    let mut world = found("isolate", quarantine(), asked_back(), Some(old_groups()));
    world.instance = |instance| grouped(instance, &["sg-1", "sg-2"]);
    assert_eq!(world.sweep().await.unwrap(), CARRIED_OUT);
}

#[tokio::test]
async fn neither_the_switch_nor_a_protected_instance_is_bypassed_by_taking_back() {
    let mut world = found("isolate", quarantine(), asked_back(), Some(old_groups()));
    world.instance = |instance| grouped(instance, &["sg-9"]);
    let stop = nightjar_domain::remediation::Stop { by: "ops".to_owned(), at: now(), why: "drill".to_owned() };
    world.control.stopped = Some(stop);
    assert_eq!(world.sweep().await.unwrap(), WAITING);

    let mut world = found("isolate", quarantine(), asked_back(), Some(old_groups()));
    world.instance = |instance| grouped(instance, &["sg-9"]);
    world.tags.push(("aiops:never-touch", ""));
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
}

/// The group `web` of the instance and others, as Auto Scaling describes it.
fn group(tag: &str, desired: u32, members: &[(&str, &str)]) -> String {
    let member = |(id, health): &(&str, &str)| {
        format!(
            "<member><InstanceId>{id}</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>{health}</HealthStatus></member>"
        )
    };
    let members = members.iter().map(member).collect::<Vec<_>>().concat();
    format!(
        "<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member>\
         <AutoScalingGroupName>web</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>4</MaxSize>\
         <DesiredCapacity>{desired}</DesiredCapacity><Instances>{members}</Instances>\
         <Tags><member><Key>aiops:remediate</Key><Value>{tag}</Value></member></Tags>\
         </member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"
    )
}

const WHOLE: [(&str, &str); 2] = [(INSTANCE, "Healthy"), ("i-2", "Healthy")];

fn member_of_web(consent: &'static str, action: Action) -> World {
    let mut world = with(consent, vec![Step::from(action)]);
    world.tags.push(("aws:autoscaling:groupName", "web"));
    world
}

#[tokio::test]
async fn a_member_is_replaced_by_its_group() {
    let aws = ByHand::new().await.answers("DescribeAutoScalingGroups", &group("asg_replace", 2, &WHOLE), 1).await;
    let aws = aws.answers("TerminateInstanceInAutoScalingGroup", "<R/>", 1).await;
    let mut world = member_of_web("asg_replace", Action::AsgReplace);
    world.by_hand = Some(aws.config());
    assert_eq!(world.run().await.unwrap(), CARRIED_OUT);
}

#[tokio::test]
async fn no_member_is_replaced_without_the_groups_consent_or_beside_a_sick_one() {
    let sick = [(INSTANCE, "Healthy"), ("i-2", "Unhealthy")];
    for answer in [group("scale_out", 2, &WHOLE), group("asg_replace", 2, &sick), group("asg_replace", 1, &WHOLE[..1])]
    {
        let aws = ByHand::new().await.answers("DescribeAutoScalingGroups", &answer, 1).await;
        let aws = aws.answers("TerminateInstanceInAutoScalingGroup", "<R/>", 0).await;
        let mut world = member_of_web("asg_replace", Action::AsgReplace);
        world.by_hand = Some(aws.config());
        assert_eq!(world.run().await.unwrap(), DECLINED);
    }
}

#[tokio::test]
async fn a_group_grows_by_one() {
    let aws = ByHand::new().await.answers("DescribeAutoScalingGroups", &group("scale_out", 2, &WHOLE), 1).await;
    let aws = aws
        .answers("SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=web&DesiredCapacity=3", "<R/>", 1)
        .await;
    let mut world = member_of_web("scale_out", Action::ScaleOut);
    world.by_hand = Some(aws.config());
    assert_eq!(world.run().await.unwrap(), CARRIED_OUT);
}

#[tokio::test]
async fn a_group_does_not_grow_beyond_its_maximum() {
    let four = [(INSTANCE, "Healthy"), ("i-2", "Healthy"), ("i-3", "Healthy"), ("i-4", "Healthy")];
    let aws = ByHand::new().await.answers("DescribeAutoScalingGroups", &group("scale_out", 4, &four), 1).await;
    let aws = aws.answers("SetDesiredCapacity", "<R/>", 0).await;
    let mut world = member_of_web("scale_out", Action::ScaleOut);
    world.by_hand = Some(aws.config());
    assert_eq!(world.run().await.unwrap(), DECLINED);
}

#[tokio::test]
async fn a_capacity_is_taken_back_only_where_nobody_changed_it_since() {
    for (desired, calls, expected) in [(3, 1, CARRIED_OUT), (4, 0, ESCALATED), (2, 0, CARRIED_OUT)] {
        let aws =
            ByHand::new().await.answers("DescribeAutoScalingGroups", &group("scale_out", desired, &WHOLE), 1).await;
        let set = "SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=web&DesiredCapacity=2";
        let aws = aws.answers(set, "<R/>", calls).await;
        let state = ClaimState::UndoRequested { action: Action::ScaleOut, by: "ops".to_owned(), why: String::new() };
        let before = Remembered::Capacity { group: "web".to_owned(), desired: 2 };
        let mut world = found("scale_out", Step::from(Action::ScaleOut), state, Some(before));
        world.by_hand = Some(aws.config());
        assert_eq!(world.sweep().await.unwrap(), expected, "{desired}");
    }
}

fn restart() -> Step {
    let parameters = BTreeMap::from([("Service".to_owned(), vec!["nginx".to_owned()])]);
    Step { document: Some("restart".to_owned()), parameters, ..Step::from(Action::SsmDocument) }
}

fn documents() -> Vec<AllowedDocument> {
    let parameters = BTreeMap::from([("Service".to_owned(), vec!["nginx".to_owned()])]);
    vec![AllowedDocument { name: "restart".to_owned(), parameters }]
}

fn agent(ping: &str) -> serde_json::Value {
    serde_json::json!({ "InstanceInformationList": [{ "InstanceId": INSTANCE, "PingStatus": ping }] })
}

#[tokio::test]
async fn a_document_is_run_on_the_instance_and_followed() {
    let sent = serde_json::json!({ "Command": { "CommandId": "c-1" } });
    let running = serde_json::json!({ "Status": "InProgress" });
    let aws = ByHand::new().await.tells("DescribeInstanceInformation", agent("Online"), 1).await;
    let aws = aws.tells("SendCommand", sent, 1).await.tells("GetCommandInvocation", running, 1).await;
    let mut world = with("ssm_document", vec![restart()]);
    world.documents = documents();
    world.by_hand = Some(aws.config());
    assert_eq!(world.run().await.unwrap(), WAITING);
}

#[tokio::test]
async fn no_document_is_sent_to_an_instance_whose_agent_is_silent() {
    let aws = ByHand::new().await.tells("DescribeInstanceInformation", agent("ConnectionLost"), 1).await;
    let aws = aws.tells("SendCommand", serde_json::Value::Null, 0).await;
    let mut world = with("ssm_document", vec![restart()]);
    world.documents = documents();
    world.by_hand = Some(aws.config());
    assert_eq!(world.run().await.unwrap(), DECLINED);
}

#[test]
fn policies_with_a_document_that_is_not_on_the_list_are_refused_as_a_whole() {
    let mut world = with("ssm_document", vec![restart()]);
    let error = world.policies().unwrap_err().to_string();
    assert!(error.contains("restart is not one of documents"), "{error}");
    world.documents = documents();
    world.documents[0].parameters.clear();
    let error = world.policies().unwrap_err().to_string();
    assert!(error.contains("documents does not allow restart with Service = nginx"), "{error}");
}

#[tokio::test]
async fn a_command_of_unknown_outcome_is_found_by_its_comment_and_not_sent_again() {
    let comment = format!("nightjar {}#1", nightjar_testkit::incident().id);
    let list = serde_json::json!({ "Commands": [{ "CommandId": "c-1", "Comment": comment }] });
    let aws = ByHand::new().await.tells("ListCommands", list, 1).await;
    let aws = aws.tells("GetCommandInvocation", serde_json::json!({ "Status": "Failed" }), 1).await;
    let aws = aws.tells("SendCommand", serde_json::Value::Null, 0).await;
    let mut world = found("ssm_document", restart(), ClaimState::Started { action: Action::SsmDocument }, None);
    world.documents = documents();
    world.by_hand = Some(aws.config());
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    assert_eq!(world.sns.num_calls(), 1);
    assert_ne!(world.ledger, Ledger::default());
}
