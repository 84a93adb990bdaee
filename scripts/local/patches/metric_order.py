"""GetMetricData answers with the newest point first unless it is asked otherwise.

Gap: the emulator ignores ScanBy and always answers oldest first, which hides a reader that forgets to ask.
AWS (CloudWatch API, GetMetricData): ScanBy defaults to TimestampDescending.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack.services import cloudwatch

_newest_first: ContextVar[bool] = ContextVar("newest_first", default=False)
_get_metric_data = cloudwatch._get_metric_data
_cbor_metric_data_result = cloudwatch._cbor_metric_data_result
_json_ok = cloudwatch._json_ok


def _ordered_get_metric_data(params: dict[str, Any], data: dict[str, Any], is_cbor: bool, is_json: bool = False) -> Any:
    scan_by = data.get("ScanBy") or cloudwatch._p(params, "ScanBy")
    _newest_first.set(scan_by != "TimestampAscending")
    return _get_metric_data(params, data, is_cbor, is_json)


def _ordered(result: dict[str, Any]) -> dict[str, Any]:
    if not _newest_first.get():
        return result
    return {**result, "Timestamps": result["Timestamps"][::-1], "Values": result["Values"][::-1]}


def _ordered_cbor_result(result: dict[str, Any]) -> dict[str, Any]:
    return _cbor_metric_data_result(_ordered(result))


def _ordered_json_ok(data: dict[str, Any]) -> Any:
    if "MetricDataResults" in data:
        data = {**data, "MetricDataResults": [_ordered(result) for result in data["MetricDataResults"]]}
    return _json_ok(data)


def apply() -> None:
    cloudwatch._get_metric_data = _ordered_get_metric_data
    cloudwatch._cbor_metric_data_result = _ordered_cbor_result
    cloudwatch._json_ok = _ordered_json_ok
