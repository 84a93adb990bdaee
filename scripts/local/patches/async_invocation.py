"""Asynchronous invocation as AWS runs it.

Gap: the emulator counts a throttled attempt as a failed one, and its on-failure record lacks fields.
AWS (Lambda developer guide, "Asynchronous invocation"): a function error is retried twice, after one and then two more
minutes; throttles and system errors go back to the queue, from one second up to five minutes apart, until the event is
six hours old; what is given up goes to the on-failure destination with requestContext, requestPayload and responsePayload.
A minute is `settings.retry_seconds()` here. An event may also arrive more than once: `copies` makes it so.
"""

from __future__ import annotations

import queue
import threading
import time
from datetime import datetime, timezone
from typing import Any

from local import queues, settings
from ministack.core.responses import new_uuid
from ministack.services import lambda_svc

SIX_HOURS = 21_600

#: How often every asynchronous event is delivered; the control endpoint sets it.
copies = 1
#: Events that are neither done nor given up; AWS tells nobody, the demo and the tests ask the control endpoint.
pending = 0
_counting = threading.Lock()
#: Events that are worked on at once; the rest waits in the queue, as it does on AWS beyond the account's concurrency.
AT_ONCE = 256
_events: queue.SimpleQueue[tuple[dict[str, Any], dict[str, Any]]] = queue.SimpleQueue()
_workers = 0


def invoke(func: dict[str, Any], event: dict[str, Any]) -> None:
    """Queues an event, as Invoke with InvocationType=Event does."""
    for _ in range(copies):
        _count(1)
        _events.put((func, event))
        _hire()


def _hire() -> None:
    """A worker for each event that is neither done nor given up, as far as there may be so many."""
    global _workers
    with _counting:
        if _workers >= min(pending, AT_ONCE):
            return
        _workers += 1
    threading.Thread(target=_work, daemon=True).start()


def _work() -> None:
    while True:
        _finish(*_events.get())


def _finish(func: dict[str, Any], event: dict[str, Any]) -> None:
    try:
        lambda_svc._run_with_function_config_scope(func, _run, func, event)
    finally:
        _count(-1)


def _count(change: int) -> None:
    global pending
    with _counting:
        pending += change


def _run(func: dict[str, Any], event: dict[str, Any]) -> None:
    config = func.get("config") or func
    policy = func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}
    retries = policy.get("MaximumRetryAttempts")
    attempts_left = 1 + int(2 if retries is None else retries)
    expires = time.time() + int(policy.get("MaximumEventAgeInSeconds") or SIX_HOURS)
    minute = settings.retry_seconds()
    attempts, throttles = 0, 0
    while True:
        started = time.time()
        # Looked up again: code, concurrency and destination may have changed since the event was queued.
        current, config, name = lambda_svc._get_func_record_for_ref(config["FunctionArn"])
        if not current or not config:
            lambda_svc.logger.error("Lambda: %s is gone, and its event with it", name)
            return
        result = lambda_svc._execute_function(lambda_svc._execution_record_for_config(current, config), event)
        throttled = bool(result.get("throttle"))
        if not throttled:
            attempts += 1
            lambda_svc._emit_lambda_metrics(
                config["FunctionName"], (time.time() - started) * 1000, bool(result.get("error")), False
            )
        if not result.get("error"):
            return
        if throttled:
            throttles += 1
            delay = min(2 ** (throttles - 1), 300) * minute / 60
        else:
            attempts_left -= 1
            delay = attempts * minute
        condition = "RetriesExhausted" if attempts_left == 0 else "EventAgeExceeded"
        if attempts_left == 0 or time.time() + delay > expires:
            _give_up(config, policy, event, result, condition, attempts)
            return
        time.sleep(delay)


def _give_up(
    config: dict[str, Any],
    policy: dict[str, Any],
    event: dict[str, Any],
    result: dict[str, Any],
    condition: str,
    attempts: int,
) -> None:
    """Hands the event to the on-failure destination; without one it is lost, as on AWS."""
    target = (policy.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    if target and ":sqs:" in target:
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {
            "version": "1.0",
            "timestamp": now,
            "requestContext": {
                "requestId": new_uuid(),
                "functionArn": f"{config['FunctionArn']}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": attempts,
            },
            "requestPayload": event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": result.get("function_error") or "Unhandled",
            },
            "responsePayload": result.get("body"),
        }
        queues.put(target, record)
    elif target:
        lambda_svc._route_async_failure(target, config["FunctionName"], event, result)


def apply() -> None:
    lambda_svc.invoke_async_with_retry = invoke
