"""The security groups of a running instance can be changed, and an instance has its network interface.

Gap: ModifyInstanceAttribute is missing, and DescribeInstances names no network interface.
AWS (EC2 API reference, ModifyInstanceAttribute): `GroupId.N` replaces the instance's security groups, at least one of them, all
known; DescribeInstances: networkInterfaceSet has the primary interface of an instance in a VPC.
"""

from __future__ import annotations

from typing import Any

from ministack.services import ec2

INSTANCE_XML = ec2._instance_xml


def _modify(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    instance_id = ec2._p(params, "InstanceId")
    instance = ec2._instances.get(instance_id)
    if instance is None:
        return ec2._error("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist", 400)
    groups = ec2._parse_member_list(params, "GroupId")
    if not groups:
        return ec2._error("UnsupportedOperation", "only the security groups of an instance can be changed here", 400)
    for group in groups:
        if group not in ec2._security_groups:
            return ec2._error("InvalidGroup.NotFound", f"The security group '{group}' does not exist", 400)
    instance["SecurityGroups"] = [
        {"GroupId": group, "GroupName": ec2._security_groups[group]["GroupName"]} for group in groups
    ]
    return ec2._xml(200, "ModifyInstanceAttributeResponse", "<return>true</return>")


def _with_interface(instance: dict[str, Any]) -> str:
    interface = f"<item><networkInterfaceId>eni-{instance['InstanceId'][2:]}</networkInterfaceId><status>in-use</status></item>"
    return INSTANCE_XML(instance).replace("<tagSet>", f"<networkInterfaceSet>{interface}</networkInterfaceSet><tagSet>", 1)


def apply() -> None:
    ec2._ACTION_MAP["ModifyInstanceAttribute"] = _modify
    ec2._instance_xml = _with_interface
