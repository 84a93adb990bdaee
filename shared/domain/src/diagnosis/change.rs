//! What kind of change a CloudTrail event is, and how near it lies to the onset.

use jiff::Timestamp;

use crate::evidence::{Change, Neighbours};

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// New code, or new machines with it.
    Deploy,
    /// Who may talk to whom.
    Network,
    /// Who may do what.
    Permission,
    /// Settings, parameters, secrets, names.
    Setting,
    /// Start, stop, reboot, replace.
    Lifecycle,
    Other,
}

/// Half of a change's weight is gone after this many minutes.
const HALF_LIFE_MINUTES: f64 = 45.0;

/// By the start of the action's name.
const KINDS: &[(&[&str], ChangeKind)] = &[
    (
        &[
            "CreateDeployment",
            "StartDeployment",
            "UpdateService",
            "RegisterTaskDefinition",
            "UpdateFunctionCode",
            "PublishVersion",
            "UpdateAlias",
            "StartPipelineExecution",
            "UpdateStack",
            "ExecuteChangeSet",
            "SendCommand",
            "StartInstanceRefresh",
            "CreateLaunchTemplateVersion",
            "UpdateEnvironment",
            "SwapEnvironmentCNAMEs",
            "UpdateNodegroup",
            "StartBuild",
            "PutImage",
            "StartAutomationExecution",
            "UpdateApplication",
            "CreateTaskSet",
            "ModifyLaunchTemplate",
            "SetDesiredCapacity",
        ],
        ChangeKind::Deploy,
    ),
    (
        &[
            "AuthorizeSecurityGroup",
            "RevokeSecurityGroup",
            "ModifySecurityGroup",
            "DeleteSecurityGroup",
            "CreateNetworkAcl",
            "ReplaceNetworkAcl",
            "DeleteNetworkAcl",
            "CreateRoute",
            "ReplaceRoute",
            "DeleteRoute",
            "DisassociateRouteTable",
            "DetachInternetGateway",
            "DeleteNatGateway",
            "DeleteVpc",
            "ModifyVpc",
            "ModifySubnet",
            "ModifyNetworkInterface",
            "DetachNetworkInterface",
            "ModifyListener",
            "ModifyRule",
            "DeregisterTargets",
            "ModifyTargetGroup",
            "DisassociateAddress",
            "RejectVpc",
            "DeleteTransitGateway",
            "DisableTransitGateway",
        ],
        ChangeKind::Network,
    ),
    (
        &[
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "UpdateAssumeRolePolicy",
            "DeleteRole",
            "PutBucketPolicy",
            "DeleteBucketPolicy",
            "PutKeyPolicy",
            "DisableKey",
            "ScheduleKeyDeletion",
            "RevokeGrant",
            "PutResourcePolicy",
            "DeleteAccessKey",
            "UpdateAccessKey",
            "DisassociateIamInstanceProfile",
            "ReplaceIamInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            "CreatePolicyVersion",
            "SetDefaultPolicyVersion",
            "PutUserPolicy",
            "DetachUserPolicy",
            "PutPublicAccessBlock",
        ],
        ChangeKind::Permission,
    ),
    (
        &[
            "PutParameter",
            "DeleteParameter",
            "PutSecretValue",
            "UpdateSecret",
            "RotateSecret",
            "DeleteSecret",
            "UpdateFunctionConfiguration",
            "ModifyDBParameterGroup",
            "ModifyDBInstance",
            "ModifyDBCluster",
            "ModifyCacheCluster",
            "ModifyCacheParameterGroup",
            "ModifyReplicationGroup",
            "ModifyInstanceAttribute",
            "ModifyInstanceMetadataOptions",
            "ModifyInstanceCreditSpecification",
            "ChangeResourceRecordSets",
            "DeleteHostedZone",
            "UpdateTable",
            "UpdateAutoScalingGroup",
            "PutScalingPolicy",
            "ModifyVolume",
            "DetachVolume",
            "StartConfigurationDeployment",
            "CreateHostedConfigurationVersion",
            "UpdateConfiguration",
            "SetQueueAttributes",
            "PutFunctionConcurrency",
            "DeleteFunctionConcurrency",
            "UpdateDistribution",
            "DeleteCertificate",
            "ModifyLoadBalancerAttributes",
            "UpdateRule",
            "PutRule",
            "DisableRule",
            "ModifyReservation",
            "ResetDB",
        ],
        ChangeKind::Setting,
    ),
    (
        &[
            "StopInstances",
            "StartInstances",
            "RebootInstances",
            "TerminateInstances",
            "TerminateInstanceInAutoScaling",
            "RebootDB",
            "FailoverDB",
            "StopDB",
            "StopTask",
            "BidEvictedEvent",
            "DetachInstances",
            "RebootCache",
            "TestFailover",
            "DeleteDB",
            "DeleteService",
            "DeleteCluster",
        ],
        ChangeKind::Lifecycle,
    ),
];

impl ChangeKind {
    pub(super) fn of(change: &Change) -> Self {
        KINDS
            .iter()
            .find(|(names, _)| names.iter().any(|name| change.event.starts_with(name)))
            .map_or(Self::Other, |(_, kind)| *kind)
    }
}

/// 1 right before the onset, halved every 45 minutes, 0 for what came after. Five minutes of grace: clocks and periods
/// are coarse.
pub(super) fn nearness(change: &Change, onset: Timestamp) -> f64 {
    let minutes = onset.duration_since(change.at).as_secs_f64() / 60.0;
    if minutes < -5.0 { 0.0 } else { 0.5_f64.powf(minutes.max(0.0) / HALF_LIFE_MINUTES) }
}

/// Names what a change has to do with the resource, by what CloudTrail lists for it.
pub fn touches(change: &Change, neighbours: &Neighbours) -> Option<String> {
    change.resources.iter().find_map(|listed| {
        neighbours.names.iter().find_map(|(name, what)| is_about(listed, name).then(|| what.clone()))
    })
}

/// A listed resource may be an id, a name or an ARN that ends with one of them.
fn is_about(listed: &str, name: &str) -> bool {
    listed == name || listed.rsplit(['/', ':']).any(|part| part == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(event: &str, resources: &[&str]) -> Change {
        Change {
            at: Timestamp::from_second(1_700_000_000).unwrap(),
            event: event.to_owned(),
            service: "ec2.amazonaws.com".to_owned(),
            by: "alice".to_owned(),
            from: "192.0.2.1".to_owned(),
            resources: resources.iter().map(|&name| name.to_owned()).collect(),
            touches: None,
        }
    }

    #[rstest::rstest]
    #[case("CreateDeployment", ChangeKind::Deploy)]
    #[case("RevokeSecurityGroupIngress", ChangeKind::Network)]
    #[case("UpdateFunctionCode20150331v2", ChangeKind::Deploy)]
    #[case("PutBucketTagging", ChangeKind::Other)]
    fn kinds(#[case] event: &str, #[case] expected: ChangeKind) {
        assert_eq!(ChangeKind::of(&change(event, &[])), expected);
    }

    #[rstest::rstest]
    #[case::before(0, 1.0)]
    #[case::a_half_life(45 * 60, 0.5)]
    #[case::after(-600, 0.0)]
    fn near_is_heavy(#[case] seconds_before: i64, #[case] expected: f64) {
        let onset = Timestamp::from_second(1_700_000_000 + seconds_before).unwrap();
        assert!((nearness(&change("PutParameter", &[]), onset) - expected).abs() < 1e-9);
    }

    #[test]
    fn a_name_is_found_in_an_arn_and_not_in_another_name() {
        let names = [("web".to_owned(), "its group".to_owned())].into();
        let neighbours = Neighbours { names };
        let of = |listed: &str| touches(&change("x", &[listed]), &neighbours);
        assert_eq!(
            of("arn:aws:autoscaling:r:a:autoScalingGroup:u:autoScalingGroupName/web").as_deref(),
            Some("its group")
        );
        assert_eq!(of("website"), None);
    }
}
