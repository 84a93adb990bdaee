"""What the stack hands to the emulator's process, through its environment."""

from __future__ import annotations

import os
from pathlib import Path

#: Folder in which e-mails are delivered, one .eml a message.
OUTBOX = "NIGHTJAR_OUTBOX"
#: Signing secret of the webhook that `receiver` stands in for.
WEBHOOK_SECRET = "NIGHTJAR_WEBHOOK_SECRET"
#: `manual` stops the schedule clock: rules fire through the control endpoint alone.
SCHEDULE = "NIGHTJAR_SCHEDULE"
#: Seconds that stand for the minute CloudWatch takes to publish queue metrics and to evaluate alarms.
METRIC_SECONDS = "NIGHTJAR_METRIC_SECONDS"
#: Seconds that stand for the minute Lambda waits before it retries a failed asynchronous invocation.
RETRY_SECONDS = "LAMBDA_ASYNC_RETRY_BASE_SECONDS"


def outbox() -> Path:
    return Path(os.environ[OUTBOX])


def webhook_secret() -> str:
    return os.environ[WEBHOOK_SECRET]


def schedule_is_manual() -> bool:
    return os.environ.get(SCHEDULE) == "manual"


def metric_seconds() -> float:
    return float(os.environ.get(METRIC_SECONDS, "5"))


def retry_seconds() -> float:
    return float(os.environ.get(RETRY_SECONDS, "1"))
