"""EventBridge invokes a function asynchronously, and only with its permission.

Gap: one synchronous attempt; a failing function loses the event; the function's resource policy is not read.
AWS (EventBridge user guide, "Targets" and "Retry policy"): the event goes to Lambda's asynchronous queue (see
`async_invocation`), so a function error is retried and then reaches the on-failure destination; a rule without a permission
on the function cannot invoke it.
"""

from __future__ import annotations

import json
from typing import Any

from local import permissions
from ministack.services import eventbridge, lambda_svc

_invoke_target = eventbridge._invoke_target


def _invoke_permitted_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
    if ":lambda:" in target.get("Arn", ""):
        func, _, name = lambda_svc._get_func_record_for_ref(target["Arn"])
        if not func or not permissions.allow(func, "events.amazonaws.com", rule["Arn"]):
            eventbridge.logger.error("EventBridge: %s may not invoke %s", rule["Arn"], name)
            return
    _invoke_target(target, event, rule, view)


def _dispatch_to_lambda(arn: str, payload: str) -> None:
    func, config, _ = lambda_svc._get_func_record_for_ref(arn)
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), json.loads(payload))


def apply() -> None:
    eventbridge._invoke_target = _invoke_permitted_target
    eventbridge._dispatch_to_lambda = _dispatch_to_lambda
