"""Faults on request."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.stack import Stack, StackError
from local.tests.conftest import Function, allow, until


@pytest.fixture(autouse=True)
def no_fault_outlives_its_test(stack: Stack) -> Iterator[None]:
    yield
    stack.control("DELETE", "faults")


CALLS = {
    "ec2": ("DescribeInstances", lambda s: s.client("ec2", attempts=1).describe_instances(), "RequestLimitExceeded"),
    "sns": ("ListTopics", lambda s: s.client("sns", attempts=1).list_topics(), "Throttled"),
    "dynamodb": ("ListTables", lambda s: s.client("dynamodb", attempts=1).list_tables(), "ThrottlingException"),
    "monitoring": ("ListMetrics", lambda s: s.client("cloudwatch", attempts=1).list_metrics(), "Throttling"),
}


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("effect", ["throttle", "error"])
def test_the_next_call_is_refused_and_the_one_after_it_is_not(stack: Stack, service: str, effect: str) -> None:
    action, call, throttle_code = CALLS[service]
    stack.control("POST", "faults", {"service": service, "action": action, "effect": effect})
    with pytest.raises(ClientError) as refusal:
        call(stack)
    assert refusal.value.response["Error"]["Code"] == (throttle_code if effect == "throttle" else "InternalFailure")
    call(stack)
    assert stack.control("GET", "faults") == []


def test_a_function_killed_inside_a_call_is_invoked_again(stack: Stack, topic: str, function: Function) -> None:
    client = stack.client("lambda")
    variables = {"SEEN": str(function.journal), "TOPIC": topic}
    client.update_function_configuration(FunctionName=function.name, Environment={"Variables": variables})
    allow(stack, function, "sns.amazonaws.com", topic)
    stack.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn)
    fault = {"service": "sns", "action": "Publish", "effect": "kill", "function": function.name, "contains": "from+the+function"}
    stack.control("POST", "faults", fault)

    stack.client("sns").publish(TopicArn=topic, Message="call-sns")

    until(lambda: len(function.seen()) == 3)
    texts = [event["Records"][0]["Sns"]["Message"] for event in function.seen()]
    assert texts == ["call-sns", "call-sns", "from the function"]


def test_a_fault_that_makes_no_sense_is_refused(stack: Stack) -> None:
    with pytest.raises(StackError, match="effect is"):
        stack.control("POST", "faults", {"service": "sns", "action": "Publish", "effect": "explode"})
