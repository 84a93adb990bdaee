"""The steps that change more than a reboot, each with its way back, as far as the local AWS carries them.

Not carried: `ssm_document` (Systems Manager knows no instance as managed that has no machine behind it, and refuses the command) and
`asg_replace` (TerminateInstanceInAutoScalingGroup is missing). Those are shown with the real client against recorded answers in
functions/remediation-engine/tests, and by random histories in shared/domain/tests.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import Chain
from demo.fleet import TARGET, Instance
from local.deployment import PREFIX
from local.stack import ACCOUNT
from policies import policies
from test_remediation import claim_of, item, nightjar, texts
from test_security import event, incidents, tell

GROUP = "steps"


def opt_in(chain: Chain, instance: Instance, word: str, **tags: str) -> None:
    wanted = {f"{PREFIX}:remediate": word, **tags}
    chain.deployment.stack.client("ec2").create_tags(
        Resources=[instance.id], Tags=[{"Key": key, "Value": value} for key, value in wanted.items()]
    )


def security_groups(chain: Chain, instance: Instance) -> list[str]:
    found = chain.deployment.stack.client("ec2").describe_instances(InstanceIds=[instance.id])
    return [group["GroupId"] for group in found["Reservations"][0]["Instances"][0]["SecurityGroups"]]


def incident_of(chain: Chain, instance: Instance) -> str:
    (incident,) = chain.incidents(instance)
    return str(incident["id"])


@pytest.fixture
def two_groups(chain: Chain) -> Iterator[tuple[str, str]]:
    """The instance's own security group, and that of the quarantine."""
    ec2 = chain.deployment.stack.client("ec2")
    made = [
        ec2.create_security_group(GroupName=f"{name}-{secrets.token_hex(4)}", Description=name)["GroupId"]
        for name in ("own", "quarantine")
    ]
    yield made[0], made[1]


def test_an_instance_is_isolated_and_given_back(chain: Chain, two_groups: tuple[str, str]) -> None:
    own, quarantine = two_groups
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    chain.deployment.stack.client("ec2").modify_instance_attribute(InstanceId=target.id, Groups=[own])
    opt_in(chain, target, "isolate")
    with policies(chain, "auto", runbook=[{"action": "isolate", "security_group": quarantine}]):
        fleet.get_into_trouble()
        chain.run("anomaly-detector")
        assert security_groups(chain, target) == [quarantine]
        chain.run("remediation-engine")
        assert claim_of(chain, target)["state"]["state"] == "contained"
        assert claim_of(chain, target)["run"]["remembered"]["groups"] == [own]
        (told,) = [text for text in texts(chain, target) if "nothing reaches the instance" in text]
        assert "nightjar remediate undo" in told

        code, answer = nightjar(chain, "remediate", "undo", incident_of(chain, target), "--why", "our own scanner")
        assert code == 0, answer
        chain.run("remediation-engine")
        assert security_groups(chain, target) == [own]
        chain.run("remediation-engine")
    assert claim_of(chain, target)["state"]["state"] == "undone"
    assert chain.reboots(target) == 0
    started = chain.facts("remediation.started", target)
    assert [fact["details"].get("undo", False) for fact in started] == [False, True]
    code, answer = nightjar(chain, "remediate", "undo", incident_of(chain, target), "--why", "again")
    assert code == 1 and "taken back already" in answer


def test_consent_to_another_step_isolates_nothing(chain: Chain, two_groups: tuple[str, str]) -> None:
    own, quarantine = two_groups
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    chain.deployment.stack.client("ec2").modify_instance_attribute(InstanceId=target.id, Groups=[own])
    with policies(chain, "auto", runbook=[{"action": "isolate", "security_group": quarantine}]):
        fleet.get_into_trouble()
        chain.run("anomaly-detector")
    assert security_groups(chain, target) == [own]
    (declined,) = chain.facts("remediation.declined", target)
    assert "not opted in" in declined["details"]["text"]


@pytest.fixture
def group(chain: Chain) -> Iterator[Any]:
    """A group of two that may grow to four."""
    groups = chain.deployment.stack.client("autoscaling")
    groups.create_launch_configuration(LaunchConfigurationName=GROUP, ImageId="ami-1", InstanceType="t3.micro")
    tag = {"Key": f"{PREFIX}:remediate", "Value": "scale_out", "ResourceId": GROUP, "ResourceType": "auto-scaling-group"}
    groups.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchConfigurationName=GROUP,
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        AvailabilityZones=["us-east-1a"],
        Tags=[{**tag, "PropagateAtLaunch": False}],
    )
    yield groups
    groups.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    groups.delete_launch_configuration(LaunchConfigurationName=GROUP)


def desired(groups: Any) -> int:
    return int(groups.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"][0]["DesiredCapacity"])


def test_a_group_grows_by_one_and_is_set_back(chain: Chain, group: Any) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    opt_in(chain, target, "scale_out", **{"aws:autoscaling:groupName": GROUP})
    with policies(chain, "auto", runbook=[{"action": "scale_out", "settle_minutes": 0}]):
        fleet.get_into_trouble()
        chain.run("anomaly-detector")
        assert desired(group) == 3, claim_of(chain, target)
        chain.run("remediation-engine")
        assert desired(group) == 3, "a step is carried out once"
        table = chain.deployment.stack.client("dynamodb")
        # Its effect cannot show: the metric of this instance does not fall. Who asks it back need not wait for the verdict's end.
        claim = claim_of(chain, target)
        claim["state"] = {"state": "escalated", "why": "still hot"}
        table.update_item(
            TableName=f"{PREFIX}-remediations",
            Key={"id": {"S": f"claim#{claim['incident']}"}},
            UpdateExpression="SET claim = :claim",
            ExpressionAttributeValues={":claim": {"S": json.dumps(claim, separators=(",", ":"))}},
        )
        code, answer = nightjar(chain, "remediate", "undo", incident_of(chain, target), "--why", "enough")
        assert code == 0, answer
        chain.run("remediation-engine")
    assert desired(group) == 2
    assert claim_of(chain, target)["state"]["state"] == "undone"


@pytest.fixture
def user(chain: Chain) -> Iterator[tuple[str, str]]:
    """A user of this account who consents, with a key."""
    iam = chain.deployment.stack.client("iam")
    name = f"mallory-{secrets.token_hex(4)}"
    iam.create_user(UserName=name, Tags=[{"Key": f"{PREFIX}:remediate", "Value": "disable_access_key"}])
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    yield name, key
    iam.delete_access_key(UserName=name, AccessKeyId=key)
    iam.delete_user(UserName=name)


def status(chain: Chain, user: tuple[str, str]) -> str:
    keys = chain.deployment.stack.client("iam").list_access_keys(UserName=user[0])["AccessKeyMetadata"]
    return {key["AccessKeyId"]: str(key["Status"]) for key in keys}[user[1]]


def claim_on(chain: Chain, incident: str) -> dict[str, Any]:
    claim: dict[str, Any] = json.loads(item(chain, f"claim#{incident}")["claim"]["S"])
    return claim


def attack(chain: Chain, user: tuple[str, str]) -> str:
    """The user's key stops a trail; the incident's id."""
    name, key = user
    stopped = event(name, "StopLogging", account=ACCOUNT)
    stopped["userIdentity"]["accessKeyId"] = key
    tell(chain, stopped)
    chain.settle()
    (incident,) = incidents(chain, name)
    return str(incident["id"])


def test_a_key_is_made_inactive_with_approval_only_and_given_back(chain: Chain, user: tuple[str, str]) -> None:
    incident = attack(chain, user)
    # The deployment is in mode auto. Still a person is asked.
    claim = claim_on(chain, incident)
    assert claim["state"]["state"] == "awaiting_approval" and claim["state"]["action"] == "disable_access_key"
    chain.run("remediation-engine")
    assert status(chain, user) == "Active"

    asked = [mail.get_content() for mail in chain.records.mails() if f"approvals approve {incident}" in mail.get_content()]
    assert asked, "people are asked by mail"
    token = asked[0].split("approvals approve ")[1].split("`")[0]
    code, told = nightjar(chain, "approvals", "approve", token, "--why", "not one of ours")
    assert code == 0, told
    chain.run("remediation-engine")
    chain.run("remediation-engine")
    assert status(chain, user) == "Inactive"
    claim = claim_on(chain, incident)
    assert claim["state"]["state"] == "contained" and claim["run"]["remembered"]["keys"] == [user[1]]

    code, told = nightjar(chain, "remediate", "undo", incident, "--why", "it was our scanner")
    assert code == 0, told
    chain.run("remediation-engine")
    assert status(chain, user) == "Active"
    assert claim_on(chain, incident)["state"]["state"] == "undone"
    kinds = [fact["kind"] for fact in chain.records.facts() if incident in str(fact)]
    assert {"remediation.approval_requested", "remediation.approved", "remediation.started", "remediation.verified"} <= set(kinds)
    assert kinds.count("remediation.started") == 2, "the step, and the way back"


def test_a_user_who_changed_since_keeps_the_key(chain: Chain, user: tuple[str, str]) -> None:
    incident = attack(chain, user)
    asked = [mail.get_content() for mail in chain.records.mails() if f"approvals approve {incident}" in mail.get_content()]
    token = asked[0].split("approvals approve ")[1].split("`")[0]
    chain.deployment.stack.client("iam").tag_user(UserName=user[0], Tags=[{"Key": "Owner", "Value": "somebody else"}])
    code, told = nightjar(chain, "approvals", "approve", token, "--why", "too late")
    assert code == 0, told
    chain.run("remediation-engine")
    assert status(chain, user) == "Active"
    (declined,) = [fact for fact in chain.records.facts("remediation.declined") if incident in str(fact)]
    assert "is void" in declined["details"]["text"]


def test_a_user_without_consent_keeps_the_key(chain: Chain, user: tuple[str, str]) -> None:
    chain.deployment.stack.client("iam").untag_user(UserName=user[0], TagKeys=[f"{PREFIX}:remediate"])
    incident = attack(chain, user)
    (declined,) = [fact for fact in chain.records.facts("remediation.declined") if incident in str(fact)]
    assert "not opted in" in declined["details"]["text"]
    assert status(chain, user) == "Active"
