"""E-mail subscriptions deliver, into a folder.

Gap: an e-mail is a line in the emulator's log.
AWS (SNS API, Publish): with MessageStructure=json the text under the key `email` is sent, else the message; the subject is
the one of the message or "AWS Notification Message". Not copied: the wait for the owner's confirmation, which the
emulator gives at once.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import default
from typing import Any

from local import settings
from ministack.services import sns

_fanout = sns._fanout


def _fanout_and_mail(
    topic_arn: str,
    msg_id: str,
    message: str,
    subject: str,
    message_structure: str = "",
    message_attributes: dict[str, Any] | None = None,
    **fifo: str,
) -> None:
    _fanout(topic_arn, msg_id, message, subject, message_structure, message_attributes, **fifo)
    topic = sns._topic_by_arn_any_scope(topic_arn)
    for subscription in topic["subscriptions"] if topic else []:
        if subscription["protocol"] != "email" or not subscription["confirmed"]:
            continue
        text = sns._resolve_message_for_protocol(message, message_structure, "email")
        if sns._matches_filter_policy(subscription, message_attributes or {}, text):
            _deliver(topic_arn, msg_id, subscription["endpoint"], subject, text)


def _deliver(topic_arn: str, msg_id: str, address: str, subject: str, text: str) -> None:
    mail = EmailMessage(policy=default.clone(max_line_length=998))
    mail["From"] = "AWS Notifications <no-reply@sns.amazonaws.com>"
    mail["To"] = address
    mail["Subject"] = subject or "AWS Notification Message"
    mail["X-Topic-Arn"] = topic_arn
    mail.set_content(text)
    (settings.outbox() / f"{msg_id}.eml").write_bytes(mail.as_bytes())


def apply() -> None:
    settings.outbox().mkdir(parents=True, exist_ok=True)
    sns._fanout = _fanout_and_mail
