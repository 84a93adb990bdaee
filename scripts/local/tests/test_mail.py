"""E-mail subscriptions."""

from __future__ import annotations

import email
import json
from email.message import EmailMessage
from email.policy import default

from local.stack import Stack
from local.tests.conftest import until

#: As long as SNS allows.
SUBJECT = "[CRITICAL] CPUUtilization of " + "x" * 71


def outbox(stack: Stack, topic: str) -> list[EmailMessage]:
    mails = [email.message_from_bytes(path.read_bytes(), policy=default) for path in stack.outbox.glob("*.eml")]
    return [mail for mail in mails if mail["X-Topic-Arn"] == topic]


def test_the_text_for_email_is_delivered_with_the_subject(stack: Stack, topic: str) -> None:
    sns = stack.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    sns.publish(
        TopicArn=topic,
        Subject=SUBJECT,
        Message=json.dumps({"default": "{}", "email": "A person reads this."}),
        MessageStructure="json",
    )
    mail = until(lambda: outbox(stack, topic))[0]
    assert (mail["To"], mail["Subject"]) == ("oncall@example.com", SUBJECT)
    assert mail.get_content().strip() == "A person reads this."


def test_without_a_text_for_email_the_default_is_delivered_as_it_is(stack: Stack, topic: str) -> None:
    sns = stack.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="oncall@example.com")
    sns.publish(TopicArn=topic, Message=json.dumps({"default": '{"raw":1}'}), MessageStructure="json")
    mail = until(lambda: outbox(stack, topic))[0]
    assert mail["Subject"] == "AWS Notification Message"
    assert mail.get_content().strip() == '{"raw":1}'
