"""IAM conditions on the tags of an Auto Scaling group can be met.

Gap: with IAM enforced, `aws:ResourceTag/…` on a group is always absent.
AWS (IAM service authorization reference, EC2 Auto Scaling): SetDesiredCapacity supports aws:ResourceTag on the group.
"""

from __future__ import annotations

from collections.abc import Iterator

from ministack.core.responses import get_account_id, get_region
from ministack.services import autoscaling, tagging


def _tagged_groups() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name in autoscaling._asgs:
        arn = f"arn:aws:autoscaling:{get_region()}:{get_account_id()}:autoScalingGroup:*:autoScalingGroupName/{name}"
        yield arn, [{"Key": tag["Key"], "Value": tag["Value"]} for tag in autoscaling._tags.get(name) or []]


def apply() -> None:
    tagging._RESOURCE_TAG_COLLECTORS["autoscaling"] = _tagged_groups
