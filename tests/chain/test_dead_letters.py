"""What cannot be done is kept, seen, and brought back."""

from __future__ import annotations

import json

from conftest import Chain, until
from demo.fleet import BYSTANDER

RCA = "log-analyzer-rca"


POISON = ("not json at all", "{}", json.dumps({"schema": "nightjar.anomaly/999", "id": "x", "body": {}}))


def test_poison_messages_are_kept_as_they_were_and_raise_the_alarm(chain: Chain) -> None:
    until(lambda: chain.alarm(RCA) == "OK", "a quiet alarm", seconds=150)
    for message in POISON:
        chain.publish("anomalies", message)
    until(lambda: chain.dead_letters(RCA) == len(POISON), "the messages in the dead-letter queue")
    until(lambda: chain.alarm(RCA) == "ALARM", "the alarm")
    until(lambda: any(RCA in str(mail["Subject"]) for mail in chain.records.mails()), "the e-mail about the alarm")

    letters = [json.loads(letter)["requestPayload"]["Records"][0]["Sns"]["Message"] for letter in chain.take_dead_letters(RCA)]
    assert sorted(letters) == sorted(POISON)


def test_a_message_that_failed_for_a_passing_reason_is_brought_back_by_redrive(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    bystander = fleet.get(BYSTANDER)
    fleet.get_into_trouble()
    with chain.fault("dynamodb", "TransactWriteItems", "error", count=1000, contains="aiops-incidents"):
        chain.run("anomaly-detector")
    assert chain.dead_letters(RCA) == 1
    assert chain.incidents(bystander) == []
    until(lambda: chain.alarm(RCA) == "ALARM", "the alarm")

    redrive = chain.nightjar("dlq", "redrive", "--function", RCA)

    assert redrive.returncode == 0, redrive.stderr
    until(lambda: chain.incidents(bystander), "the incident")
    chain.settle()
    assert chain.dead_letters(RCA) == 0
    assert len(chain.facts("remediation.declined", bystander)) == 1
