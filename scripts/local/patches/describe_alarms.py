"""DescribeAlarms tells everything about an alarm, in the query protocol too.

Gap: the XML form, which Terraform's provider reads, leaves out actions, dimensions, period, statistic, description and the
treatment of missing data, so that every plan wants to change every alarm.
AWS (CloudWatch API, MetricAlarm): all that was put is described, whatever the protocol.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

LISTS = ("AlarmNames", "AlarmTypes")
SCALARS = ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")

_describe_alarms = cloudwatch._describe_alarms


def _described(params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
    if is_cbor or is_json:
        return _describe_alarms(params, data, is_cbor, is_json)
    request = {name: cloudwatch._p(params, name) or None for name in SCALARS} | {
        name: [cloudwatch._p(params, key) for key in params if key.startswith(f"{name}.member.")] for name in LISTS
    }
    status, _, body = _describe_alarms({}, request, False, True)
    if status != 200:
        return _describe_alarms(params, data, is_cbor, is_json)
    return cloudwatch._xml(200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{_xml(json.loads(body))}</DescribeAlarmsResult>")


def _xml(value: Any, name: str = "") -> str:
    match value:
        case dict():
            return "".join(f"<{k}>{_xml(v, k)}</{k}>" for k, v in value.items() if v is not None)
        case list():
            return "".join(f"<member>{_xml(v)}</member>" for v in value)
        case bool():
            return str(value).lower()
        case int() | float() if name.endswith("Timestamp"):
            return cloudwatch._ts_iso(value)
        case _:
            return escape(str(value))


def apply() -> None:
    cloudwatch._describe_alarms = _described
