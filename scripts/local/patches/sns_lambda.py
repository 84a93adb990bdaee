"""SNS delivers to Lambda asynchronously, with retries, and redrives what it cannot hand over.

Gap: one attempt, then the message is gone; the subscription's RedrivePolicy is ignored; a function without a permission for
SNS is invoked all the same.
AWS (SNS developer guide, "Message delivery retries" and "Dead-letter queues"): SNS hands the event to Lambda's asynchronous
queue (see `async_invocation`); a client-side error, such as a deleted function or a missing permission, is not retried
and goes to the dead-letter queue of the subscription.
"""

from __future__ import annotations

import json
from typing import Any

from local import permissions, queues
from ministack.services import lambda_svc, sns


def _deliver_to_lambda(
    endpoint: str,
    envelope: str,
    topic_arn: str,
    sub_arn: str,
    _msg_id: str,
    _message: str,
    attributes: dict[str, Any],
) -> None:
    func, config, _ = lambda_svc._get_func_record_for_ref(endpoint)
    if not func or not config or not permissions.allow(func, "sns.amazonaws.com", topic_arn):
        _redrive(topic_arn, sub_arn, envelope, attributes)
        return
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": sub_arn,
        "EventSource": "aws:sns",
        "Sns": json.loads(envelope),
    }
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), {"Records": [record]})


def _redrive(topic_arn: str, sub_arn: str, envelope: str, attributes: dict[str, Any]) -> None:
    subscription = sns._find_subscription(topic_arn, sub_arn) or {}
    policy = json.loads(subscription.get("attributes", {}).get("RedrivePolicy") or "{}")
    if target := policy.get("deadLetterTargetArn"):
        queues.put(target, json.loads(envelope), attributes)
    else:
        sns.logger.error("SNS could not invoke the subscriber of %s and it has no dead-letter queue", topic_arn)


def apply() -> None:
    sns._deliver_to_lambda = _deliver_to_lambda
