"""A patched emulator on its own, and a function that writes down what it is given."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from local import stack as local_stack
from local.stack import Stack

#: Fails on events that hold the word "poison"; publishes or reboots when it is told to, with the role's permissions.
HANDLER = """
import json, os
def handler(event, context):
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(event) + "\\n")
    if "poison" in json.dumps(event):
        raise ValueError("poison")
    if "call-sns" in json.dumps(event):
        import boto3
        boto3.client("sns").publish(TopicArn=os.environ["TOPIC"], Message="from the function")
    if "reboot" in event:
        import boto3
        boto3.client("ec2").reboot_instances(InstanceIds=[event["reboot"]])
"""
MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "ec2:RebootInstances",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/test:remediate": "reboot"}},
        },
    ],
}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = local_stack.start(
        tmp_path_factory.mktemp("stack"), manual_schedule=True, metric_seconds=0.3, retry_seconds=0.2
    )
    yield running
    running.stop()


@dataclass(frozen=True)
class Function:
    name: str
    arn: str
    journal: Path

    def seen(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journal.read_text().splitlines()] if self.journal.exists() else []


@pytest.fixture(scope="session")
def role(stack: Stack) -> str:
    """A role that may publish, and reboot what opted in."""
    iam = stack.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = iam.create_role(RoleName="test", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    iam.put_role_policy(RoleName="test", PolicyName="test", PolicyDocument=json.dumps(MAY))
    return arn


@pytest.fixture
def function(stack: Stack, role: str, tmp_path: Path, request: pytest.FixtureRequest) -> Function:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", HANDLER)
    name = request.node.name.replace("[", "-").replace("]", "")[:60]
    journal = tmp_path / "seen"
    answer = stack.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="main.handler",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"SEEN": str(journal)}},
    )
    return Function(name, answer["FunctionArn"], journal)


@pytest.fixture
def queue(stack: Stack, request: pytest.FixtureRequest) -> tuple[str, str]:
    """The URL and ARN of a fresh queue."""
    sqs = stack.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{request.node.name[:60]}")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def topic(stack: Stack, request: pytest.FixtureRequest) -> str:
    return stack.client("sns").create_topic(Name=f"t-{request.node.name[:60]}")["TopicArn"]


def allow(stack: Stack, function: Function, service: str, source_arn: str) -> None:
    stack.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId=service.split(".")[0],
        Action="lambda:InvokeFunction",
        Principal=service,
        SourceArn=source_arn,
    )


T = TypeVar("T")


def until(what: Callable[[], T], seconds: float = 10) -> T:
    """The first truthy answer; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, "nothing came in time"
        time.sleep(0.05)
    return answer


def messages(stack: Stack, url: str) -> list[dict[str, Any]]:
    return stack.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
