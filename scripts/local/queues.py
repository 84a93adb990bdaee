"""Puts a message from AWS itself on an emulated queue."""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core.responses import new_uuid
from ministack.services import sqs

logger = logging.getLogger("nightjar")


def put(queue_arn: str, body: dict[str, Any], attributes: dict[str, Any] | None = None) -> None:
    """Appends a message; a queue that is not there loses it, as it would on AWS, with a line in the log."""
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        logger.error("no queue %s: a message is lost", queue_arn)
        return
    attributes = attributes or {}
    message = {
        "id": new_uuid(),
        "body": json.dumps(body),
        "message_attributes": attributes,
        "md5_attrs": sqs._md5_msg_attrs(attributes),
        "visible_at": time.time() + sqs.queue_delay(queue),
    }
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    esm_wake.set()
