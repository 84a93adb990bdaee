"""CloudTrail names the calls of the query protocol, lists the resources they touch, and leaves data events out.

Gap: a form-encoded call is recorded as `POST.ec2` without a resource, so that LookupEvents finds no RebootInstances, by name
or by instance; calls to the data plane are recorded as if they were management events.
AWS (CloudTrail user guide): eventName is the API action; EC2 events list the instances they name; LookupEvents returns
management events. Not copied: events arrive at once, not up to 15 minutes late.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import ministack.app as gateway

#: Calls that AWS records, if at all, as data events, which LookupEvents never returns.
DATA_EVENTS = frozenset(
    "BatchGetItem BatchWriteItem DeleteItem FilterLogEvents GetItem GetLogEvents GetMetricData Invoke PutItem PutLogEvents"
    " PutMetricData Publish PublishBatch Query ReceiveMessage DeleteMessage Scan SendMessage TransactGetItems"
    " TransactWriteItems UpdateItem".split()
)
INSTANCE = re.compile(r"InstanceId(\.\d+)?$")

_event_name = gateway._ct_event_name
_resources = gateway._ct_resources
_record = gateway._maybe_record_cloudtrail


def _named(service: str, method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> str:
    if operation := re.search(r"/operation/([^/?]+)", path):
        return operation.group(1)
    return _event_name(service, method, path, headers, query)


def _resources_with_instances(service: str, method: str, path: str, body: bytes) -> list[dict[str, str]]:
    if service != "ec2":
        return _resources(service, method, path, body)
    form = parse_qs(body.decode("utf-8", errors="replace"))
    ids = [value for key, values in form.items() if INSTANCE.fullmatch(key) for value in values]
    return [{"ResourceName": i, "ResourceType": "AWS::EC2::Instance"} for i in ids]


def _record_management_events(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], *where: str
) -> None:
    query = gateway._routing_params(method, path, headers, body, query)
    if _named(service, method, path, headers, query) not in DATA_EVENTS:
        _record(service, method, path, headers, body, query, *where)


def apply() -> None:
    gateway._ct_event_name = _named
    gateway._ct_resources = _resources_with_instances
    gateway._maybe_record_cloudtrail = _record_management_events
