"""A schedule whose clock can be driven.

Gap: no clock control, so that a rate(15 minutes) rule costs 15 minutes to see.
AWS: a rate rule fires when its interval has passed, with a "Scheduled Event". `fire` moves the rule's last firing back by one
interval and lets the emulator's own tick find it due: rule state, target, permission and event are the real ones. A disabled
rule does not fire. With `settings.schedule_is_manual()` the clock stands still otherwise.
"""

from __future__ import annotations

from local import settings
from ministack.services import eventbridge


class CannotFire(Exception):
    """The rule is not there, is not scheduled, or is disabled."""


def fire(rule_name: str) -> None:
    """Makes a scheduled rule of the default bus due, now."""
    for key, rule in list(eventbridge._rules._data.items()):
        if rule["Name"] != rule_name or rule.get("EventBusName", "default") != "default":
            continue
        interval = eventbridge._parse_rate_seconds(rule.get("ScheduleExpression", ""))
        if interval is None:
            raise CannotFire(f"{rule_name} has no rate() schedule")
        if rule.get("State") != "ENABLED":
            raise CannotFire(f"{rule_name} is {rule.get('State')}")
        if settings.schedule_is_manual():
            _let_rest()
        eventbridge._rule_last_fired[key] = eventbridge._now_ts() - interval
        _tick()
        return
    raise CannotFire(f"no rule {rule_name}")


def _let_rest() -> None:
    """Where the clock stands still, no other rule is due either, however long the emulator runs."""
    for key, rule in list(eventbridge._rules._data.items()):
        if rule.get("ScheduleExpression"):
            eventbridge._rule_last_fired[key] = eventbridge._now_ts()


_tick = eventbridge._tick_scheduled_rules


def apply() -> None:
    if settings.schedule_is_manual():
        eventbridge.start_scheduler = lambda: None
