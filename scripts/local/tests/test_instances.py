"""EC2: the security groups of an instance."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.stack import Stack


def test_the_security_groups_of_an_instance_are_replaced_as_a_whole(stack: Stack) -> None:
    ec2 = stack.client("ec2")
    groups = [ec2.create_security_group(GroupName=f"modify-{n}", Description="a test")["GroupId"] for n in range(2)]
    instance = ec2.run_instances(ImageId="ami-1", InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    for wanted in (groups, groups[:1]):
        ec2.modify_instance_attribute(InstanceId=instance, Groups=wanted)
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        assert [group["GroupId"] for group in found["SecurityGroups"]] == wanted
        assert len(found["NetworkInterfaces"]) == 1
    with pytest.raises(ClientError, match="InvalidGroup.NotFound"):
        ec2.modify_instance_attribute(InstanceId=instance, Groups=["sg-unknown"])
    with pytest.raises(ClientError, match="InvalidInstanceID.NotFound"):
        ec2.modify_instance_attribute(InstanceId="i-unknown", Groups=groups)
    ec2.terminate_instances(InstanceIds=[instance])
