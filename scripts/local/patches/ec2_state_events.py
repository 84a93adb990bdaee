"""EC2 tells EventBridge when an instance changes its state.

Gap: no state-change event is sent.
AWS (EC2 user guide, "State change events for your instances"): detail-type "EC2 Instance State-change Notification" from
source aws.ec2, once per state, transitional states included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, eventbridge

STATES = {
    "RunInstances": ("pending", "running"),
    "StartInstances": ("pending", "running"),
    "StopInstances": ("stopping", "stopped"),
    "TerminateInstances": ("shutting-down", "terminated"),
}
Handler = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]


def _announcing(handler: Handler, states: tuple[str, ...]) -> Handler:
    def handle(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        response = handler(params)
        status, _, body = response
        if status == 200:
            ids = dict.fromkeys(re.findall(r"<instanceId>(.*?)</instanceId>", body.decode()))
            for state in states:
                for instance_id in ids:
                    _announce(instance_id, state)
        return response

    return handle


def _announce(instance_id: str, state: str) -> None:
    entry = {
        "Source": "aws.ec2",
        "DetailType": "EC2 Instance State-change Notification",
        "Detail": json.dumps({"instance-id": instance_id, "state": state}),
        "Resources": [f"arn:aws:ec2:{get_region()}:{get_account_id()}:instance/{instance_id}"],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def apply() -> None:
    for action, states in STATES.items():
        ec2._ACTION_MAP[action] = _announcing(ec2._ACTION_MAP[action], states)
