"""CloudTrail tells EventBridge what happened, and its history has pages.

Gap: no management event reaches EventBridge; a rule in the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS matches nothing;
LookupEvents returns the newest 50 events and no token for the rest.
AWS (EventBridge user guide, "AWS service events delivered via CloudTrail"): management events arrive as `… via CloudTrail`;
read-only ones only for rules in that state. AWS (CloudTrail API reference, LookupEvents): 50 events a page, newest first, with a
NextToken while there are more.
Not copied: the emulator's own records say neither who called nor with what, so nothing could be judged by them. They stay in the
history; EventBridge gets the events that a test tells (`tell`), whole as AWS writes them. An outage is a test that tells the history
alone.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from ministack.services import cloudtrail, eventbridge

ALL_EVENTS = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
KINDS = {
    "AwsApiCall": "AWS API Call via CloudTrail",
    "AwsConsoleSignIn": "AWS Console Sign In via CloudTrail",
    "AwsServiceEvent": "AWS Service Event via CloudTrail",
}
ATTRIBUTES = ("EventName", "Username", "AccessKeyId", "ReadOnly", "EventId", "EventSource")

_dispatch = eventbridge._dispatch_event


def tell(events: list[dict[str, Any]], history: bool = True, eventbridge_too: bool = True) -> None:
    """Writes CloudTrail events into the history, and hands them to EventBridge, as either is asked for."""
    for event in events:
        if history:
            cloudtrail._get_event_queue().append(_row(event))
        if eventbridge_too:
            entry = {
                "Source": "aws." + event["eventSource"].removesuffix(".amazonaws.com"),
                "DetailType": KINDS[event.get("eventType", "AwsApiCall")],
                "Detail": json.dumps(event),
                "Resources": [],
            }
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def forget() -> None:
    """Empties the history."""
    cloudtrail._get_event_queue().clear()


def _row(event: dict[str, Any]) -> dict[str, Any]:
    who = event.get("userIdentity", {})
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": datetime.fromisoformat(event["eventTime"]).timestamp(),
        "Username": who.get("userName", ""),
        "AccessKeyId": who.get("accessKeyId", ""),
        "ReadOnly": str(event.get("readOnly", False)).lower(),
        "Resources": [],
        "CloudTrailEvent": json.dumps(event),
    }


def _dispatch_by_state(event: dict[str, Any], view: Any = None) -> None:
    """Rules in the ordinary state do not see what is only read; those in the other state see everything."""
    detail = json.loads(event.get("Detail") or "{}")
    only_read = event.get("DetailType") in KINDS.values() and detail.get("readOnly") is True
    if not only_read:
        _dispatch(event, view)
    view = view or eventbridge._pattern_event_view(event)
    for key, rule in eventbridge._rules.items():
        if rule.get("State") != ALL_EVENTS or rule.get("EventBusName", "default") != event.get("EventBusName", "default"):
            continue
        if rule.get("EventPattern") and eventbridge._matches_pattern_view(rule["EventPattern"], view, f"rule {key}"):
            for target in eventbridge._targets.get(key, []):
                eventbridge._invoke_target(target, event, rule, view)


def _lookup_events(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    wanted = {a["AttributeKey"]: a["AttributeValue"] for a in body.get("LookupAttributes", [])}
    skip, size = int(body.get("NextToken") or 0), min(int(body.get("MaxResults") or 50), 50)
    found = [row for row in _newest_first() if _is_wanted(row, wanted, body.get("StartTime"), body.get("EndTime"))]
    answer: dict[str, Any] = {"Events": found[skip : skip + size]}
    if len(found) > skip + size:
        answer["NextToken"] = str(skip + size)
    return cloudtrail._ok(answer)


def _newest_first() -> list[dict[str, Any]]:
    return sorted(cloudtrail._get_event_queue(), key=lambda row: row["EventTime"], reverse=True)


def _is_wanted(row: dict[str, Any], wanted: dict[str, str], start: float | None, end: float | None) -> bool:
    at = row["EventTime"]
    if (start is not None and at < float(start)) or (end is not None and at > float(end) + 1):
        return False
    for name in ("ResourceName", "ResourceType"):
        if name in wanted and all(resource.get(name) != wanted[name] for resource in row["Resources"]):
            return False
    return all(row.get(name, "") == wanted[name] for name in ATTRIBUTES if name in wanted)


def apply() -> None:
    eventbridge._dispatch_event = _dispatch_by_state
    cloudtrail._DISPATCH["LookupEvents"] = _lookup_events
