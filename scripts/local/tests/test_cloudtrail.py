"""What LookupEvents finds."""

from __future__ import annotations

from typing import Any

from local.stack import Stack


def lookup(stack: Stack, key: str, value: str) -> list[dict[str, Any]]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}]
    return stack.client("cloudtrail").lookup_events(LookupAttributes=attributes)["Events"]


def test_a_reboot_is_found_by_its_name_and_by_its_instance(stack: Stack) -> None:
    ec2 = stack.client("ec2")
    instance = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.reboot_instances(InstanceIds=[instance])

    by_name = [e for e in lookup(stack, "EventName", "RebootInstances") if e["Resources"][0]["ResourceName"] == instance]

    assert [e["EventName"] for e in lookup(stack, "ResourceName", instance)] == ["RebootInstances"]
    assert len(by_name) == 1
    assert by_name[0]["EventSource"] == "ec2.amazonaws.com"


def test_calls_to_the_data_plane_are_not_management_events(stack: Stack, topic: str, queue: tuple[str, str]) -> None:
    stack.client("sns").publish(TopicArn=topic, Message="hello")
    stack.client("sqs").send_message(QueueUrl=queue[0], MessageBody="hello")
    stack.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[{"MetricName": "x", "Value": 1}])
    assert lookup(stack, "EventName", "CreateTopic")
    for name in ("Publish", "SendMessage", "PutMetricData"):
        assert lookup(stack, "EventName", name) == []
