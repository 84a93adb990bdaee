"""SNS and EventBridge to Lambda: retries, dead letters, permissions, duplicates."""

from __future__ import annotations

import json

import pytest

from local.stack import ACCOUNT, REGION, Stack, StackError
from local.tests.conftest import Function, allow, messages, until

Queue = tuple[str, str]


def subscribe(stack: Stack, topic: str, function: Function, **attributes: str) -> None:
    stack.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function.arn, Attributes=attributes)


def send_failures_to(stack: Stack, function: Function, queue: Queue) -> None:
    stack.client("lambda").put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={"OnFailure": {"Destination": queue[1]}}
    )


def test_a_failing_subscriber_is_retried_twice_and_then_the_event_goes_to_the_destination(
    stack: Stack, topic: str, function: Function, queue: Queue
) -> None:
    allow(stack, function, "sns.amazonaws.com", topic)
    send_failures_to(stack, function, queue)
    subscribe(stack, topic, function)
    stack.client("sns").publish(TopicArn=topic, Message="poison")

    record = json.loads(until(lambda: messages(stack, queue[0]))[0]["Body"])

    assert len(function.seen()) == 3
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == function.seen()[0]
    assert record["responsePayload"]["errorMessage"] == "poison"


@pytest.mark.parametrize("missing", ["function", "permission"])
def test_what_cannot_be_invoked_goes_to_the_dead_letter_queue_of_the_subscription(
    stack: Stack, topic: str, function: Function, queue: Queue, missing: str
) -> None:
    if missing == "function":
        allow(stack, function, "sns.amazonaws.com", topic)
    subscribe(stack, topic, function, RedrivePolicy=json.dumps({"deadLetterTargetArn": queue[1]}))
    if missing == "function":
        stack.client("lambda").delete_function(FunctionName=function.name)
    stack.client("sns").publish(TopicArn=topic, Message="hello")

    notification = json.loads(until(lambda: messages(stack, queue[0]))[0]["Body"])

    assert notification["Message"] == "hello"
    assert function.seen() == []


def test_a_throttled_event_waits_without_using_up_its_retries(
    stack: Stack, topic: str, function: Function, queue: Queue
) -> None:
    allow(stack, function, "sns.amazonaws.com", topic)
    send_failures_to(stack, function, queue)
    subscribe(stack, topic, function)
    client = stack.client("lambda")
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    stack.client("sns").publish(TopicArn=topic, Message="patience")
    with pytest.raises(AssertionError):
        until(lambda: function.seen() or messages(stack, queue[0]), seconds=1)

    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)

    assert len(until(function.seen)) == 1


def test_every_event_can_be_delivered_three_times(stack: Stack, topic: str, function: Function) -> None:
    allow(stack, function, "sns.amazonaws.com", topic)
    subscribe(stack, topic, function)
    stack.control("PUT", "copies", {"copies": 3})
    stack.client("sns").publish(TopicArn=topic, Message="again")
    try:
        until(lambda: len(function.seen()) == 3)
    finally:
        stack.control("PUT", "copies", {"copies": 1})
    assert len({event["Records"][0]["Sns"]["MessageId"] for event in function.seen()}) == 1


def test_a_fired_rule_sends_the_scheduled_event_through_its_target(stack: Stack, function: Function) -> None:
    rule = schedule(stack, function, "rate(15 minutes)")
    stack.fire("test-schedule")

    event = until(function.seen)[0]

    assert event["detail-type"] == "Scheduled Event"
    assert event["resources"] == [rule]


def test_a_rule_without_permission_a_disabled_rule_and_an_unknown_rule_fire_nothing(
    stack: Stack, function: Function
) -> None:
    schedule(stack, function, "rate(15 minutes)", permitted=False)
    stack.fire("test-schedule")
    with pytest.raises(AssertionError):
        until(function.seen, seconds=0.5)
    stack.client("events").disable_rule(Name="test-schedule")
    with pytest.raises(StackError, match="DISABLED"):
        stack.fire("test-schedule")
    with pytest.raises(StackError, match="no rule"):
        stack.fire("nothing")


def schedule(stack: Stack, function: Function, expression: str, *, permitted: bool = True) -> str:
    events = stack.client("events")
    rule = events.put_rule(Name="test-schedule", ScheduleExpression=expression, State="ENABLED")["RuleArn"]
    if permitted:
        allow(stack, function, "events.amazonaws.com", rule)
    events.put_targets(Rule="test-schedule", Targets=[{"Id": "f", "Arn": function.arn}])
    return rule


def test_a_launched_and_terminated_instance_is_announced(stack: Stack, function: Function) -> None:
    events = stack.client("events")
    pattern = {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]}
    rule = events.put_rule(Name="test-ec2", EventPattern=json.dumps(pattern))["RuleArn"]
    allow(stack, function, "events.amazonaws.com", rule)
    events.put_targets(Rule="test-ec2", Targets=[{"Id": "f", "Arn": function.arn}])
    ec2 = stack.client("ec2")
    instance = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.terminate_instances(InstanceIds=[instance])

    until(lambda: len(function.seen()) == 4)

    states = {event["detail"]["state"] for event in function.seen()}
    assert states == {"pending", "running", "shutting-down", "terminated"}
    assert function.seen()[0]["resources"] == [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{instance}"]


def test_an_event_is_pending_until_it_is_done_or_given_up(stack: Stack, topic: str, function: Function, queue: Queue) -> None:
    until(lambda: stack.pending() == 0)
    allow(stack, function, "sns.amazonaws.com", topic)
    send_failures_to(stack, function, queue)
    subscribe(stack, topic, function)
    stack.client("sns").publish(TopicArn=topic, Message="poison")
    until(lambda: stack.pending() == 1)
    until(lambda: stack.pending() == 0)
    assert len(messages(stack, queue[0])) == 1
