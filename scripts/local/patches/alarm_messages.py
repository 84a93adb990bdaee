"""An alarm tells SNS what AWS's alarms tell.

Gap: the message has no AlarmArn, no name of a percentile, dimensions as `Name` and `Value`, and a time without milliseconds.
AWS (CloudWatch user guide, "Notifying users on alarm changes"; Lambda and SNS samples of it): AlarmArn, the actions, times as
`2026-11-21T10:00:03.217+0000`; `StatisticType` with the statistic in capitals, or `ExtendedStatistic`; dimensions as `name` and
`value`; a composite alarm has AlarmRule and TriggeringChildren instead of a Trigger.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudwatch, sns

ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}


def _dispatch_alarm_actions(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> None:
    if not alarm.get("ActionsEnabled", True):
        return
    message = json.dumps(_message(alarm, old_state, new_state, reason))
    subject = f'{new_state}: "{alarm["AlarmName"]}" in {get_region()}'[:100]
    for topic in filter(cloudwatch._is_sns_action_arn, alarm.get(ACTIONS[new_state]) or []):
        sns._fanout(topic, new_uuid(), message, subject)


def _message(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    message = {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": get_account_id(),
        "NewStateValue": new_state,
        "NewStateReason": reason,
        "StateChangeTime": now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}+0000",
        "Region": get_region(),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old_state,
        **{field: alarm.get(field) or [] for field in ACTIONS.values()},
    }
    if "AlarmRule" in alarm:
        children = json.loads(alarm.get("StateReasonData") or "{}").get("triggeringAlarms", [])
        triggering = [{"Arn": child["arn"], "State": {"Value": child["state"]["value"]}} for child in children]
        return message | {"AlarmRule": alarm["AlarmRule"], "TriggeringChildren": triggering}
    return message | {"Trigger": _trigger(alarm)}


def _trigger(alarm: dict[str, Any]) -> dict[str, Any]:
    periods = alarm.get("EvaluationPeriods", 1)
    trigger = {
        "Period": alarm.get("Period"),
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": alarm.get("DatapointsToAlarm") or periods,
        "ComparisonOperator": alarm.get("ComparisonOperator"),
        "Threshold": alarm.get("Threshold"),
        "TreatMissingData": alarm.get("TreatMissingData", "missing"),
    }
    dimensions = [{"value": pair["Value"], "name": pair["Name"]} for pair in alarm.get("Dimensions") or []]
    trigger |= {"MetricName": alarm.get("MetricName"), "Namespace": alarm.get("Namespace"), "Dimensions": dimensions}
    if extended := alarm.get("ExtendedStatistic"):
        return trigger | {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended}
    return trigger | {"StatisticType": "Statistic", "Statistic": (alarm.get("Statistic") or "Average").upper()}


def apply() -> None:
    cloudwatch._dispatch_alarm_actions = _dispatch_alarm_actions
