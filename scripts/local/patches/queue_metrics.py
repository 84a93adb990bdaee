"""SQS publishes the depth of its queues, and alarms are evaluated as time passes.

Gap: the emulator publishes no AWS/SQS metric, and evaluates an alarm only when somebody puts an alarm or a datapoint, so an
alarm on a dead-letter queue never fires.
AWS (SQS developer guide, "Available CloudWatch metrics"): ApproximateNumberOfMessagesVisible and ...NotVisible every minute
per queue; CloudWatch evaluates every alarm each period. A minute is `settings.metric_seconds()` here.
"""

from __future__ import annotations

import threading
import time

from local import settings
from ministack.services import cloudwatch, sqs

METRICS = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
}


def publish() -> None:
    """Publishes one point per queue and metric, then evaluates the alarms."""
    for queue in list(sqs._queues.values()):
        sqs._refresh_counts(queue)
        for metric, attribute in METRICS.items():
            depth = float(queue["attributes"][attribute])
            cloudwatch.record_metric("AWS/SQS", metric, depth, "Count", {"QueueName": queue["name"]})
    cloudwatch._evaluate_all_alarms()


def _every_minute() -> None:
    while True:
        time.sleep(settings.metric_seconds())
        try:
            publish()
        except Exception:
            cloudwatch.logger.exception("queue metrics")


def apply() -> None:
    threading.Thread(target=_every_minute, daemon=True, name="queue-metrics").start()
