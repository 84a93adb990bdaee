//! What the engine does to machines, and above all what it does not.

use aws_sdk_ec2::operation::reboot_instances::RebootInstancesError;
use aws_smithy_mocks::mock;
use aws_smithy_types::error::ErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::remediation::{
    Action, Announcement, Claim, ClaimState, Decision, InstanceState as Described, Stop,
};
use nightjar_remediation_engine::handler::{Summary, handle};
use nightjar_testkit::{envelope_of, incident, now};
use rstest::rstest;

use crate::support::{FINISHED, STARTED, World, ago, claim, open, run, sns};

#[tokio::test]
async fn an_opted_in_instance_is_rebooted_once_and_people_are_told() {
    let world = World::new();
    assert_eq!(world.run().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (1, 1));
}

#[tokio::test]
async fn an_instance_that_is_not_opted_in_is_left_alone() {
    let mut world = World::new();
    world.tags = vec![("aiops:monitor", "true")];
    assert_eq!(world.run().await.unwrap(), Summary { declined: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_protected_instance_is_left_alone_though_it_is_opted_in() {
    let mut world = World::new();
    world.tags.push(("aiops:never-touch", ""));
    assert_eq!(world.run().await.unwrap().declined, 1);
    assert_eq!(world.reboots(), 0);
}

/// The same id may be another machine here: it is not even looked at.
#[rstest]
#[case::another_account("us-east-1", "222233334444")]
#[case::another_region("eu-west-1", "000000000000")]
#[case::unknown("", "")]
#[tokio::test]
async fn what_is_elsewhere_is_declined_and_never_touched(#[case] region: &str, #[case] account: &str) {
    let mut world = World::new();
    let resource = &mut world.incident.anomaly.resource;
    region.clone_into(&mut resource.region);
    account.clone_into(&mut resource.account);
    assert_eq!(world.run().await.unwrap(), Summary { declined: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
    let told = world.told.lock().unwrap().join(" ");
    assert!(
        told.contains("remediation.declined") && told.contains("remediation acts in 000000000000/us-east-1 alone"),
        "{told}"
    );
}

/// Approved before anybody knew that it is elsewhere.
#[tokio::test]
async fn an_approval_for_what_is_elsewhere_is_not_carried_out() {
    let mut world = World::new();
    world.mode = "approve";
    world.incident.anomaly.resource.account = "222233334444".to_owned();
    world.stored = Some(awaiting(Some(true), as_it_is(&world), now() + SignedDuration::from_mins(9)));
    world.ledger = open(true);
    assert_eq!(world.sweep().await.unwrap().carried_out, 0);
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_dry_run_touches_nothing() {
    let mut world = World::new();
    world.mode = "dry_run";
    assert_eq!(world.run().await.unwrap(), Summary { rehearsed: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_redelivery_after_the_end_does_nothing_again() {
    let mut world = World::new();
    world.stored = Some(Claim { announcement: Announcement::Done, ..claim(FINISHED, ago(30)) });
    assert_eq!(world.run().await.unwrap().carried_out, 1);
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_redelivery_after_a_crash_before_the_announcement_announces_and_does_not_act() {
    let mut world = World::new();
    world.stored = Some(claim(FINISHED, ago(30)));
    world.run().await.unwrap();
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn a_redelivery_beside_one_that_announces_fails_and_comes_back_later() {
    let mut world = World::new();
    let until = now() + SignedDuration::from_secs(20);
    world.stored = Some(Claim { announcement: Announcement::Underway { until }, ..claim(FINISHED, ago(30)) });
    let error = world.run().await.unwrap_err().to_string();
    assert!(error.starts_with("another delivery announces inc_"), "{error}");
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_delivery_that_loses_the_claim_does_not_act() {
    let mut world = World::new();
    world.claim_lost_to = Some(claim(STARTED, ago(1)));
    let error = world.run().await.unwrap_err().to_string();
    assert!(error.contains("is claimed until"), "{error}");
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn an_expired_claim_is_never_taken_over_and_people_are_told() {
    let mut world = World::new();
    world.stored = Some(claim(STARTED, ago(600)));
    assert_eq!(world.run().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn an_expired_claim_that_cloudtrail_knows_of_is_finished() {
    let mut world = World::new();
    world.stored = Some(claim(STARTED, ago(600)));
    world.trail = vec!["RebootInstances"];
    assert_eq!(world.run().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 0);
}

#[tokio::test]
async fn a_refused_reboot_is_told_and_not_repeated() {
    let mut world = World::new();
    world.reboot = mock!(aws_sdk_ec2::Client::reboot_instances).then_error(|| {
        RebootInstancesError::generic(ErrorMetadata::builder().code("UnauthorizedOperation").message("no").build())
    });
    assert_eq!(world.run().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (1, 1));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_fails_and_touches_nothing() {
    let world = World::new();
    let unknown =
        serde_json::to_string(&envelope_of(incident())).unwrap().replace("nightjar.incident/1", "nightjar.incident/9");
    for (message, expected) in
        [("{}", "not a Nightjar envelope"), (unknown.as_str(), "schema \"nightjar.incident/9\" is not known here")]
    {
        let error = handle(&world.context(), sns(message), now).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!((world.reboots(), world.settled.num_calls()), (0, 0));
}

#[tokio::test]
async fn a_sweep_with_nothing_open_does_nothing() {
    assert_eq!(World::new().sweep().await.unwrap(), Summary::default());
}

#[tokio::test]
async fn what_healed_is_told_and_the_run_ends() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 0, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![25.0, 24.0];
    assert_eq!(world.sweep().await.unwrap(), Summary { healed: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn what_did_not_heal_goes_to_the_next_step() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 0, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![97.0, 97.5];
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 1);
}

#[tokio::test]
async fn after_the_last_step_people_have_to_look() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 1, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![97.0, 97.5];
    assert_eq!(world.sweep().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn no_datapoint_is_no_recovery() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 1, ago(1800)));
    world.ledger = open(false);
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.sns.num_calls(), 0);
}

fn awaiting(approved: Option<bool>, fingerprint: String, until: Timestamp) -> Claim {
    let decision = approved.map(|approved| Decision {
        approved,
        by: "arn:aws:iam::000000000000:user/ops".to_owned(),
        at: ago(5),
        why: "the plan is right".to_owned(),
    });
    let state = ClaimState::AwaitingApproval { action: Action::Reboot, until, fingerprint, decision };
    let mut claim = run(state, 0, ago(60));
    claim.run.as_mut().unwrap().acted_at = None;
    claim
}

fn as_it_is(world: &World) -> String {
    let tags = world.tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Described { state: "running".to_owned(), tags, ..Described::default() }.fingerprint()
}

#[tokio::test]
async fn in_approve_mode_people_are_asked_and_nothing_is_touched() {
    let mut world = World::new();
    world.mode = "approve";
    assert_eq!(world.run().await.unwrap(), Summary { waiting: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}

#[tokio::test]
async fn an_approval_is_carried_out_by_the_engine() {
    let mut world = World::new();
    world.mode = "approve";
    world.stored = Some(awaiting(Some(true), as_it_is(&world), now() + SignedDuration::from_mins(9)));
    world.ledger = open(true);
    assert_eq!(world.sweep().await.unwrap(), Summary { carried_out: 1, ..Summary::default() });
    assert_eq!(world.reboots(), 1);
}

#[tokio::test]
async fn without_a_valid_word_nothing_is_done() {
    let later = now() + SignedDuration::from_mins(9);
    let same = as_it_is(&World::new());
    for (claim, expected) in [
        (awaiting(None, same.clone(), later), Summary { waiting: 1, ..Summary::default() }),
        (awaiting(None, same.clone(), now()), Summary { declined: 1, ..Summary::default() }),
        (awaiting(Some(false), same, later), Summary { declined: 1, ..Summary::default() }),
        (awaiting(Some(true), "another".to_owned(), later), Summary { declined: 1, ..Summary::default() }),
    ] {
        let mut world = World::new();
        world.mode = "approve";
        world.stored = Some(claim);
        world.ledger = open(true);
        assert_eq!((world.sweep().await.unwrap(), world.reboots()), (expected, 0));
    }
}

#[tokio::test]
async fn the_kill_switch_stops_the_next_step_and_people_are_told() {
    let mut world = World::new();
    world.stored = Some(run(FINISHED, 0, ago(1800)));
    world.ledger = open(false);
    world.metric = vec![97.0, 97.5];
    world.control.stopped = Some(Stop { by: "ops".to_owned(), at: ago(5), why: "drill".to_owned() });
    assert_eq!(world.sweep().await.unwrap(), Summary { escalated: 1, ..Summary::default() });
    assert_eq!((world.reboots(), world.sns.num_calls()), (0, 1));
}
