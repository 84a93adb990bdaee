"""The metric filters of all log groups can be asked for by who may ask for those of every log group.

Gap: a DescribeMetricFilters that names no log group is judged as a call on `*`, which a policy on log groups does not allow.
AWS (Service Authorization Reference, CloudWatch Logs): the action is on log groups, and a pattern of them is what a policy names.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

_extract = iam_actions.extract_resource_arn


def _of_log_groups(
    service: str, method: str, path: str, headers: dict, body: bytes, query_params: dict, region: str, account_id: str
) -> Any:
    arn = _extract(service, method, path, headers, body, query_params, region, account_id)
    if arn == "*" and headers.get("x-amz-target", "").endswith(".DescribeMetricFilters"):
        return f"arn:aws:logs:{region}:{account_id}:log-group:*"
    return arn


def apply() -> None:
    iam_actions.extract_resource_arn = _of_log_groups
