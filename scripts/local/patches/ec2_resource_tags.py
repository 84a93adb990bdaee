"""IAM conditions on the tags of an EC2 instance can be met.

Gap: with IAM enforced, `aws:ResourceTag/…` on an instance is always absent, so that a role which may reboot instances with an
opt-in tag may reboot none.
AWS (IAM service authorization reference, EC2): RebootInstances supports aws:ResourceTag on the instance.
"""

from __future__ import annotations

from collections.abc import Iterator

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, tagging


def _tagged_instances() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for instance_id in ec2._instances:
        arn = f"arn:aws:ec2:{get_region()}:{get_account_id()}:instance/{instance_id}"
        yield arn, ec2._tags.get(instance_id) or []


def apply() -> None:
    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = _tagged_instances
