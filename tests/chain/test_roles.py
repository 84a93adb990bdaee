"""Every function may do what its code can do, and no more; the code is asked through its binary (`local.calls`)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from conftest import Deployment
from local import calls, packages
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION

#: What modules/function gives to every function: the runtime needs it, or a service on the function's behalf.
OF_THE_RUNTIME = {"OwnLogs", "OwnDeadLetters", "KeyThroughServices", "Traces", "ReadStream", "ListStreams"}
#: What is made with tags wants the action that tags, too.
COMES_WITH = {
    "ec2:CreateSnapshot": {"ec2:CreateTags"},
    "cloudwatch:PutMetricAlarm": {"cloudwatch:TagResource"},
}
#: What comes with a variable that is off here: `composite_alarms`. That it comes with it is shown by infrastructure/tests.
OFF_HERE = {("onboarding", "cloudwatch:PutCompositeAlarm")}
READS = re.compile(r":(Get|BatchGet|List|Describe|Lookup|Filter|StartQuery|StopQuery|Query|Scan|GetQueryResults)")
TABLE = re.compile(rf"^arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{PREFIX}-(?P<table>[a-z-]+)(/index/\*)?$")
#: What reaches outside the suite and changes something there.
OUTSIDE = ("ec2:", "autoscaling:", "ssm:", "iam:")


def statements(deployment: Deployment, function: str) -> list[dict[str, Any]]:
    iam = deployment.stack.client("iam")
    role = f"{PREFIX}-{function}"
    found = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        found += (json.loads(document) if isinstance(document, str) else document)["Statement"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return [statement for statement in found if statement["Effect"] == "Allow"]


def given_to_all(deployment: Deployment, function: str) -> set[str]:
    """What the runtime needs; a function may use it as well, to put into its dead-letter queue what it gives up itself."""
    found = [statement for statement in statements(deployment, function) if statement["Sid"] in OF_THE_RUNTIME]
    return {action for statement in found for action in statement["Action"]}


def own(deployment: Deployment, function: str) -> list[dict[str, Any]]:
    return [statement for statement in statements(deployment, function) if statement["Sid"] not in OF_THE_RUNTIME]


@pytest.mark.parametrize("function", packages.FUNCTIONS)
def test_a_role_allows_what_its_function_calls_and_nothing_else(deployment: Deployment, function: str) -> None:
    others, tables = calls.calls(function, deployment.built.nightjar.parent / function)
    assert tables, "every function reads or writes a table"
    needed = {*others, *(action for call in others for action in COMES_WITH.get(call, ()))} | tables
    allowed: set[Any] = set()
    for statement in own(deployment, function):
        for action in statement["Action"]:
            if action.startswith("dynamodb:"):
                matches = [TABLE.match(resource) for resource in statement["Resource"]]
                assert all(matches), f"{function}: {statement['Sid']} names no table of the suite"
                allowed |= {(match["table"], action) for match in matches if match}
            else:
                allowed.add(action)
    given = given_to_all(deployment, function)
    off = {action for whose, action in OFF_HERE if whose == function}
    assert off <= needed and not off & allowed, "what is off is called by the code, and not allowed"
    needed -= off
    assert {"missing": needed - allowed - given, "unused": allowed - needed} == {"missing": set(), "unused": set()}


@pytest.mark.parametrize("function", packages.FUNCTIONS)
def test_what_changes_things_outside_the_suite_is_bound_to_the_opt_in_tag(deployment: Deployment, function: str) -> None:
    for statement in own(deployment, function):
        changes = [action for action in statement["Action"] if action.startswith(OUTSIDE) and not READS.search(action)]
        if not changes:
            continue
        assert function == "remediation-engine", f"only remediation-engine repairs, and {function} may {changes}"
        condition = statement.get("Condition") or {}
        if statement["Sid"] == "AllowedDocuments":
            # What is run is named here; on what, the statement with the tag says. SendCommand needs both.
            assert changes == ["ssm:SendCommand"] and all("*" not in resource for resource in statement["Resource"])
            continue
        if statement["Sid"] in ("SnapshotVolumes", "TagSnapshots"):
            # Making a snapshot changes no volume, and volumes carry no opt-in.
            assert set(changes) <= {"ec2:CreateSnapshot", "ec2:CreateTags"}
            continue
        opted_in = {key for values in condition.values() for key in values}
        assert f"aws:ResourceTag/{PREFIX}:remediate" in opted_in, statement
        assert condition["Null"] == {f"aws:ResourceTag/{PREFIX}:never-touch": ["true"]}, statement
        assert all(resource != "*" for resource in statement["Resource"])


def test_the_comparison_sees_a_call_too_many_and_one_too_few(deployment: Deployment) -> None:
    binaries = deployment.built.nightjar.parent
    others, tables = calls.calls("remediation-engine", binaries / "remediation-engine")
    assert {"ec2:RebootInstances", "kms:GenerateMac"} <= others and ("remediations", "dynamodb:ConditionCheckItem") in tables
    others, tables = calls.calls("api", binaries / "api")
    assert not {action for action in others if action.startswith("ec2:")}, "the API can repair nothing"
    assert ("audit", "dynamodb:UpdateItem") not in tables
