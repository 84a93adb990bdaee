"""Metric alarms look at their own metric, period by period.

Gap: an alarm merges every metric of its name whatever the dimensions, and all periods into one value; missing data and
M out of N are ignored.
AWS (CloudWatch user guide, "Evaluating an alarm"): the statistic is taken per period over the exact dimensions; the alarm
fires when DatapointsToAlarm of the last EvaluationPeriods breach; missing points count as TreatMissingData says; no point
at all with `missing` is INSUFFICIENT_DATA.
"""

from __future__ import annotations

import operator
import time
from typing import Any

from ministack.services import cloudwatch

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def _evaluate_alarm(alarm: dict[str, Any]) -> None:
    breaches = COMPARISONS.get(alarm.get("ComparisonOperator", ""))
    if breaches is None or not alarm.get("MetricName"):
        return
    values = _period_values(alarm)
    flags = [None if v is None else breaches(v, alarm["Threshold"]) for v in values]
    new_state = _state(flags, alarm)
    old_state = alarm["StateValue"]
    if new_state is None or new_state == old_state:
        return
    reason = f"{alarm['MetricName']} {[v for v in values if v is not None]} {alarm['ComparisonOperator']} {alarm['Threshold']}"
    alarm.update(StateValue=new_state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], old_state, new_state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old_state, new_state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _period_values(alarm: dict[str, Any]) -> list[float | None]:
    """The statistic of each of the last N periods, oldest first; None where there is no point."""
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(alarm.get("Dimensions") or []))
    points = cloudwatch._metrics.get((alarm["Namespace"], alarm["MetricName"], dimensions)) or []
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    period = alarm["Period"]
    last = int(time.time() // period)
    values: list[float | None] = []
    for index in range(last - alarm["EvaluationPeriods"] + 1, last + 1):
        inside = [p for p in points if int(p["Timestamp"] // period) == index]
        values.append(cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside) if inside else None)
    return values


def _state(flags: list[bool | None], alarm: dict[str, Any]) -> str | None:
    """The state these breaches mean; None keeps the state that is."""
    treatment = alarm.get("TreatMissingData", "missing")
    if all(flag is None for flag in flags) and treatment in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if treatment == "missing" else None
    stand_in = treatment == "breaching"
    breaching = sum(stand_in if flag is None else flag for flag in flags)
    return "ALARM" if breaching >= alarm.get("DatapointsToAlarm", len(flags)) else "OK"


def apply() -> None:
    cloudwatch._evaluate_alarm = _evaluate_alarm
