"""Functions may do what their roles say, and no more."""

from __future__ import annotations

import json

from local.stack import Stack
from local.tests.conftest import Function


def test_a_role_reboots_the_instance_that_opted_in_and_no_other(stack: Stack, function: Function) -> None:
    ec2 = stack.client("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "test:remediate", "Value": "reboot"}]}]
    tagged = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, TagSpecifications=tags)["Instances"][0]["InstanceId"]
    bare = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    answers = {}
    for instance in (tagged, bare):
        event = json.dumps({"reboot": instance})
        answers[instance] = stack.client("lambda").invoke(FunctionName=function.name, Payload=event)["Payload"].read()
    assert answers[tagged] == b"null"
    assert b"UnauthorizedOperation" in answers[bare]
