//! What is planned, by which policy and how far.

use nightjar_domain::remediation::{Action, DeclineReason, Mode, Plan, PoliciesDocument, Step};
use rstest::rstest;

use super::{OPT_IN, tag, world};

#[test]
fn with_consent_and_in_auto_mode_it_acts() {
    let Plan::Planned { policy, steps, mode } = world().plan() else { panic!("{:?}", world().plan()) };
    assert_eq!((policy.as_str(), mode), ("restart-unwell-instance", Mode::Auto));
    assert_eq!(steps, [Step::from(Action::Reboot)]);
}

#[test]
fn a_policy_lowers_the_mode_and_never_raises_it() {
    for (deployment, own, expected) in [
        (Mode::Auto, Mode::Approve, Mode::Approve),
        (Mode::DryRun, Mode::Auto, Mode::DryRun),
        (Mode::Approve, Mode::DryRun, Mode::DryRun),
    ] {
        let mut world = world();
        world.policies.bounds.mode = deployment;
        world.policies.document.policies.iter_mut().for_each(|policy| policy.mode = Some(own));
        assert!(matches!(world.plan(), Plan::Planned { mode, .. } if mode == expected));
    }
}

#[test]
fn what_no_restart_mends_is_left_to_people() {
    let mut world = world();
    world.incident.finding.causes[0].kind = "disk_full".to_owned();
    assert!(matches!(
        world.plan(),
        Plan::Declined { reason: DeclineReason::LeftToPeople { policy, .. } } if policy == "full-disk"
    ));
}

#[test]
fn every_mistake_in_the_policies_is_told_at_once() {
    let mut document = serde_json::to_value(PoliciesDocument::bundled().unwrap()).unwrap();
    document["limits"]["per_hour"] = 0.into();
    document["documents"] = serde_json::json!([{ "name": "restart", "parameters": { "Service": ["nginx"] } }]);
    document["policies"][0]["runbook"] = serde_json::json!([
        { "action": "isolate" },
        { "action": "reboot", "security_group": "sg-1" },
        { "action": "ssm_document", "document": "format-disk" },
        { "action": "ssm_document", "document": "restart", "parameters": { "Service": ["sshd"] } },
        { "action": "snapshot_first" },
    ]);
    document["policies"][1]["name"] = "full-disk".into();
    insta::assert_snapshot!(
        PoliciesDocument::parse(&document.to_string()).unwrap_err(),
        @"remediation_policies.json: limits.per_hour lies between 1 and 1000; policies[0] (full-disk): runbook[0] (isolate): only people can follow it: nothing else, or notify_only; policies[0] (full-disk): runbook[0] (isolate): security_group names the quarantine's security group, such as sg-0123456789abcdef0; policies[0] (full-disk): runbook[1] (reboot): security_group belongs to isolate; policies[0] (full-disk): runbook[2] (ssm_document): format-disk is not one of documents; policies[0] (full-disk): runbook[3] (ssm_document): documents does not allow restart with Service = sshd; policies[0] (full-disk): runbook[4] (snapshot_first): it heals nothing: a step follows it; policies[1] (full-disk): the name is used twice"
    );
}

#[rstest]
#[case(Action::Isolate)]
#[case(Action::SsmDocument)]
#[case(Action::AsgReplace)]
#[case(Action::ScaleOut)]
fn every_step_is_planned_where_nothing_speaks_against_it(#[case] action: Action) {
    let mut world = world();
    world.plan_for(action);
    assert!(matches!(world.plan(), Plan::Planned { .. }), "{:?}", world.plan());
    // Each needs its own word in the tag: that of another step is none.
    let others = "reboot isolate ssm_document asg_replace scale_out".replace(action.as_str(), "");
    world.instance().tags.extend([tag(OPT_IN, &others)]);
    assert!(matches!(world.plan(), Plan::Declined { reason: DeclineReason::NotOptedIn { .. } }), "{:?}", world.plan());
}
